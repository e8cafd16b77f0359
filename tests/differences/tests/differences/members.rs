//! Known verdicts on tokens that are good but for one member of the header or claims set.

use resource_server::Reason;

use crate::cases::Expected::{self, BothAccept, BothRefuse, TheyRefuse, WeRefuse};
use crate::draft::{Change, Part};

/// On each line a part, the name of a member, and the JSON texts that it is, one a token. White
/// space stands between the texts, so a space in one is written `\u0020`.
const MEMBERS: &[(Expected, &str)] = &[
    (
        BothAccept,
        r#"
        header alg "\u0045S256"
        header typ "JWT" "jwt" "at+jwt" "application/AT+JWT" "\u004aWT"
        header cty "" "json"
        header jku null "https://evil.example.com/jwks"
        header x5u "https://evil.example.com/x5u"
        header x5c [] ["MIIB"]
        header jwk {"kty":"oct","k":"AAAA"}
        header jwk {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
        header x null 1 "y" [1,{"a":[]}] 1e300
        claims iss "https:\/\/as.example.com"
        claims aud ["https://api.example.com"] ["x","https://api.example.com"] ["","https://\u0061pi.example.com"]
        claims exp @+1 @-29 @+300.5 @+300.0 @+300e0 9223372036854775807 1e18
        claims nbf @-300 @+0 @+30 @+29.75 0 -0 -0.0
        claims iat @+0 @-100000 @+30 @-5.5 -1 0
        claims sub "\u0000" "bob"
        claims acr "1" null 1
        claims act {} {"sub":"bob"}
        claims auth_time @-5 -1 null "1"
        claims scope "" "read" "read\u0020\u0020write" "!#[]~"
        claims scp "read" [] ["read","write"]
        claims typ "Bearer"
        claims role null -1.5 1e300 "\ud83d\ude00" [1,{"a":[]}] {"":{}}
        "#,
    ),
    (
        BothRefuse,
        r#"
        header alg null 1 "" "none" "None" "es256" "HS256" "ES384" "RS256" "x" ["ES256"] {} {"x":null}
        header typ 1 true ["JWT"] {}
        header kid 1 ["x"] {}
        header crit "exp" [1] {} true ["exp"] ["b64"] []
        header b64 false null 1 "true"
        header zip 1 [] {}
        header cty 1 []
        header x 01 1e400 "\ud800" NaN [,]
        claims iss null 1 "" [] ["https://as.example.com/"] [["https://as.example.com"]]
        claims iss "https://as.example.com/" "https://as.example.co" "https://AS.example.com" "http://as.example.com"
        claims iss {"Single":"https://as.example.com"}
        claims aud null 1 "" "x" [] [""] ["x"] {} "https://api.example.com/"
        claims aud ["https://api.example.com",1] [["https://api.example.com"]]
        claims exp null true "" "@+300" [@+300] {} -1 -0.5 0 @-31 @-1000 1e19e 1e20 -1e300
        claims nbf null true "" "@-300" [0] {} @+31 @+30.5 @+1000 1e19 18446744073709551615 -1e300
        claims sub [] {} ["alice"]
        claims role 01 1e400 "\ud800" NaN [,] {"a":1,} 'x'
        "#,
    ),
    (
        TheyRefuse("Json"),
        r#"
        header jku 1 [] {}
        header x5u true
        header x5c "MIIB" [1]
        header x5t 1
        header x5t#S256 1
        header jwk "x" []
        header enc 1
        header url 1
        header nonce 1
        "#,
    ),
    (
        TheyRefuse("InvalidClaimFormat"),
        "claims nbf -1 -0.5 -1e9 -9223372036854775808",
    ),
    (
        WeRefuse(Reason::AlgorithmMissing),
        r#"header alg {"ES256":null}"#,
    ),
    (
        WeRefuse(Reason::TypeNotAccepted),
        r#"header typ null "" "dpop+jwt" "logout+jwt" "secevent+jwt" "x""#,
    ),
    (WeRefuse(Reason::MalformedKeyId), "header kid null"),
    (
        WeRefuse(Reason::UnknownKey),
        r#"header kid "" "x" "../../x" "\u0000""#,
    ),
    (WeRefuse(Reason::CriticalHeader), "header crit null"),
    (
        WeRefuse(Reason::UnsupportedHeader),
        r#"
        header b64 true
        header zip "DEF" null
        header cty "JWT" "application/jwt" null
        "#,
    ),
    (
        WeRefuse(Reason::MalformedClaim),
        r#"
        claims iss ["https://as.example.com"] ["x","https://as.example.com"]
        claims exp 9223372036854775808 18446744073709551615 1e19
        claims iat null true "@+0" [] {} 1e300
        claims sub null 1 true ""
        claims jti null 1 [] {}
        claims client_id null 1 ["web"]
        claims act null "bob" []
        "#,
    ),
    (
        WeRefuse(Reason::Expired),
        "claims exp @-30 @-30.0 @-30e0 @-30.25 @-30.75 @-31.5",
    ),
    (WeRefuse(Reason::NotYetValid), "claims nbf @+30.25"),
    (
        WeRefuse(Reason::IssuedInTheFuture),
        "claims iat @+31 @+30.25 @+1000",
    ),
    (
        WeRefuse(Reason::MalformedScope),
        r#"
        claims scope null 1 ["read"] [] {} "\u0022" "\\" "\u00e9" "a\tb"
        claims scp null ["\u00e9"]
        "#,
    ),
    (
        WeRefuse(Reason::NotAnAccessToken),
        r#"
        claims nonce "n" null
        claims at_hash "x"
        claims c_hash "x"
        claims s_hash "x"
        claims events {} null
        claims token_introspection {}
        claims typ "ID" "refresh" "Logout" null 1
        "#,
    ),
    (
        WeRefuse(Reason::ProofOfPossessionMissing),
        r#"
        claims cnf {"jkt":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}
        claims cnf {"x5t#S256":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs","x":1}
        "#,
    ),
    (
        WeRefuse(Reason::MalformedConfirmation),
        r#"claims cnf null {} [] "x" 1 {"jkt":1} {"jkt":"short"}"#,
    ),
    (
        WeRefuse(Reason::UnknownConfirmation),
        r#"claims cnf {"jwk":{}} {"x":1}"#,
    ),
];

pub(crate) fn members() -> impl Iterator<Item = (Expected, Change)> {
    MEMBERS.iter().flat_map(|(expected, lines)| {
        let lines = lines.lines().filter(|line| !line.trim().is_empty());
        lines.flat_map(move |line| {
            let mut words = line.split_whitespace();
            let part = match words.next() {
                Some("header") => Part::Header,
                Some("claims") => Part::Claims,
                other => panic!("no part of a token: {other:?}"),
            };
            let name = words.next().expect("the name of a member");
            words.map(move |value| (*expected, Change::set(part, name, value)))
        })
    })
}
