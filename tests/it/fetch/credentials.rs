//! Row F02: credentials for the addresses of metadata and keys, and where they never go.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{
    Fetch, Issuer, Validator,
    error::{ConfigErrorKind, FetchError},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::support::http::{AUDIENCE, LIFETIME, by_request, chain, clock, ok, outage, validator};
use crate::support::{Problem, problems_of};

const NAME: &str = "https://as.example.com";
const SECRET: &str = "s3cr3t-of-the-caller";

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("resource-server-f02-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn with(content: impl AsRef<[u8]>) -> Self {
        let folder = Folder::new();
        fs::write(folder.file(), content).unwrap();
        folder
    }

    fn file(&self) -> PathBuf {
        self.0.join("token")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

type Asked = Arc<Mutex<Vec<String>>>;

/// The header's values in each request.
fn shown(asked: &Asked, name: &str) -> Vec<Vec<String>> {
    let of = |request: &String| {
        let lines = request.lines().skip(1).take_while(|line| !line.is_empty());
        let named = lines.filter_map(|line| line.split_once(": "));
        named
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .collect()
    };
    asked.lock().unwrap().iter().map(of).collect()
}

fn test_issuer(name: &str, clock: &ManualClock) -> TestIssuer {
    TestIssuer::new(name, AUDIENCE).clock(clock.clone())
}

/// An issuer's keys on loopback, without any access control.
async fn keys() -> (TestIssuer, String, Asked) {
    let issuer = test_issuer(NAME, &clock());
    let answer = ok(&issuer.jwks(), "");
    let (url, asked) = by_request(move |_| answer.clone()).await;
    (issuer, url, asked)
}

/// Metadata on loopback that names this address of the keys; its issuer is named by where it is.
async fn metadata(jwks_uri: &str) -> (String, Asked) {
    let name: Arc<OnceLock<String>> = Arc::default();
    let (own, jwks_uri) = (Arc::clone(&name), jwks_uri.to_owned());
    let (url, asked) = by_request(move |_| {
        let name = own.get().unwrap();
        let text = format!(r#"{{"issuer":"{name}","jwks_uri":"{jwks_uri}"}}"#);
        ok(&text, "")
    })
    .await;
    let origin = url.strip_suffix("/jwks").unwrap().to_owned();
    name.set(origin.clone()).unwrap();
    (origin, asked)
}

#[tokio::test]
async fn f02_each_kind_of_credential_is_shown() {
    let folder = Folder::with(format!("\n{SECRET}\r\n"));
    // RFC 7617 section 2.
    let basic = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    let bearer = format!("Bearer {SECRET}");
    for (fetch, name, value) in [
        (
            Fetch::new().bearer_file(folder.file()),
            "authorization",
            &bearer[..],
        ),
        (
            Fetch::new().basic("Aladdin", "open sesame"),
            "authorization",
            basic,
        ),
        (
            Fetch::new().secret_header("X-Api-Key", SECRET),
            "x-api-key",
            SECRET,
        ),
    ] {
        let (issuer, url, asked) = keys().await;
        let validator = validator(Issuer::new(NAME).jwks_at(url).fetch(fetch), &clock());
        let token = issuer.token().mint();
        validator.validate(&token).await.unwrap();
        assert_eq!(shown(&asked, name), [[value]]);
    }
}

#[tokio::test]
async fn f02_a_token_that_was_renewed_counts_at_once() {
    let folder = Folder::with("first");
    let (issuer, url, asked) = keys().await;
    let clock = clock();
    let fetch = Fetch::new().bearer_file(folder.file());
    let issued_by = Issuer::new(NAME).jwks_at(url).fetch(fetch);
    let validator = validator(issued_by.refresh_on_demand(), &clock);
    let token = issuer.token().expires_in(LIFETIME * 10).mint();
    for text in ["first", "second"] {
        fs::write(folder.file(), text).unwrap();
        validator.validate(&token).await.unwrap();
        clock.advance(LIFETIME + Duration::from_secs(1));
    }
    let both = [["Bearer first"], ["Bearer second"]];
    assert_eq!(shown(&asked, "authorization"), both);
}

#[tokio::test]
async fn f02_a_file_without_a_token_is_an_outage_that_names_it() {
    let (issuer, url, asked) = keys().await;
    let token = issuer.token().mint();
    let put = |text: &[u8]| Folder::with(text);
    let large = vec![b'x'; 16 * 1024 + 1];
    let folder = Folder::new();
    fs::create_dir(folder.file()).unwrap();
    for (folder, part) in [
        (Folder::new(), "No such file"),
        (folder, "directory"),
        (put(&large), "larger than 16384"),
        (put(b""), "one token"),
        (put(b" \r\n"), "one token"),
        (put(b"hunter2 hunter2"), "one token"),
        (put(b"hunter2\nhunter2\n"), "one token"),
        (put(b"hunter2\r\nX-Admin: hunter2"), "one token"),
        (put(b"hunter2\0"), "one token"),
        (put("hünter2".as_bytes()), "one token"),
        (put(b"\xffhunter2"), "one token"),
    ] {
        let name = folder.file().display().to_string();
        let fetch = Fetch::new().bearer_file(folder.file());
        let at = Issuer::new(NAME).jwks_at(url.as_str()).fetch(fetch.clone());
        let found = Issuer::discover(url.trim_end_matches("/jwks")).fetch(fetch);
        let said = outage(validator(at, &clock()).validate(&token).await);
        assert!(said.contains(part) && said.contains(&name), "{said}");
        assert!(!said.contains("nter2"), "{said}");
        // Discovery reports the same, and not that metadata is missing.
        let failed = validator(found, &clock()).warm_up().await.unwrap_err();
        let said = failed.to_string();
        assert!(said.contains(part) && said.contains(&name), "{said}");
    }
    assert!(asked.lock().unwrap().is_empty(), "nothing is asked without");
}

/// Anyone who can write the metadata, or answer in its place, must not get what was meant for the
/// issuer.
#[tokio::test]
async fn f02_metadata_does_not_lead_credentials_to_another_origin() {
    let folder = Folder::with(SECRET);
    for fetch in [
        Fetch::new().bearer_file(folder.file()),
        Fetch::new().basic("Aladdin", SECRET),
        Fetch::new().secret_header("authorization", SECRET),
    ] {
        // Another port is another origin.
        let (keys_issuer, url, thief) = keys().await;
        let (name, home) = metadata(&url).await;
        let issuer = Issuer::discover(name.as_str()).fetch(fetch.clone());
        validator(issuer, &clock()).warm_up().await.unwrap();
        assert_eq!(shown(&home, "authorization")[0].len(), 1);
        assert_eq!(shown(&thief, "authorization"), [[""; 0]]);
        // Unless it is named.
        let fetch = fetch.credentials_also_for(url.trim_end_matches("/jwks"));
        let issuer = Issuer::discover(name).fetch(fetch);
        validator(issuer, &clock()).warm_up().await.unwrap();
        assert_eq!(shown(&thief, "authorization")[1].len(), 1);
        drop(keys_issuer);
    }
}

#[tokio::test]
async fn f02_a_redirect_does_not_lead_credentials_anywhere() {
    let (_, elsewhere, thief) = keys().await;
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (url, asked) = by_request(move |_| answer.clone()).await;
    let folder = Folder::with(SECRET);
    for fetch in [
        Fetch::new().bearer_file(folder.file()),
        Fetch::new()
            .secret_header("x-api-key", SECRET)
            .credentials_also_for(elsewhere.trim_end_matches("/jwks")),
    ] {
        for issuer in [
            Issuer::new(NAME).jwks_at(url.as_str()),
            Issuer::new(NAME).discovery_at(url.as_str()),
        ] {
            let validator = validator(issuer.fetch(fetch.clone()), &clock());
            let said = validator.warm_up().await.unwrap_err().to_string();
            assert!(said.contains("it redirects to http"), "{said}");
        }
    }
    assert_eq!(asked.lock().unwrap().len(), 4);
    assert!(thief.lock().unwrap().is_empty());
}

#[tokio::test]
async fn f02_who_is_refused_learns_that_nothing_was_shown() {
    for code in [401, 403] {
        let answer =
            format!("HTTP/1.1 {code} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let (url, _) = by_request(move |_| answer.clone()).await;
        let (name, _) = metadata(&url).await;
        let fetch = || Fetch::new().basic("Aladdin", SECRET);
        let issuer = Issuer::discover(name.as_str()).fetch(fetch());
        let said = validator(issuer, &clock()).warm_up().await.unwrap_err();
        let said = said.to_string();
        assert!(said.contains("credentials_also_for"), "{said}");
        assert!(said.contains(&format!("status {code}")), "{said}");
        // Where they were sent, or there are none, the error says nothing of the kind.
        let shown = fetch().credentials_also_for(url.trim_end_matches("/jwks"));
        for fetch in [shown, Fetch::new()] {
            let issuer = Issuer::discover(name.as_str()).fetch(fetch);
            let said = validator(issuer, &clock()).warm_up().await.unwrap_err();
            let said = said.to_string();
            assert!(!said.contains("credentials"), "{said}");
        }
    }
}

/// In no Debug, error, health or log of ours.
#[tokio::test]
async fn f02_credentials_are_not_told() {
    let folder = Folder::with(SECRET);
    let encoded = STANDARD.encode(format!("Aladdin:{SECRET}"));
    let answer = "HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (url, asked) = by_request(move |_| answer.to_owned()).await;
    let token = test_issuer(NAME, &clock()).token().mint();
    let mut texts = Vec::new();
    for fetch in [
        Fetch::new().bearer_file(folder.file()),
        Fetch::new().basic("Aladdin", SECRET),
        Fetch::new().secret_header("x-api-key", SECRET),
        Fetch::new().header("x-gateway", SECRET),
    ] {
        texts.push(format!("{fetch:?}"));
        let address = format!("{url}?key={SECRET}");
        let issuer = Issuer::new(NAME).jwks_at(address).fetch(fetch.clone());
        texts.push(format!("{issuer:?}"));
        let builder = Validator::builder().audience(AUDIENCE).issuer(issuer);
        texts.push(format!("{builder:?}"));
        let validator = builder.clock(clock()).build().unwrap();
        let error = validator.validate(&token).await.unwrap_err();
        texts.extend([format!("{error:?}"), chain(&error), error.explain()]);
        texts.push(format!("{:?} {:?}", validator.health(), validator));
        texts.push(format!("{:?}", validator.snapshot()));
        let error = validator.warm_up().await.unwrap_err();
        texts.extend([format!("{error:?}"), error.to_string()]);
        // A value that can't be sent is not shown either.
        for bad in [
            fetch.clone().basic("Aladdin", &format!("\n{SECRET}")),
            fetch.clone().secret_header("x", &format!("\n{SECRET}")),
            fetch.credentials_also_for(format!("https://a:{SECRET}@b")),
            Fetch::new().secret_header("x", &format!("\n{SECRET}")),
            Fetch::new()
                .secret_header("x", "y")
                .credentials_also_for(format!("https://a:{SECRET}@b")),
        ] {
            let issuer = Issuer::new(NAME).jwks_at(url.as_str()).fetch(bad);
            let builder = Validator::builder().audience(AUDIENCE).issuer(issuer);
            let error = builder.build().unwrap_err();
            texts.extend([format!("{error:?}"), error.to_string()]);
        }
    }
    assert!(!asked.lock().unwrap().is_empty());
    for text in texts {
        assert!(!text.contains(SECRET) && !text.contains(&encoded), "{text}");
    }
}

fn problem(issuer: Issuer) -> Problem {
    let builder = Validator::builder().audience(AUDIENCE).issuer(issuer);
    let error = builder.build().unwrap_err();
    match &*problems_of(&error) {
        [one] => one.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn f02_settings_that_can_not_work_are_told_when_built() {
    use FetchError as P;
    let of = |fetch: Fetch| match problem(Issuer::discover(NAME).fetch(fetch)) {
        (Some(_), ConfigErrorKind::Fetch(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let basic = || Fetch::new().basic("Aladdin", "open sesame");
    let cases = [
        (basic().basic("a", "b"), P::SeveralCredentials),
        (basic().bearer_file("/token"), P::SeveralCredentials),
        (basic().secret_header("x-key", "y"), P::SeveralCredentials),
        (
            Fetch::new()
                .secret_header("x-key", "y")
                .header("X-Key", "z"),
            P::SeveralCredentials,
        ),
        (Fetch::new().basic("a:b", "c"), P::BasicCredentials),
        (Fetch::new().basic("", ""), P::BasicCredentials),
        (Fetch::new().basic("a", "b\r\nc: d"), P::BasicCredentials),
        (
            Fetch::new().secret_header("a b", "c"),
            P::Header("a b".into()),
        ),
        (
            Fetch::new().secret_header("a", "b\r\nc: d"),
            P::Header("a".into()),
        ),
        (
            Fetch::new().credentials_also_for("https://keys.example.com"),
            P::OriginWithoutCredentials,
        ),
        #[cfg(feature = "reqwest-client")]
        (
            basic().client(reqwest::Client::new()),
            P::CredentialsWithOwnClient,
        ),
    ];
    for (fetch, expected) in cases {
        assert_eq!(of(fetch), expected);
    }
    for origin in [
        "",
        "keys.example.com",
        "*",
        "https://keys.example.com/jwks",
        "https://keys.example.com/?x",
        "https://user@keys.example.com",
        "http://keys.example.com",
    ] {
        let fetch = basic().credentials_also_for(origin);
        assert_eq!(of(fetch), P::CredentialsOrigin, "{origin}");
    }
    // The credentials of one issuer are not sent to another.
    let all = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(NAME))
        .fetch(basic())
        .build();
    assert_eq!(
        problems_of(&all.unwrap_err()),
        [(None, ConfigErrorKind::Fetch(P::CredentialsForAll))]
    );
}

/// This applies also where a setting allows http, and where a proxy could read the request.
#[test]
fn f02_credentials_never_go_over_plain_http() {
    let told = |issuer: Issuer, fetch: Fetch| {
        let fetch = fetch.secret_header("x-api-key", SECRET);
        assert_eq!(
            problem(issuer.fetch(fetch)),
            (
                Some(NAME.into()),
                ConfigErrorKind::Fetch(FetchError::CredentialsOverHttp)
            )
        );
    };
    let allowed = || Fetch::new().danger_allow_http();
    let new = || Issuer::new(NAME);
    told(new().jwks_at("http://as.internal/jwks"), allowed());
    told(new().discovery_at("http://10.0.0.1/x"), allowed());
    let proxied = allowed().proxy("http://proxy.internal:3128");
    told(new().jwks_at("http://127.0.0.1/jwks"), proxied);
    let proxied = allowed().proxy_from_environment();
    told(new().jwks_at("http://127.0.0.1/jwks"), proxied);
}

/// Plain http on loopback goes past the proxy, which would read along.
#[tokio::test]
async fn f02_a_proxy_sees_no_credentials() {
    let (issuer, proxy, read_along) = keys().await;
    let (_, url, asked) = keys().await;
    let fetch = Fetch::new().proxy(proxy).secret_header("x-api-key", SECRET);
    // Without the leave, plain http on loopback goes past the proxy.
    let at = Issuer::new(NAME).jwks_at(url).fetch(fetch);
    let validator = validator(at, &clock());
    validator.warm_up().await.unwrap();
    assert_eq!(shown(&asked, "x-api-key"), [[SECRET]]);
    assert!(read_along.lock().unwrap().is_empty());
    drop(issuer);
}

#[cfg(feature = "fetch")]
#[test]
fn f02_introspection_has_its_own_credentials() {
    use resource_server::Introspection;

    let folder = Folder::with(SECRET);
    for fetch in [
        Fetch::new().bearer_file(folder.file()),
        Fetch::new().secret_header("x-api-key", SECRET),
    ] {
        let introspection = Introspection::discover().client_secret_basic("api", SECRET);
        let issuer = Issuer::new(NAME).introspection(introspection);
        assert_eq!(
            problem(issuer.fetch(fetch)),
            (
                Some(NAME.into()),
                ConfigErrorKind::Fetch(FetchError::CredentialsWithIntrospection)
            )
        );
    }
}

/// An API server of a cluster. Both documents require its current bearer token, over TLS with a
/// private CA. It has two names, and its metadata names the keys by `jwks_host`.
struct ApiServer {
    port: u16,
    ca_pem: String,
    known: Arc<Mutex<&'static str>>,
    refused: Arc<AtomicU32>,
    issuer: TestIssuer,
}

impl ApiServer {
    async fn start(jwks_host: &'static str, clock: &ManualClock) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let name = format!("https://localhost:{port}");
        let issuer = test_issuer(&name, clock);
        let metadata = format!(
            r#"{{"issuer":"{name}","jwks_uri":"https://{jwks_host}:{port}/openid/v1/jwks"}}"#
        );
        let known = Arc::new(Mutex::new("first"));
        let refused = Arc::new(AtomicU32::new(0));
        let server = ApiServer {
            port,
            ca_pem: pem(ca.der()),
            known: Arc::clone(&known),
            refused: Arc::clone(&refused),
            issuer: issuer.clone(),
        };
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let mut connection = acceptor.accept(tcp).await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(connection.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let wanted = format!("\r\nauthorization: Bearer {}\r\n", known.lock().unwrap());
                let answer = if !head.contains(&wanted) {
                    refused.fetch_add(1, Ordering::Relaxed);
                    "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                        .to_owned()
                } else if head.starts_with("GET /openid/v1/jwks ") {
                    ok(&issuer.jwks(), "")
                } else {
                    ok(&metadata, "")
                };
                connection.write_all(answer.as_bytes()).await.unwrap();
                connection.shutdown().await.unwrap();
            }
        });
        server
    }

    fn fetch(&self, token: &Path) -> Fetch {
        Fetch::new()
            .only_root_certificates_pem(self.ca_pem.as_str())
            .bearer_file(token)
    }

    fn long_token(&self) -> String {
        let token = self.issuer.token();
        token.expires_in(Duration::from_secs(1_000_000)).mint()
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// The token is a link through a folder that is a link, and the kubelet swaps that one.
#[cfg(unix)]
#[tokio::test]
async fn f02_a_cluster_whose_documents_want_a_service_accounts_token() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    let mount = |version: &str| {
        let path = folder.0.join(format!("..{version}"));
        fs::create_dir(&path).unwrap();
        fs::write(path.join("token"), version).unwrap();
        symlink(&path, folder.0.join("..data_tmp")).unwrap();
        fs::rename(folder.0.join("..data_tmp"), folder.0.join("..data")).unwrap();
    };
    mount("first");
    symlink("..data/token", folder.file()).unwrap();

    let clock = clock();
    let server = ApiServer::start("localhost", &clock).await;
    let issuer = Issuer::discover(server.issuer.name())
        .fetch(server.fetch(&folder.file()))
        .refresh_on_demand();
    let validator = validator(issuer, &clock);
    let token = server.long_token();
    validator.validate(&token).await.unwrap();
    assert_eq!(server.refused.load(Ordering::Relaxed), 0);

    // The server no longer accepts the old one; the cached keys are used in the meantime.
    *server.known.lock().unwrap() = "second";
    clock.advance(LIFETIME + Duration::from_secs(1));
    validator.validate(&token).await.unwrap();
    let said = validator.health()[0].status().last_error.clone().unwrap();
    assert!(said.contains("status 401"), "{said}");
    assert!(server.refused.load(Ordering::Relaxed) > 0);

    mount("second");
    fs::remove_dir_all(folder.0.join("..first")).unwrap();
    clock.advance(LIFETIME);
    validator.warm_up().await.unwrap();
    assert_eq!(validator.health()[0].status().last_error, None);
    assert_eq!(validator.health()[0].status().age, Some(Duration::ZERO));
}

/// As most are: the metadata names the keys by another name of the server.
#[tokio::test]
async fn f02_a_cluster_whose_metadata_names_its_outer_address() {
    let folder = Folder::with("first\n");
    let clock = clock();
    let server = ApiServer::start("127.0.0.1", &clock).await;
    let token = server.long_token();
    let (port, name) = (server.port, server.issuer.name());
    let fetch = || server.fetch(&folder.file());
    let judge = async |issuer: Issuer| validator(issuer, &clock).validate(&token).await;
    let said = outage(judge(Issuer::discover(name).fetch(fetch())).await);
    assert!(said.contains("credentials_also_for"), "{said}");
    // By the address of the keys, or by leave.
    let keys = format!("https://localhost:{port}/openid/v1/jwks");
    let issuer = Issuer::new(name).jwks_at(keys).fetch(fetch());
    judge(issuer).await.unwrap();
    let fetch = fetch().credentials_also_for(format!("https://127.0.0.1:{port}"));
    judge(Issuer::discover(name).fetch(fetch)).await.unwrap();
}
