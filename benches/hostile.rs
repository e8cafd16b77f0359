//! The cost of rejecting a token whose JSON is chosen to be expensive. It is counted in
//! instructions by callgrind, as a share of accepting a good token of that size.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench hostile` prints the table and
//! fails if a row is over its bound (row P02). It needs valgrind, under which it runs itself.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use resource_server::testing::TestIssuer;
use resource_server::{
    Algorithm, Error, Evidence, Issuer, NumericDate, Policy, Possession, PresentedToken, Reason,
    Rejection, StaticKeys, Validator, keys::KeySet, verify,
};

mod counted;

use counted::{AUDIENCE, ISSUER, counted_case, has_valgrind, run_under_callgrind};

/// Of tokens, in bytes: a usual cap, the default one, the largest of a Validator, and more.
const SIZES: [usize; 4] = [2_048, 16_384, 1 << 20, 1 << 22];
const LARGEST_OF_VALIDATOR: usize = 1 << 20;
/// Shares of accepting a token of the same size, in percent, for the four sizes.
const BOUNDS: [u64; 4] = [40, 100, 100, 100];
/// The same for the first size and tokens as issuers write them.
const BOUND_OF_USUAL: u64 = 20;
/// A byte of the larger tokens costs at most so many times what it costs at 16 KiB.
const GROWTH: f64 = 2.0;
/// Names of the rows that issuers write.
const USUAL: &str = "usual: ";
/// What is counted begins and ends here.
const COUNTED_FUNCTION: &str = "hostile::judge_one";
const OUTPUT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/hostile.out");

fn main() {
    if counted_case().is_some() {
        run();
    } else {
        count();
    }
}

struct Judges {
    validator: Validator,
    evidence: Evidence,
    policy: Policy,
}

impl Judges {
    fn of(issuer: &TestIssuer) -> Self {
        let policy = || Policy::builder().role_claims(["roles"]);
        let keys = StaticKeys::from_jwks(&issuer.jwks()).expect("a JWK Set");
        let validator = Validator::builder()
            .audience(AUDIENCE)
            .max_token_bytes(LARGEST_OF_VALIDATOR)
            .issuer(Issuer::new(ISSUER).keys(keys).policy(policy()))
            .build();
        let keys = KeySet::from_jwks(&issuer.jwks()).expect("a JWK Set");
        let policy = policy().issuer(ISSUER).audience(AUDIENCE).build();
        Judges {
            validator: validator.expect("sound settings"),
            evidence: Evidence::Keys(Arc::new(keys)),
            policy: policy.expect("sound settings"),
        }
    }

    /// By the core alone, which has no largest token.
    fn judge_large(&self, token: &str) -> Result<(), Rejection> {
        let token = PresentedToken::parse_within(token, usize::MAX)?;
        let now = NumericDate::from_secs(1_800_000_000);
        let verified = verify(&token, &self.evidence, &self.policy, now)?;
        verified.confirm(&Possession::bearer()).map(drop)
    }
}

/// Why the token is rejected.
#[inline(never)]
fn judge_one(judges: &Judges, token: &str) -> Option<Reason> {
    let judged = if token.len() <= LARGEST_OF_VALIDATOR {
        match judges.validator.validate_cached(token)? {
            Ok(_) => Ok(()),
            Err(Error::Rejected(rejection)) => Err(rejection),
            Err(error) => panic!("{error}"),
        }
    } else {
        judges.judge_large(token)
    };
    judged.err().map(|rejection| rejection.reason())
}

/// Judges the tokens in turn, and prints the names of each size's on a line.
fn run() {
    let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms([Algorithm::RS256]);
    let judges = Judges::of(&issuer);
    let judge = |payload: &str, kid: Option<&str>| {
        let token = issuer.token().algorithm(Algorithm::RS256);
        let token = match kid {
            Some(kid) => token.header("kid", kid),
            None => token,
        };
        let token = token.raw_payload(payload.as_bytes()).mint();
        (token.len(), token)
    };
    let (_, first) = judge(&(claims(END_OF_TIME, true) + "\"x\":0}"), None);
    // What is done once in a process is done before counting; not under the counted name.
    judges
        .validator
        .validate_cached(&first)
        .expect("keys")
        .expect("good");
    judges.judge_large(&first).expect("good");
    for size in SIZES {
        let room = room_for_claims(&issuer, size);
        let good = claims(END_OF_TIME, true);
        let good = format!("{good}\"x\":\"{}\"}}", "a".repeat(room - good.len() - 7));
        let (length, token) = judge(&good, None);
        let rejected_for = judge_one(black_box(&judges), black_box(&token));
        assert!(rejected_for.is_none() && (size - 4..=size).contains(&length));
        print!("accepted");
        for (name, payload, reason) in hostile(room) {
            // Of the same length as the kid of the issuer's key.
            let kid = (reason == Reason::UnknownKey).then_some("unknown");
            let (length, token) = judge(&payload, kid);
            let rejected_for = judge_one(black_box(&judges), black_box(&token));
            assert_eq!(rejected_for, Some(reason), "{name}");
            assert!(length <= size + 64, "{name}");
            print!("|{name}");
        }
        println!();
    }
}

fn count() {
    if !has_valgrind() {
        println!("<!-- hostile -->\nskipped: valgrind is not installed");
        return;
    }
    // Each call's count goes into a file of its own.
    let options = [format!("--dump-after={COUNTED_FUNCTION}")];
    let listed = run_under_callgrind("all", COUNTED_FUNCTION, OUTPUT, &options);
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
    let [small, cap, mib, mibs] = &columns[..] else {
        panic!("not four sizes: {listed}");
    };
    println!("<!-- hostile -->");
    println!("| JSON | 2 KiB | 16 KiB | 1 MiB | 4 MiB | a byte at 1 MiB, at 4 MiB |");
    println!("| --- | --: | --: | --: | --: | --: |");
    let mut over = String::new();
    let (mut largest, mut largest_growth) = ([0; 4], [0.0_f64; 2]);
    for (at, (name, _)) in small.iter().enumerate() {
        let row = [small[at].1, cap[at].1, mib[at].1, mibs[at].1];
        let per_byte = |size: usize| row[size] as f64 / SIZES[size] as f64;
        let growth = [2, 3].map(|size| per_byte(size) / per_byte(1));
        let growth_text = format!("{:.2}, {:.2}", growth[0], growth[1]);
        if at == 0 {
            let [a, b, c, d] = row;
            println!("| {name}, instructions | {a} | {b} | {c} | {d} | {growth_text} |");
            continue;
        }
        let accepted = [small[0].1, cap[0].1, mib[0].1, mibs[0].1];
        let shares: Vec<u64> = row
            .iter()
            .zip(accepted)
            .map(|(of, whole)| share(*of, whole))
            .collect();
        let [a, b, c, d] = shares[..] else {
            panic!("four sizes")
        };
        for (most, share) in largest.iter_mut().zip(&shares) {
            *most = (*most).max(*share);
        }
        for (most, growth) in largest_growth.iter_mut().zip(growth) {
            *most = most.max(growth);
        }
        println!("| {name} | {a} % | {b} % | {c} % | {d} % | {growth_text} |");
        let mut bounds = BOUNDS;
        if name.starts_with(USUAL) {
            bounds[0] = BOUND_OF_USUAL;
        }
        let is_over = shares
            .iter()
            .zip(bounds)
            .any(|(share, bound)| *share > bound);
        if is_over || growth.iter().any(|growth| *growth > GROWTH) {
            let _ = write!(over, "\n{name}: {shares:?} %, growth {growth_text}");
        }
    }
    let ([a, b, c, d], [mib, mibs]) = (largest, largest_growth);
    println!(
        "| the largest of each column | {a} % | {b} % | {c} % | {d} % | {mib:.2}, {mibs:.2} |"
    );
    assert!(over.is_empty(), "over the bounds:{over}");
}

fn share(of: u64, whole: u64) -> u64 {
    (of * 100 + whole / 2) / whole
}

/// The instructions that a file of callgrind reports.
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

/// Claims sets that are as full of one kind of thing as there is room, and what they are rejected
/// for.
fn hostile(room: usize) -> Vec<(&'static str, String, Reason)> {
    /// Objects and arrays inside one another are at most 32.
    const DEPTH: usize = 29;
    const CNF: &str = r#""cnf":{"jkt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","#;
    /// Closest to the middle between two doubles, which is slow to round.
    const HARD: &str = "1.79769313486231580793728971405303415e308";

    let expired = claims(LONG_AGO, true);
    let other = claims(LONG_AGO, false);
    let good = claims(END_OF_TIME, true);
    let full = |begin: &str, open: &str, close: &str, unit: &dyn Fn(usize) -> String| {
        filled(format!("{begin}{open}"), room, close, unit)
    };
    let array = |one: &str| full(&expired, "\"x\":[", "]}", &|_| one.to_owned());
    let names = |one: &dyn Fn(usize) -> String| {
        full(&expired, r#""x":{"#, "}}", &|at| {
            format!("\"{}\":0", one(at))
        })
    };
    // Fewer than there is room for would not matter; more would not be descending.
    let most = room / 6;
    let strings = |begin: &str, claim: &str, one: &dyn Fn(usize) -> String| {
        full(begin, &format!("\"{claim}\":["), "]}", &|at| {
            format!("\"{}\"", one(at))
        })
    };
    let same = |text: &'static str| move |_| text.to_owned();
    let nested = |open: &str, inner: &str, close: &str| {
        array(&(open.repeat(DEPTH) + inner + &close.repeat(DEPTH)))
    };
    // The first of two objects has half of the bytes.
    let half = |close: &str| {
        let begin = format!("{expired}\"x\":{{");
        let unit = |at| format!("\"{}\":0", short_name(at));
        filled(
            begin,
            expired.len() + (room - expired.len()) / 2,
            close,
            unit,
        )
    };
    let two_objects = filled(half("},\"y\":{"), room, "}}", |at| {
        format!("\"{}\":0", short_name(at))
    });
    let one_member_after_names = filled(half("},\"y\":["), room, "]}", |_| r#"{"":0}"#.into());
    let open_after_names = filled(half(",\"_\":["), room, "]}}", |_| r#"{"":0}"#.into());
    let dates = format!(
        r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":{HARD},"nbf":{HARD},"iat":{HARD},"auth_time":{HARD},"x":[0]}}"#
    );

    let expired_rows = [
        ("digits", array("0")),
        ("`null`", array("null")),
        ("empty strings", array(r#""""#)),
        ("empty arrays", array("[]")),
        ("empty objects", array("{}")),
        ("objects of one member", array(r#"{"":0}"#)),
        ("objects of one escaped member", array(r#"{"\n":0}"#)),
        ("objects of two members", array(r#"{"":0,"a":0}"#)),
        (
            "objects of two escaped members",
            array(r#"{"\n":0,"\na":0}"#),
        ),
        ("nested arrays", nested("[", "", "]")),
        ("nested objects", nested(r#"{"":"#, "0", "}")),
        ("nested objects, escaped", nested(r#"{"\n":"#, "0", "}")),
        ("names, ascending", names(&sorted_name)),
        ("names, descending", names(&|at| sorted_name(most - at))),
        ("names, the shortest", names(&short_name)),
        (
            "names, escaped",
            names(&|at| format!("\\n{}", short_name(at))),
        ),
        ("names of 8 bytes", names(&|at| format!("a{at:07}"))),
        ("names in each of two objects", two_objects),
        ("names, then objects of one member", one_member_after_names),
        ("names, and in them objects of one member", open_after_names),
        (
            "claims",
            full(&expired, "", "}", &|at| {
                format!("\"{}_\":0", short_name(at))
            }),
        ),
        (
            "escaped claims",
            full(&expired, "", "}", &|at| {
                format!("\"\\n{}\":0", short_name(at))
            }),
        ),
        (
            "claims with an escape at the end",
            full(&expired, "", "}", &|at| {
                format!("\"{}\\n\":0", short_name(at))
            }),
        ),
        (
            "one long escaped name",
            names(&|at| {
                if at == 0 {
                    "\\n".repeat(room / 2 - 200)
                } else {
                    "b".repeat(room)
                }
            }),
        ),
        ("escaped strings", array(r#""\n""#)),
        ("escaped pairs of surrogates", array(r#""\ud83d\ude00""#)),
        ("numbers with an exponent", array("1e1")),
        ("numbers of 1e308", array("1e308")),
        (
            "numbers of the greatest double",
            array("1.7976931348623157e308"),
        ),
        ("numbers between two doubles", array(HARD)),
        (
            "numbers with a long exponent",
            array("1e0000000000000000001"),
        ),
        ("long numbers", array(&"9".repeat(64))),
        (
            "`cnf` with many values",
            full(&expired, &format!("{CNF}\"x\":["), "]}}", &|_| "0".into()),
        ),
        (
            "`cnf` with many names",
            full(&expired, CNF, "}}", &|at| {
                format!("\"{}\":0", short_name(at))
            }),
        ),
        (
            "`act` with many values",
            full(&expired, "\"act\":{\"sub\":\"a\",\"x\":[", "]}}", &|_| {
                "0".into()
            }),
        ),
        (
            "spaces",
            format!("{expired}\"x\":{}0}}", " ".repeat(room - expired.len() - 6)),
        ),
        (
            "usual: groups",
            strings(&expired, "groups", &|at| {
                format!("0f8fad5b-d9cb-469f-a165-{at:012}")
            }),
        ),
        (
            "usual: claims",
            full(&expired, "", "}", &|at| {
                format!("\"https://example.com/claim_{at}\":\"value {at}\"")
            }),
        ),
    ];
    let other_rows = [
        ("audiences", strings(&other, "aud", &same("a"))),
        ("escaped audiences", strings(&other, "aud", &same("\\n"))),
        (
            "usual: audiences",
            strings(&other, "aud", &|at| format!("https://api-{at}.example.com")),
        ),
    ];
    let good_rows = [
        (
            "scopes",
            full(&good, "\"scope\":\"", "\"}", &|_| "a".into()).replace("a,", "a "),
        ),
        ("scopes in a list", strings(&good, "scp", &same("a"))),
        (
            "escaped scopes in a list",
            strings(&good, "scp", &same("\\u0061")),
        ),
        ("roles", strings(&good, "roles", &same("a"))),
        ("escaped roles", strings(&good, "roles", &same("\\n"))),
        (
            "usual: roles",
            strings(&good, "roles", &|at| {
                format!("urn:example:department:role-{at}")
            }),
        ),
    ];
    let dates = ("dates between two doubles", dates, Reason::MalformedClaim);
    let expired_rows = expired_rows.map(|(name, payload)| (name, payload, Reason::Expired));
    let other_rows = other_rows.map(|(name, payload)| (name, payload, Reason::AudienceMismatch));
    let good_rows = good_rows.map(|(name, payload)| (name, payload, Reason::UnknownKey));
    let rows = expired_rows.into_iter().chain(other_rows).chain(good_rows);
    rows.chain([dates]).collect()
}

/// `begin` and `end` with as many units between them as there is room for.
fn filled(begin: String, room: usize, end: &str, unit: impl Fn(usize) -> String) -> String {
    let mut text = begin;
    for at in 0.. {
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

/// Few characters, others for each number.
fn short_name(mut number: usize) -> String {
    const FIRST: u8 = b'#';
    const END: u8 = b'[';

    let mut name = String::new();
    loop {
        let digit = number % usize::from(END - FIRST);
        name.push(char::from(
            FIRST + u8::try_from(digit).expect("a small number"),
        ));
        number /= usize::from(END - FIRST);
        if number == 0 {
            return name;
        }
        number -= 1;
    }
}

/// Three or four characters, in the order of the numbers.
fn sorted_name(number: usize) -> String {
    let mut name: Vec<char> = short_name(number + 50_000).chars().collect();
    name.reverse();
    name.into_iter().collect()
}
