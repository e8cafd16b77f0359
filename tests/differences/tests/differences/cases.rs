//! Tokens whose verdicts on both sides are known: some for each row of the table, and some on which
//! both agree.

use resource_server::{Algorithm, Reason};

use crate::draft::{Change, Draft, Edit, Part, asymmetric};
use crate::form::{FormEdit, TextEdit};
use crate::members::members;
use crate::signature::SignatureEdit;

/// What both sides say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    BothAccept,
    BothRefuse,
    /// We refuse for this reason, they accept.
    WeRefuse(Reason),
    /// We accept, they refuse with this `ErrorKind`.
    TheyRefuse(&'static str),
}

pub(crate) struct Case {
    pub(crate) expected: Expected,
    pub(crate) draft: Draft,
}

use Expected::{BothAccept, BothRefuse, TheyRefuse, WeRefuse};
use Part::{Claims, Header};

pub(crate) fn cases() -> Vec<Case> {
    let changes = members()
        .chain(omissions())
        .chain(doubles())
        .chain(bounds())
        .chain(texts())
        .chain(forms());
    let cases = changes.map(|(expected, change)| Case {
        expected,
        draft: Draft {
            algorithm: Algorithm::ES256,
            changes: vec![change],
        },
    });
    cases
        .chain(algorithms())
        .chain(swaps())
        .chain([named_critical(), client_by_azp()])
        .collect()
}

/// The one extension that they know, in the form that is no different from its absence.
fn named_critical() -> Case {
    Case {
        expected: WeRefuse(Reason::CriticalHeader),
        draft: Draft {
            algorithm: Algorithm::ES256,
            changes: vec![
                Change::set(Header, "crit", r#"["b64"]"#),
                Change::set(Header, "b64", "true"),
            ],
        },
    }
}

/// The client's other claim, which is read where the first is absent.
fn client_by_azp() -> Case {
    Case {
        expected: WeRefuse(Reason::MalformedClaim),
        draft: Draft {
            algorithm: Algorithm::ES256,
            changes: vec![
                Change::new("omission", Edit::Omit(Claims, "client_id".to_owned())),
                Change::set(Claims, "azp", "1"),
            ],
        },
    }
}

/// A member is left out.
fn omissions() -> impl Iterator<Item = (Expected, Change)> {
    let omissions = [
        (BothRefuse, Header, "alg"),
        (BothAccept, Header, "typ"),
        (BothAccept, Header, "kid"),
        (BothRefuse, Claims, "iss"),
        (BothRefuse, Claims, "aud"),
        (BothRefuse, Claims, "exp"),
        (BothAccept, Claims, "iat"),
        (BothAccept, Claims, "sub"),
        (BothAccept, Claims, "jti"),
        (BothAccept, Claims, "client_id"),
    ];
    omissions.into_iter().map(|(expected, part, name)| {
        let edit = Edit::Omit(part, name.to_owned());
        (expected, Change::new("omission", edit))
    })
}

/// Members whose name is there already, perhaps in another spelling.
fn doubles() -> impl Iterator<Item = (Expected, Change)> {
    let headers = [
        (BothRefuse, r#""alg""#, r#""ES256""#),
        (BothRefuse, r#""\u0061lg""#, r#""none""#),
        (BothRefuse, r#""typ""#, r#""JWT""#),
        (BothRefuse, r#""kid""#, r#""@kid""#),
        (WeRefuse(Reason::MalformedHeader), r#""x":1,"x""#, "1"),
        (WeRefuse(Reason::MalformedHeader), r#""x":1,"\u0078""#, "2"),
        (
            WeRefuse(Reason::MalformedHeader),
            r#""x""#,
            r#"{"a":1,"a":1}"#,
        ),
        (
            WeRefuse(Reason::MalformedHeader),
            r#""jwk""#,
            r#"{"a":1,"\u0061":2}"#,
        ),
    ];
    let claims = [
        (BothRefuse, r#""iss""#, r#""https://as.example.com""#),
        (BothRefuse, r#""aud""#, r#""https://api.example.com""#),
        (BothRefuse, r#""exp""#, "@+300"),
        (BothRefuse, r#""nbf":0,"nbf""#, "0"),
        (BothRefuse, r#""sub""#, r#""alice""#),
        (
            WeRefuse(Reason::MalformedPayload),
            r#""client_id""#,
            r#""web""#,
        ),
        (
            WeRefuse(Reason::MalformedPayload),
            r#""scope":"read","\u0073cope""#,
            r#""admin""#,
        ),
        (WeRefuse(Reason::MalformedPayload), r#""iat""#, "@+0"),
        (
            WeRefuse(Reason::MalformedPayload),
            r#""role":1,"r\u006fle""#,
            "1",
        ),
        (
            WeRefuse(Reason::MalformedPayload),
            r#""cnf""#,
            r#"{"jkt":1,"jkt":2}"#,
        ),
        (
            WeRefuse(Reason::MalformedPayload),
            r#""a""#,
            r#"[{"b":{"c":1,"c":1}}]"#,
        ),
    ];
    let headers = headers.map(|row| (Header, "header doubled", row));
    let claims = claims.map(|row| (Claims, "claims doubled", row));
    let all = headers.into_iter().chain(claims);
    all.map(|(part, label, (expected, name, value))| {
        let edit = Edit::Add(part, name.to_owned(), value.to_owned());
        (expected, Change::new(label, edit))
    })
}

/// On both sides of each bound.
fn bounds() -> impl Iterator<Item = (Expected, Change)> {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let list = |count: usize, of: &str| format!("[{}]", vec![of; count].join(","));
    let text = |length: usize| format!("\"{}\"", "x".repeat(length));
    let members = |count: usize| {
        let members: Vec<_> = (0..count).map(|n| format!("\"{n}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    let audience = |others: usize| {
        let others = "\"\",".repeat(others);
        format!("[{others}\"https://api.example.com\"]")
    };
    let header = WeRefuse(Reason::MalformedHeader);
    let claims = WeRefuse(Reason::MalformedPayload);
    [
        (BothAccept, Header, "header deep", "x", nested(31)),
        (header, Header, "header deep", "x", nested(32)),
        (header, Header, "header deep", "x", nested(120)),
        (BothRefuse, Header, "header deep", "x", nested(128)),
        (BothAccept, Header, "header wide", "x", list(1_000, "0")),
        (BothAccept, Header, "long header", "x", text(2_900)),
        (
            WeRefuse(Reason::TooLong),
            Header,
            "long header",
            "x",
            text(3_100),
        ),
        (BothAccept, Claims, "claims deep", "x", nested(31)),
        (claims, Claims, "claims deep", "x", nested(32)),
        (claims, Claims, "claims deep", "x", nested(120)),
        (BothRefuse, Claims, "claims deep", "x", nested(2_000)),
        (BothAccept, Claims, "claims wide", "x", list(5_000, "0")),
        (BothAccept, Claims, "claims wide", "x", members(1_000)),
        (BothAccept, Claims, "claim aud", "aud", audience(1_000)),
        (BothAccept, Claims, "long number", "x", "9".repeat(64)),
        (claims, Claims, "long number", "x", "9".repeat(65)),
        (BothAccept, Claims, "long token", "x", text(11_800)),
        (
            WeRefuse(Reason::TooLong),
            Claims,
            "long token",
            "x",
            text(12_100),
        ),
        (
            WeRefuse(Reason::TooLong),
            Claims,
            "long token",
            "x",
            text(200_000),
        ),
    ]
    .into_iter()
    .map(|(expected, part, label, name, value)| {
        let edit = Edit::Set(part, name.to_owned(), value);
        (expected, Change::new(label, edit))
    })
}

/// The text of a part: what stands around it, or another one.
fn texts() -> impl Iterator<Item = (Expected, Change)> {
    const AS_ARRAY: &str =
        r#"[@+300,0,"alice","https://as.example.com","https://api.example.com"]"#;
    const PRIVATE: &str = r#"{"$serde_json::private::RawValue":"1"}"#;

    let around = [
        (BothAccept, Header, "text", "", " \n"),
        (BothRefuse, Header, "text", "", "x"),
        (BothRefuse, Header, "text", "", "{}"),
        (BothRefuse, Header, "text", "\u{feff}", ""),
        (BothRefuse, Header, "text", "[", "]"),
        (
            WeRefuse(Reason::OpaqueToken),
            Header,
            "space before header",
            " ",
            "",
        ),
        (
            WeRefuse(Reason::OpaqueToken),
            Header,
            "space before header",
            "\r\n\t",
            "",
        ),
        (BothAccept, Claims, "text", "\n ", " \t"),
        (BothRefuse, Claims, "text", "", "x"),
        (BothRefuse, Claims, "text", "", "\0"),
        (BothRefuse, Claims, "text", "", "{}"),
        (BothRefuse, Claims, "text", "\u{feff}", ""),
        (BothRefuse, Claims, "text", "[", "]"),
    ]
    .map(|(expected, part, label, before, behind)| {
        let edit = Edit::Wrap(part, before.to_owned(), behind.to_owned());
        (expected, Change::new(label, edit))
    });
    let whole: [(Expected, Part, &str, &[u8]); 14] = [
        (BothRefuse, Header, "text", b""),
        (BothRefuse, Header, "text", b"{}"),
        (BothRefuse, Header, "text", b"[]"),
        (BothRefuse, Header, "text", b"null"),
        (BothRefuse, Header, "text", b"\"ES256\""),
        (
            BothRefuse,
            Header,
            "text",
            b"{\"alg\":\"ES256\",\"x\":\"\xff\"}",
        ),
        (BothRefuse, Claims, "text", b""),
        (BothRefuse, Claims, "text", b"{}"),
        (BothRefuse, Claims, "text", b"[]"),
        (BothRefuse, Claims, "text", b"null"),
        (BothRefuse, Claims, "text", b"\"{}\""),
        (BothRefuse, Claims, "text", b"{\"iss\":\"\xff\"}"),
        (
            BothRefuse,
            Claims,
            "text",
            b"{\"iss\":\"https://as.example.com\"",
        ),
        (
            WeRefuse(Reason::MalformedPayload),
            Claims,
            "claims as array",
            AS_ARRAY.as_bytes(),
        ),
    ];
    let whole = whole.map(|(expected, part, label, text)| {
        (
            expected,
            Change::new(label, Edit::Replace(part, text.to_vec())),
        )
    });
    let private = Edit::Set(Claims, "x".to_owned(), PRIVATE.to_owned());
    let private = Change::new("claims private name", private);
    let private = (WeRefuse(Reason::MalformedPayload), private);
    around.into_iter().chain(whole).chain([private])
}

/// The compact form, of which there is one spelling.
fn forms() -> impl Iterator<Item = (Expected, Change)> {
    let mut edits = vec![FormEdit::StandardAlphabet];
    for part in 0..3 {
        edits.extend([
            FormEdit::Empty(part),
            FormEdit::Pad(part),
            FormEdit::NextLast(part),
        ]);
    }
    let orders: [&[usize]; 7] = [
        &[],
        &[0],
        &[0, 1],
        &[0, 1, 1, 2],
        &[0, 1, 1, 1, 2],
        &[1, 0, 2],
        &[0, 1, 2, 2, 2, 2],
    ];
    edits.extend(orders.map(FormEdit::Parts));
    for text in [".", " ", "\n", "\0", "=", "A", "AAAA", "é", "Bearer "] {
        edits.push(FormEdit::Text(TextEdit::Prepend(text.to_owned())));
        edits.push(FormEdit::Text(TextEdit::Append(text.to_owned())));
    }
    let edits = edits.into_iter().map(Edit::Form);
    edits.map(|edit| (BothRefuse, Change::new("form", edit)))
}

/// Each algorithm with its right signature, and with every kind of wrong one.
fn algorithms() -> impl Iterator<Item = Case> {
    asymmetric().flat_map(|algorithm| {
        let right = match algorithm {
            // The key itself is one that they don't know.
            Algorithm::ES256K | Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => {
                TheyRefuse("UnsupportedAlgorithm")
            }
            Algorithm::ES512 | Algorithm::Ed25519 => TheyRefuse("Json"),
            _ => BothAccept,
        };
        let right = Case {
            expected: right,
            draft: Draft {
                algorithm,
                changes: Vec::new(),
            },
        };
        let wrong = signatures().into_iter().map(move |edit| Case {
            expected: BothRefuse,
            draft: Draft {
                algorithm,
                changes: vec![Change::new("signature", Edit::Signature(edit))],
            },
        });
        std::iter::once(right).chain(wrong)
    })
}

/// A signature by one algorithm under the name of another.
fn swaps() -> impl Iterator<Item = Case> {
    [
        (BothRefuse, Algorithm::RS256, "RS384"),
        (BothRefuse, Algorithm::RS256, "PS256"),
        (BothRefuse, Algorithm::RS512, "HS512"),
        (BothRefuse, Algorithm::PS256, "RS256"),
        (BothRefuse, Algorithm::PS384, "PS512"),
        (BothRefuse, Algorithm::ES384, "ES256"),
        (BothRefuse, Algorithm::ES512, "ES256"),
        (BothRefuse, Algorithm::EdDSA, "ES256"),
        (BothRefuse, Algorithm::EdDSA, "Ed448"),
        (BothAccept, Algorithm::Ed25519, "EdDSA"),
        (TheyRefuse("Json"), Algorithm::EdDSA, "Ed25519"),
    ]
    .into_iter()
    .map(|(expected, algorithm, name)| {
        let edit = Edit::Set(Header, "alg".to_owned(), format!("\"{name}\""));
        let changes = vec![Change::new(name, edit)];
        let draft = Draft { algorithm, changes };
        Case { expected, draft }
    })
}

fn signatures() -> Vec<SignatureEdit> {
    vec![
        SignatureEdit::OfAnotherKey,
        SignatureEdit::Cut(1),
        SignatureEdit::Cut(usize::MAX),
        SignatureEdit::Append(vec![0]),
        SignatureEdit::LeadingZero,
        SignatureEdit::Zeros,
        SignatureEdit::Swap,
        SignatureEdit::Der,
    ]
}
