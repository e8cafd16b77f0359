//! Tokens with changes drawn at random: those of the cases together, and values of any type in any
//! member.

use std::rc::Rc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use resource_server::Algorithm;

use crate::cases::{Expected, cases};
use crate::draft::{Change, DOUBLED, Draft, Edit, Part, asymmetric};
use crate::form::{FormEdit, TextEdit};
use crate::signature::SignatureEdit;

const HEADER_NAMES: &str =
    "alg typ kid crit b64 zip cty jku jwk x5u x5c x5t x5t#S256 enc url nonce iat exp x";
const CLAIM_NAMES: &str = "iss aud exp nbf iat sub jti client_id scope scp cnf act acr auth_time nonce at_hash c_hash \
    s_hash events token_introspection typ azp may_act role";

/// JSON texts of every type, and some that are none.
const ANYTHING: &str = r#"
    null true false 0 -0 1 -1 -1.5 1e3 1e300 1e400 -1e400 01 9223372036854775808 18446744073709551616
    "" "x" "1" "\u0000" "\ud800" "\ud83d\ude00" "\u00e9" 'x' NaN [] [null] ["x"] [1] ["x",1] [["x"]] {} {"x":1} {"x":{}}
    "JWT" "at+jwt" "ES256" "EdDSA" "none" {"ES256":null} "@kid" ["exp"]
    "https://as.example.com" "https://as.example.com/" ["https://as.example.com"]
    "https://api.example.com" ["https://api.example.com"]
    "read\u0020write" {"jkt":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"} @+0 @-300 @+300 "@+300" [@+300]"#;

impl Draft {
    pub(crate) fn any() -> impl Strategy<Value = Draft> {
        // What both refuse would hide what else is in a token.
        let pool: Vec<Change> = cases()
            .into_iter()
            .filter(|case| !matches!(case.expected, Expected::BothRefuse))
            .flat_map(|case| case.draft.changes)
            .collect();
        let pool = Rc::new(pool);
        let of_a_case = any::<Index>().prop_map(move |at| pool[at.index(pool.len())].clone());
        let change = prop_oneof![
            12 => of_a_case,
            10 => any_member(),
            6 => any_time(),
            2 => any_double(),
            3 => any_nested(),
        ];
        // An edit could make another change something that its label doesn't tell.
        let edit =
            (any_edit(), any_nested(), any::<bool>()).prop_map(|(edit, nested, is_there)| {
                is_there
                    .then_some(nested)
                    .into_iter()
                    .chain([edit])
                    .collect()
            });
        let changes = prop_oneof![
            5 => vec(change.clone().boxed(), 1),
            5 => vec(change.boxed(), 2..=4),
            2 => edit,
        ];
        (any_algorithm(), changes).prop_map(|(algorithm, changes)| Draft { algorithm, changes })
    }
}

/// Those that are signed fast for the most part.
fn any_algorithm() -> impl Strategy<Value = Algorithm> {
    prop_oneof![
        4 => Just(Algorithm::ES256),
        4 => Just(Algorithm::EdDSA),
        2 => select(asymmetric().collect::<Vec<_>>()),
    ]
}

fn words(text: &'static str) -> impl Strategy<Value = &'static str> + Clone {
    select(text.split_whitespace().collect::<Vec<_>>())
}

/// A part, and the name of one of its members.
fn any_name() -> impl Strategy<Value = (Part, &'static str)> + Clone {
    prop_oneof![
        2 => words(HEADER_NAMES).prop_map(|name| (Part::Header, name)),
        3 => words(CLAIM_NAMES).prop_map(|name| (Part::Claims, name)),
    ]
}

fn any_value() -> impl Strategy<Value = &'static str> + Clone {
    prop_oneof![30 => words(ANYTHING), 1 => select(DOUBLED.to_vec())]
}

fn any_member() -> impl Strategy<Value = Change> + Clone {
    (any_name(), any_value()).prop_map(|((part, name), value)| Change::set(part, name, value))
}

/// Around the ends of the leeway, and far from them.
fn any_time() -> impl Strategy<Value = Change> + Clone {
    let offset = prop_oneof![
        -34_i64..=-26,
        26_i64..=34,
        -5_i64..=5,
        -1_000_000_000_i64..1_000_000_000,
    ];
    let fraction =
        words(".0 .5 .25 .75 .49999 .50001 .999999 .00000001 .000000000000000001 e0 .5e0");
    let fraction = prop_oneof![1 => Just(""), 1 => fraction];
    let name = words("exp nbf iat auth_time");
    (name, offset, fraction).prop_map(|(name, offset, fraction)| {
        Change::set(Part::Claims, name, &format!("@{offset:+}{fraction}"))
    })
}

/// A member that is there twice, its name the second time perhaps with an escape.
fn any_double() -> impl Strategy<Value = Change> + Clone {
    let values = (any_value(), any_value());
    (any_name(), values, any::<bool>()).prop_map(|((part, name), values, is_escaped)| {
        let label = match part {
            Part::Header => "header doubled",
            Part::Claims => "claims doubled",
        };
        let (first, second) = values;
        let (initial, rest) = name.split_at(1);
        let again = if is_escaped {
            format!("\\u{:04x}{rest}", u32::from(initial.as_bytes()[0]))
        } else {
            name.to_owned()
        };
        let name = format!("\"{name}\":{first},\"{again}\"");
        Change::new(label, Edit::Add(part, name, second.to_owned()))
    })
}

/// An object or array of some depth, in which names may be doubled.
fn any_nested() -> impl Strategy<Value = Change> + Clone {
    let leaf = prop_oneof![
        20 => words(r#"null true 0 -1.5 1e3 12345678901234567890 "" "x" "\u0000" "\ud83d\ude00" "\/\b" [] {}"#),
        1 => words(ANYTHING),
    ];
    let nested = leaf.prop_map(str::to_owned).prop_recursive(4, 16, 4, |inner| {
        let name = words(r#""a" "b" "\u0061" "" "sub" "\ud800" "\ud83d\ude00" "$serde_json" "k" "l" "m" "n""#);
        let member = (name, inner.clone()).prop_map(|(name, value)| format!("{name}: {value}"));
        prop_oneof![
            vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(" , "))),
            vec(member, 0..4).prop_map(|members| format!("{{ {} }}", members.join(","))),
        ]
    });
    let part = select(vec![
        (Part::Header, "x", "header doubled"),
        (Part::Claims, "role", "claims doubled"),
    ]);
    (part, nested).prop_map(|((part, name, label), value)| {
        Change::new(label, Edit::Set(part, name.to_owned(), value))
    })
}

/// A small change to the token, to its signature, or to the text of a part before it is signed.
fn any_edit() -> impl Strategy<Value = Change> + Clone {
    let character = || {
        prop_oneof![
            4 => proptest::char::range('0', 'z'),
            4 => select(r#"{}[]",:\.+-eE/ 0"#.chars().collect::<Vec<_>>()),
            1 => proptest::char::range('\0', '\x7f'),
            1 => any::<char>(),
        ]
    };
    let text = prop_oneof![
        4 => (any::<Index>(), character()).prop_map(|(at, new)| TextEdit::Insert(at, new)),
        4 => (any::<Index>(), character()).prop_map(|(at, new)| TextEdit::Overwrite(at, new)),
        3 => any::<Index>().prop_map(TextEdit::Remove),
        1 => any::<Index>().prop_map(TextEdit::CutAt),
    ];
    let flip = (any::<Index>(), 0_u8..8).prop_map(|(at, bit)| SignatureEdit::Flip(at, bit));
    prop_oneof![
        3 => text.clone().prop_map(|edit| Change::new("header edit", Edit::Text(Part::Header, edit))),
        4 => text.clone().prop_map(|edit| Change::new("claims edit", Edit::Text(Part::Claims, edit))),
        1 => text.prop_map(|edit| Change::new("form", Edit::Form(FormEdit::Text(edit)))),
        1 => flip.prop_map(|edit| Change::new("signature", Edit::Signature(edit))),
    ]
}
