//! What it costs to refuse a token whose JSON is chosen to cost, in instructions counted by callgrind: shares of what
//! accepting a good token of that size takes.
//!
//! `cargo bench --manifest-path benches/peers/Cargo.toml --bench hostile` prints the table. It needs valgrind, under which it
//! runs itself.

use std::hint::black_box;

use resource_server::testing::TestIssuer;
use resource_server::{Algorithm, Error, Reason, Validator};

mod counted;

use counted::{AUDIENCE, ISSUER, is_counted, issuer_and_validator, run_under_callgrind};

/// Of tokens, in bytes: a usual cap, and ours.
const SIZES: [usize; 2] = [2_048, 16_384];
/// What is counted begins and ends here.
const COUNTED_FUNCTION: &str = "hostile::judge_one";
const OUTPUT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/hostile.out");

fn main() {
    if is_counted() {
        run();
    } else {
        count();
    }
}

/// Why the token is refused.
#[inline(never)]
fn judge_one(validator: &Validator, token: &str) -> Option<Reason> {
    match validator.validate_cached(token)? {
        Ok(_) => None,
        Err(Error::Rejected(rejection)) => Some(rejection.reason()),
        Err(error) => panic!("{error}"),
    }
}

/// Judges the tokens in turn, and prints the names of each size's on a line.
fn run() {
    let (issuer, validator) = issuer_and_validator();
    let judge = |payload: &str| {
        let token = issuer.token().algorithm(Algorithm::RS256);
        let token = token.raw_payload(payload.as_bytes()).mint();
        let refused_for = judge_one(black_box(&validator), black_box(&token));
        (token.len(), refused_for)
    };
    for size in SIZES {
        let room = room_for_claims(&issuer, size);
        let good = claims(END_OF_TIME, true);
        let good = format!("{good}\"x\":\"{}\"}}", "a".repeat(room - good.len() - 7));
        let (length, refused_for) = judge(&good);
        assert!(refused_for.is_none() && (size - 4..=size).contains(&length));
        print!("accepted");
        for (name, payload, reason) in hostile(room) {
            let (length, refused_for) = judge(&payload);
            assert_eq!(refused_for, Some(reason), "{name}");
            assert!(length <= size, "{name}");
            print!("|{name}");
        }
        println!();
    }
}

fn count() {
    // Each call's count goes into a file of its own.
    let options = [format!("--dump-after={COUNTED_FUNCTION}")];
    let listed = run_under_callgrind(COUNTED_FUNCTION, OUTPUT, &options);
    let mut files = (1..).map(|number| format!("{OUTPUT}.{number}"));
    let columns: Vec<Vec<(&str, u64)>> = listed
        .lines()
        .map(|names| {
            let names = names.split('|');
            names
                .zip(files.by_ref())
                .map(|(name, file)| (name, total(&file)))
                .collect()
        })
        .collect();
    let [small, large] = &columns[..] else {
        panic!("not two sizes: {listed}");
    };
    println!("| JSON | {} bytes | {} bytes |", SIZES[0], SIZES[1]);
    println!("| --- | --: | --: |");
    for (at, (small_one, large_one)) in small.iter().zip(large).enumerate() {
        if at == 0 {
            println!(
                "| {}, instructions | {} | {} |",
                small_one.0, small_one.1, large_one.1
            );
        } else {
            println!(
                "| {} | {} % | {} % |",
                small_one.0,
                share(small_one.1, small[0].1),
                share(large_one.1, large[0].1)
            );
        }
    }
}

fn share(of: u64, whole: u64) -> u64 {
    (of * 100 + whole / 2) / whole
}

/// The instructions that a file of callgrind tells.
fn total(file: &str) -> u64 {
    let text = std::fs::read_to_string(file).expect("callgrind wrote it");
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.expect("a total").trim().parse().expect("a number")
}

/// Bytes of a claims set in a token of this size.
fn room_for_claims(issuer: &TestIssuer, size: usize) -> usize {
    let token = issuer.token().algorithm(Algorithm::RS256);
    let empty = token.raw_payload(b"").mint();
    (size - empty.len()) / 4 * 3
}

const END_OF_TIME: u64 = 9_999_999_999;
const LONG_AGO: u64 = 1_700_000_000;

/// The begin of a claims set: what an access token has, perhaps but for its audience.
fn claims(expires: u64, with_audience: bool) -> String {
    let mut claims = format!(
        r#"{{"iss":"{ISSUER}","sub":"a","iat":{LONG_AGO},"exp":{expires},"jti":"abcdefgh","client_id":"x","#
    );
    if with_audience {
        claims += &format!(r#""aud":"{AUDIENCE}","#);
    }
    claims
}

/// Claims sets with as much of each kind as there is room and the reader's bounds let through, and what they are refused
/// for.
fn hostile(room: usize) -> Vec<(&'static str, String, Reason)> {
    /// Values in a claims set are at most 1,024, entries of a list 256, names in an object 128, depth 32.
    const VALUES: usize = 1_000;
    const ENTRIES: usize = 256;
    const NAMES: usize = 120;
    const DEPTH: usize = 29;
    const CNF: &str = r#""cnf":{"jkt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","#;

    let expired = claims(LONG_AGO, true);
    let foreign = claims(LONG_AGO, false);
    let array = |one: &str| {
        filled(format!("{expired}\"x\":["), room, VALUES, "]}", |_| {
            one.into()
        })
    };
    let objects = |one: &str| {
        filled(format!("{expired}\"x\":["), room, VALUES / 2, "]}", |_| {
            one.into()
        })
    };
    let names = |open: &str, close: &str, one: &dyn Fn(usize) -> String| {
        filled(format!("{expired}{open}"), room, NAMES, close, |at| {
            format!("\"{}\":0", one(at))
        })
    };
    let audiences = |one: &str| {
        filled(format!("{foreign}\"aud\":["), room, ENTRIES, "]}", |_| {
            one.into()
        })
    };
    let nested = |open: &str, inner: &str, close: &str| {
        let one = open.repeat(DEPTH) + inner + &close.repeat(DEPTH);
        filled(
            format!("{expired}\"x\":["),
            room,
            VALUES / DEPTH - 1,
            "]}",
            |_| one.clone(),
        )
    };
    // The first of two objects takes half of the room where there is little.
    let first = filled(
        format!("{expired}\"x\":{{"),
        room * 5 / 9,
        NAMES,
        "},\"y\":{",
        |at| format!("\"{}\":0", short_name(at)),
    );
    let two_objects = filled(first, room, NAMES, "}}", |at| {
        format!("\"{}\":0", short_name(at))
    });

    let expired = [
        ("digits", array("0")),
        ("`null`", array("null")),
        ("empty strings", array(r#""""#)),
        ("empty arrays", array("[]")),
        ("empty objects", array("{}")),
        ("objects of one member", objects(r#"{"":0}"#)),
        ("objects of one escaped member", objects(r#"{"\n":0}"#)),
        ("nested arrays", nested("[", "", "]")),
        ("nested objects", nested(r#"{"":"#, "0", "}")),
        ("120 names", names(r#""x":{"#, "}}", &short_name)),
        ("120 names in each of two objects", two_objects),
        (
            "120 claims",
            names("", "}", &|at| format!("{}_", short_name(at))),
        ),
        (
            "120 names of 8 bytes",
            names(r#""x":{"#, "}}", &|at| format!("aaaaa{at:03}")),
        ),
        (
            "120 escaped names",
            names(r#""x":{"#, "}}", &|at| format!("\\u00{at:02x}")),
        ),
        ("escaped strings", array(r#""\n""#)),
        ("escaped pairs of surrogates", array(r#""\ud83d\ude00""#)),
        ("numbers with an exponent", array("1e1")),
        ("numbers of 1e308", array("1e308")),
        (
            "numbers of the greatest double",
            array("1.7976931348623157e308"),
        ),
        (
            "numbers with a long exponent",
            array("1e0000000000000000001"),
        ),
        ("long numbers", array(&"9".repeat(308))),
        (
            "`cnf` with many values",
            filled(
                format!("{expired}{CNF}\"x\":["),
                room,
                VALUES,
                "]}}",
                |_| "0".into(),
            ),
        ),
        ("`cnf` with 120 names", names(CNF, "}}", &short_name)),
        (
            "`act` with many values",
            filled(
                format!("{expired}\"act\":{{\"sub\":\"a\",\"x\":["),
                room,
                VALUES,
                "]}}",
                |_| "0".into(),
            ),
        ),
        (
            "spaces",
            format!("{expired}\"x\":{}0}}", " ".repeat(room - expired.len() - 6)),
        ),
    ];
    let foreign = [
        ("for another API: 256 audiences", audiences(r#""a""#)),
        ("for another API: 256 escaped audiences", audiences(r#""\n""#)),
    ];
    let expired = expired.map(|(name, payload)| (name, payload, Reason::Expired));
    let foreign = foreign.map(|(name, payload)| (name, payload, Reason::AudienceMismatch));
    expired.into_iter().chain(foreign).collect()
}

/// `begin` and `end` with as many units between them as there is room for, at most `max`.
fn filled(
    begin: String,
    room: usize,
    max: usize,
    end: &str,
    unit: impl Fn(usize) -> String,
) -> String {
    let mut text = begin;
    for at in 0..max {
        let unit = unit(at);
        if text.len() + unit.len() + 1 + end.len() > room {
            break;
        }
        if at > 0 {
            text.push(',');
        }
        text += &unit;
    }
    text + end
}

/// One or two characters, other ones for each number.
fn short_name(number: usize) -> String {
    const FIRST: u8 = b'#';
    const END: u8 = b'[';

    let characters: Vec<char> = (FIRST..END).map(char::from).collect();
    let mut name = String::from(characters[number % characters.len()]);
    if let Some(more) = (number / characters.len()).checked_sub(1) {
        name.push(characters[more]);
    }
    name
}
