//! Which headers have a certificate.

use super::*;
use CertificateFault as Fault;

const CLIENT_HASH: &str = "bfaf1f7e070f9fa8dd62905f158da73f84a1136624fbafcc9393c8f7287a69eb";
const OTHER_HASH: &str = "e87df5b43ebf9b89ca2b2bbf31a4e7ad5a40d404cfbb2fcc1a403c2651285adc";

fn read(header: &CertificateHeader, line: &str) -> Result<String, Fault> {
    let certificates = ClientCertificates::from_header(header.clone(), TrustedPeers::every_peer());
    let read = certificates.read(None, [line.as_bytes()])?;
    Ok(read.unwrap().thumbprint().to_string())
}

#[track_caller]
fn check(header: &CertificateHeader, cases: &[(&str, String, Result<&str, Fault>)]) {
    for (name, line, expected) in cases {
        let expected = expected.map(str::to_owned);
        assert_eq!(read(header, line), expected, "{name}: {line}");
    }
}

#[test]
fn m02_rfc_9440_is_one_byte_sequence() {
    let good = format!(":{CLIENT}:");
    let der_of_client = STANDARD.decode(CLIENT).unwrap();
    let longer = STANDARD.encode([&*der_of_client, &[0]].concat());
    let shorter = STANDARD.encode(&der_of_client[..427]);
    let url_safe = good.replace('/', "_").replace('+', "-");
    let malformed = Err(Fault::Malformed);
    let not_one = Err(Fault::NotACertificate);
    let cases = [
        ("RFC 9440 appendix A", good.clone(), Ok(CLIENT_THUMBPRINT)),
        (
            "white space around it",
            format!(" \t{good} "),
            Ok(CLIENT_THUMBPRINT),
        ),
        ("empty line", String::new(), malformed),
        ("empty value", "::".to_owned(), not_one),
        ("one colon", ":".to_owned(), malformed),
        ("no colon before", format!("{CLIENT}:"), malformed),
        ("no colon after", format!(":{CLIENT}"), malformed),
        ("no colons", CLIENT.to_owned(), malformed),
        ("quotes", format!("\"{CLIENT}\""), malformed),
        ("parameter", format!("{good};a=1"), malformed),
        (
            "list",
            format!("{good}, {good}"),
            Err(Fault::SeveralCertificates),
        ),
        ("list of one with a comma", format!("{good},"), malformed),
        ("two without comma", format!("{good}{good}"), malformed),
        ("no padding", good.replace('=', ""), malformed),
        ("too much padding", good.replace('=', "=="), malformed),
        ("trailing bits", good.replace("yhk=", "yhl="), malformed),
        ("base64url", url_safe, malformed),
        ("white space within", good.replacen('B', "B ", 1), malformed),
        ("percent-encoded", good.replace('=', "%3D"), malformed),
        ("PEM", format!(":{}:", pem(CLIENT)), malformed),
        ("outside ASCII", format!(":\u{fc}{CLIENT}:"), malformed),
        (
            "a byte after the certificate",
            format!(":{longer}:"),
            not_one,
        ),
        ("a byte too few", format!(":{shorter}:"), not_one),
        (
            "not DER",
            format!(":{}:", STANDARD.encode("certificate")),
            not_one,
        ),
        (
            "two in one",
            format!(":{}:", STANDARD.encode(der_of_client.repeat(2))),
            not_one,
        ),
        (
            "longest",
            format!(":{}:", "A".repeat(65_534 / 4 * 4)),
            not_one,
        ),
        (
            "too long",
            format!(":{}:", "A".repeat(65_536)),
            Err(Fault::TooLarge),
        ),
    ];
    check(&CertificateHeader::rfc9440(), &cases);
}

#[test]
fn m02_nginx_is_one_block_of_pem_with_percent_encoding() {
    let good = escaped(&pem(CLIENT));
    let crlf = pem(CLIENT).replace('\n', "\r\n");
    let key = pem(CLIENT).replace("CERTIFICATE", "PUBLIC KEY");
    let malformed = Err(Fault::Malformed);
    let changed = |from: &str, to: &str| escaped(&pem(CLIENT).replacen(from, to, 1));
    let cases = [
        ("as nginx writes it", good.clone(), Ok(CLIENT_THUMBPRINT)),
        (
            "hex digits in lower case",
            good.replace("%2B", "%2b"),
            Ok(CLIENT_THUMBPRINT),
        ),
        (
            "a plus that is not encoded",
            good.replace("%2B", "+"),
            Ok(CLIENT_THUMBPRINT),
        ),
        (
            "no break at the end",
            good.strip_suffix("%0A").unwrap().to_owned(),
            Ok(CLIENT_THUMBPRINT),
        ),
        ("CRLF", escaped(&crlf), Ok(CLIENT_THUMBPRINT)),
        (
            "one long line",
            changed(
                &pem(CLIENT),
                &format!("-----BEGIN CERTIFICATE-----\n{CLIENT}\n-----END CERTIFICATE-----"),
            ),
            Ok(CLIENT_THUMBPRINT),
        ),
        ("empty line", String::new(), malformed),
        ("not encoded", pem(CLIENT).replace('\n', " "), malformed),
        ("plus as a space", good.replace("%20", "+"), malformed),
        (
            "space instead of plus",
            good.replace("%2B", "%20"),
            malformed,
        ),
        ("twice encoded", good.replace('%', "%25"), malformed),
        ("half an escape", good.replace("%0A", "%0"), malformed),
        (
            "escape with a sign",
            good.replacen("%0A", "%+A", 1),
            malformed,
        ),
        ("escape at the end", format!("{good}%"), malformed),
        (
            "two blocks",
            good.repeat(2),
            Err(Fault::SeveralCertificates),
        ),
        ("text before", format!("a%0A{good}"), malformed),
        ("text after", format!("{good}a"), malformed),
        ("two breaks after", format!("{good}%0A"), malformed),
        ("a key after", format!("{good}{}", escaped(&key)), malformed),
        ("a key", escaped(&key), malformed),
        ("no end", good.replace("END", "BEGIN"), malformed),
        ("end only", good.replace("BEGIN", "END"), malformed),
        ("blank line", changed("\nMII", "\n\nMII"), malformed),
        (
            "blank line at the end",
            changed("\n-----END", "\n\n-----END"),
            malformed,
        ),
        (
            "no break after BEGIN",
            changed("-----\nMII", "-----MII"),
            malformed,
        ),
        (
            "no break before END",
            changed("\n-----END", "-----END"),
            malformed,
        ),
        (
            "headers",
            changed("\nMII", "\nProc-Type: 4\n\nMII"),
            malformed,
        ),
        ("space in a line", changed("\nMII", "\n MII"), malformed),
        ("no padding", changed("=", ""), malformed),
        (
            "nothing in it",
            changed(&pem(CLIENT), &pem("")),
            Err(Fault::NotACertificate),
        ),
        (
            "not DER",
            escaped(&pem("AAAA")),
            Err(Fault::NotACertificate),
        ),
        ("base64 alone", escaped(CLIENT), malformed),
        ("RFC 9440", format!(":{CLIENT}:"), malformed),
        ("too long", "%41".repeat(22_000), Err(Fault::TooLarge)),
    ];
    check(&CertificateHeader::nginx("X-Client-Cert"), &cases);
}

#[test]
fn m02_xfcc_is_one_element_with_one_certificate() {
    let cert = format!("Cert=\"{}\"", escaped(&pem(CLIENT)));
    let hash = format!("Hash={CLIENT_HASH}");
    let subject = r#"Subject="O=\"a\\\",\",CN=b;Hash=c""#;
    let chain = format!("Chain=\"{}\"", escaped(&pem(CLIENT)).repeat(2));
    let accepted = [
        ("hash", hash.clone()),
        ("certificate", cert.clone()),
        ("both", format!("{hash};{cert}")),
        (
            "as Envoy writes it",
            format!("By=spiffe://a/b;{hash};{cert};{chain};{subject};URI=spiffe://a/c;DNS=a;DNS=b"),
        ),
        ("keys without case", format!("hASH={CLIENT_HASH};BY=a")),
        (
            "hash in upper case",
            format!("Hash={}", CLIENT_HASH.to_uppercase()),
        ),
        ("hash in quotes", format!("Hash=\"{CLIENT_HASH}\"")),
        ("certificate without quotes", cert.replace('"', "")),
        ("separators in quotes", format!("{subject};{hash}")),
        ("empty values", format!("By=;Subject=\"\";{hash}")),
        ("= in a value", format!("{hash};URI=https://a/?b=c")),
        ("white space around it", format!(" {hash} ")),
    ];
    for (name, line) in accepted {
        let read = read(&CertificateHeader::envoy_xfcc(), &line);
        assert_eq!(read.as_deref(), Ok(CLIENT_THUMBPRINT), "{name}: {line}");
    }
}

#[test]
fn m02_xfcc_of_any_other_form_is_refused() {
    let cert = format!("Cert=\"{}\"", escaped(&pem(CLIENT)));
    let hash = format!("Hash={CLIENT_HASH}");
    let other = format!("Hash={OTHER_HASH}");
    let chain = format!("Chain=\"{}\"", escaped(&pem(CLIENT)));
    let malformed = Err(Fault::Malformed);
    let several = Err(Fault::SeveralCertificates);
    let cases = [
        ("empty line", String::new(), malformed),
        ("neither", "By=a;Subject=\"b\"".to_owned(), malformed),
        ("two elements", format!("{hash},{hash}"), several),
        ("two elements and a space", format!("{hash}, By=a"), several),
        ("comma at the end", format!("{hash},"), several),
        ("comma at the start", format!(",{hash}"), malformed),
        ("semicolon at the end", format!("{hash};"), malformed),
        ("two semicolons", format!("By=a;;{hash}"), malformed),
        ("two hashes", format!("{hash};{hash}"), several),
        ("two certificates", format!("{cert};{cert}"), several),
        (
            "a hash from a URI",
            format!("{hash};URI=a;Hash={OTHER_HASH}"),
            several,
        ),
        (
            "an element from a URI",
            format!("{hash};URI=a,Hash={OTHER_HASH}"),
            several,
        ),
        (
            "a certificate from a URI",
            format!("{other};URI=a;{cert}"),
            Err(Fault::OtherHash),
        ),
        (
            "two blocks",
            format!("Cert=\"{}\"", escaped(&pem(CLIENT)).repeat(2)),
            several,
        ),
        ("no closing quote", format!("{hash};Subject=\"a"), malformed),
        (
            "escaped closing quote",
            format!("{hash};Subject=\"a\\\""),
            malformed,
        ),
        (
            "backslash at the end",
            format!("{hash};Subject=\"a\\"),
            malformed,
        ),
        (
            "text after a quote",
            format!("Subject=\"a\"b;{hash}"),
            malformed,
        ),
        (
            "quote in a plain value",
            format!("By=a\"b;{hash}"),
            malformed,
        ),
        ("no key", format!("={CLIENT_HASH}"), malformed),
        ("no value", "Hash".to_owned(), malformed),
        ("space before a key", format!("By=a; {hash}"), malformed),
        (
            "space after a key",
            format!("Hash ={CLIENT_HASH}"),
            malformed,
        ),
        (
            "certificate of another form",
            format!("Cert=\":{CLIENT}:\""),
            malformed,
        ),
        ("chain alone", chain, malformed),
        (
            "too long",
            format!("{hash};By={}", "a".repeat(65_536)),
            Err(Fault::TooLarge),
        ),
    ];
    check(&CertificateHeader::envoy_xfcc(), &cases);
}

#[test]
fn m02_the_hash_of_xfcc_is_64_hex_digits() {
    let hash = format!("Hash={CLIENT_HASH}");
    let cert = format!("Cert=\"{}\"", escaped(&pem(CLIENT)));
    let malformed = Err(Fault::Malformed);
    let cases = [
        (
            "hash of 63 digits",
            hash[..hash.len() - 1].to_owned(),
            malformed,
        ),
        ("hash of 65 digits", format!("{hash}0"), malformed),
        (
            "hash of other characters",
            hash.replace("bf", "bg"),
            malformed,
        ),
        ("hash with a sign", hash.replace("=b", "=+"), malformed),
        (
            "hash in base64url",
            format!("Hash={CLIENT_THUMBPRINT}"),
            malformed,
        ),
        (
            "hash with colons",
            format!("Hash={}", "bf:".repeat(21) + "b"),
            malformed,
        ),
        ("empty hash", format!("Hash=;{cert}"), malformed),
    ];
    check(&CertificateHeader::envoy_xfcc(), &cases);
}

#[test]
fn m02_no_changed_byte_leaves_the_certificate_as_it_was() {
    let forms = [
        (CertificateHeader::rfc9440(), format!(":{CLIENT}:")),
        (
            CertificateHeader::nginx("a"),
            escaped(&pem(CLIENT)).trim_end_matches("%0A").to_owned(),
        ),
        (
            CertificateHeader::envoy_xfcc(),
            format!("Hash={CLIENT_HASH}"),
        ),
    ];
    for (header, line) in forms {
        assert_eq!(read(&header, &line).as_deref(), Ok(CLIENT_THUMBPRINT));
        for at in 0..line.len() {
            for with in ["", "!", "%", ":", ",", ";", "=", "\"", "\\", "\0", "0", "1"] {
                let mut changed = line.clone();
                changed.replace_range(at..=at, with);
                let read = read(&header, &changed);
                let is_same = read.as_deref() == Ok(CLIENT_THUMBPRINT);
                assert!(changed == line || !is_same, "{at} {with:?}: {changed}");
            }
        }
    }
}
