//! Rows K06, K14 and S14: the bounds of key sets are settings of the issuer, with any source of the
//! set, and metadata has its own bounds.

use std::path::Path;

use resource_server::testing::TestIssuer;
use resource_server::{
    Algorithm, Issuer, Reason, Tenants, Validator,
    error::{ConfigErrorKind, KeyError, KeySetError, KeySetLimitsError},
    keys::{KeyFile, KeySnapshot, Misspelling, SkippedKey},
};
use serde_json::{Value, json};

use crate::support::http::{AUDIENCE, HandMade, clock, ok, outage, reason, validator};
use crate::support::{problems, signer};

const NAME: &str = "https://as.example.com/tenant";
/// RFC 8037 appendix A.
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const KIB: usize = 1_024;

/// So many keys of others, then the signer's.
fn jwks(others: usize, signer: &TestIssuer) -> String {
    let mut set: Value = serde_json::from_str(&signer.jwks()).unwrap();
    let own = set["keys"].as_array().unwrap().clone();
    let other =
        |n: usize| json!({"kty": "OKP", "crv": "Ed25519", "x": ED25519_X, "kid": n.to_string()});
    let keys: Vec<Value> = (0..others).map(other).chain(own).collect();
    set["keys"] = json!(keys);
    set.to_string()
}

/// The set with spaces in front, so that it has this many bytes.
fn padded(set: &str, bytes: usize) -> String {
    format!("{}{set}", " ".repeat(bytes - set.len()))
}

async fn serving(set: &str) -> HandMade {
    let answer = ok(set, "");
    HandMade::answering(move |_| answer.clone()).await
}

fn written(folder: &Path, set: &str) -> KeyFile {
    let path = folder.join("jwks.json");
    std::fs::write(&path, set).unwrap();
    KeyFile::new(path)
}

fn left_out(validator: &Validator) -> Option<KeyError> {
    let health = validator.health();
    let status = health[0].status();
    let status = status.tenants.first().map_or(status, |one| &one.status);
    let keys = status.keys.as_ref().unwrap();
    keys.skipped().first().map(SkippedKey::reason)
}

/// Fetched for one issuer, fetched for a tenant, from a file, and to start with: the signer's key
/// is number 1,001 of the set.
#[tokio::test]
async fn k06_the_number_of_keys_is_a_setting_for_every_set() {
    let signer = signer(NAME, &clock());
    let set = jwks(1_000, &signer);
    let server = serving(&set).await;
    let folder =
        std::env::temp_dir().join(format!("resource-server-bounds-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let tenants = || Issuer::template("https://as.example.com/{tenant}", Tenants::only(["tenant"]));
    let sources: [(&str, &dyn Fn() -> Issuer); 4] = [
        ("fetched", &|| Issuer::new(NAME).jwks_at(server.jwks_url())),
        ("a tenant's", &|| {
            tenants().jwks_at(format!("{}/{{tenant}}", server.host))
        }),
        ("a file", &|| {
            Issuer::new(NAME).key_file(written(&folder, &set))
        }),
        ("to start with", &|| {
            let nowhere = "http://127.0.0.1:9/jwks";
            Issuer::new(NAME).jwks_at(nowhere).starting_from_jwks(&set)
        }),
    ];
    let token = signer.token().mint();
    for (what, issuer) in sources {
        let api = validator(issuer().refresh_on_demand(), &clock());
        let refused = api.validate(&token).await;
        if what == "to start with" {
            // It may be a key that was not fetched yet.
            outage(refused);
        } else {
            assert_eq!(reason(refused), Reason::UnknownKey, "{what}");
        }
        let over = KeyError::OverMaxKeys {
            limit: 1_000,
            left_out: 1,
        };
        assert_eq!(left_out(&api), Some(over), "{what}");
        assert!(over.to_string().contains("max_keys"), "{over}");
        let api = validator(issuer().max_keys(1_001).refresh_on_demand(), &clock());
        api.validate(&token).await.unwrap();
        assert_eq!(left_out(&api), None, "{what}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn k06_the_size_of_a_set_is_a_setting_for_every_set() {
    let signer = signer(NAME, &clock());
    let default = 1_024 * KIB;
    let folder = std::env::temp_dir().join(format!("resource-server-sizes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let token = signer.token().mint();
    for (max, bytes, is_read) in [
        (None, default, true),
        (None, default + 1, false),
        (Some(2 * default), 2 * default, true),
        (Some(2 * default), 2 * default + 1, false),
        (Some(4 * KIB), 4 * KIB, true),
        (Some(4 * KIB), 4 * KIB + 1, false),
    ] {
        let set = padded(&signer.jwks(), bytes);
        let server = serving(&set).await;
        let template =
            Issuer::template("https://as.example.com/{tenant}", Tenants::only(["tenant"]));
        let issuers = [
            Issuer::new(NAME).jwks_at(server.jwks_url()),
            template.jwks_at(format!("{}/{{tenant}}", server.host)),
            Issuer::new(NAME).key_file(written(&folder, &set)),
        ];
        for issuer in issuers {
            let issuer = issuer.refresh_on_demand();
            let issuer = match max {
                Some(max) => issuer.max_key_set_bytes(max),
                None => issuer,
            };
            let api = validator(issuer, &clock());
            let judged = api.validate(&token).await;
            if is_read {
                judged.unwrap();
                continue;
            }
            let said = outage(judged);
            let limit = format!("larger than {} bytes", max.unwrap_or(default));
            for part in [&*limit, "Issuer::max_key_set_bytes"] {
                assert!(said.contains(part), "{bytes}: {said}");
            }
            let health = api.health();
            let status = health[0].status();
            let status = status.tenants.first().map_or(status, |one| &one.status);
            let last_error = status.last_error.clone().unwrap();
            assert!(
                last_error.contains("Issuer::max_key_set_bytes"),
                "{last_error}"
            );
        }
        let start = Issuer::new(NAME)
            .jwks_at(server.jwks_url())
            .starting_from_jwks(&set);
        let start = start.max_key_set_bytes(max.unwrap_or(default));
        let too_large = ConfigErrorKind::StartingKeys(KeySetError::TooLarge {
            bytes,
            limit: max.unwrap_or(default),
        });
        let expected = (!is_read).then(|| (Some(NAME.to_owned()), too_large));
        assert_eq!(problems(start), Vec::from_iter(expected));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn k06_a_snapshot_is_read_within_the_bounds() {
    let signer = signer(NAME, &clock());
    let server = serving(&jwks(1_000, &signer)).await;
    let issuer = || {
        Issuer::new(NAME)
            .jwks_at(server.jwks_url())
            .refresh_on_demand()
    };
    let builder = |issuer| {
        Validator::builder()
            .audience(AUDIENCE)
            .issuer(issuer)
            .clock(clock())
    };
    let first = builder(issuer().max_keys(2_000)).build().unwrap();
    first.warm_up().await.unwrap();
    let snapshot: KeySnapshot = first.snapshot();
    let token = signer.token().mint();
    let wide = builder(issuer().max_keys(2_000)).restore(snapshot.clone());
    assert!(
        wide.build()
            .unwrap()
            .validate_cached(&token)
            .unwrap()
            .is_ok()
    );
    let narrow = builder(issuer()).restore(snapshot.clone()).build().unwrap();
    assert!(narrow.validate_cached(&token).is_none());
    let over = left_out(&narrow);
    assert!(
        matches!(over, Some(KeyError::OverMaxKeys { .. })),
        "{over:?}"
    );
    let small = builder(issuer().max_key_set_bytes(4 * KIB)).restore(snapshot);
    let small = small.build().unwrap();
    let said = small.health()[0].status().last_error.clone().unwrap();
    assert!(said.contains("max_key_set_bytes"), "{said}");
}

#[test]
fn k06_bounds_out_of_range_are_reported_together() {
    let new = || Issuer::discover(NAME);
    let problem = |kind| (Some(NAME.to_owned()), ConfigErrorKind::KeySetLimits(kind));
    let keys = || problem(KeySetLimitsError::MaxKeys);
    let bytes = || problem(KeySetLimitsError::MaxBytes);
    for (issuer, expected) in [
        (new().max_keys(0), vec![keys()]),
        (new().max_keys(10_001), vec![keys()]),
        (new().max_key_set_bytes(KIB - 1), vec![bytes()]),
        (new().max_key_set_bytes(16 * KIB * KIB + 1), vec![bytes()]),
        (
            new().max_key_set_bytes(0).max_keys(0),
            vec![keys(), bytes()],
        ),
        (
            new().max_keys(10_000).max_key_set_bytes(16 * KIB * KIB),
            vec![],
        ),
        (new().max_keys(1).max_key_set_bytes(KIB), vec![]),
    ] {
        assert_eq!(problems(issuer), expected);
    }
}

/// Bounds of key sets say nothing about metadata.
#[tokio::test]
async fn s14_a_metadata_document_has_bounds_of_its_own() {
    let signer = signer(NAME, &clock());
    for (bytes, is_read) in [(1_024 * KIB, true), (1_024 * KIB + 1, false)] {
        let keys = ok(&signer.jwks(), "");
        let server = HandMade::answering(move |request| {
            if request.path() == "/jwks" {
                return keys.clone();
            }
            // Thousands of members and list entries.
            let mut document =
                json!({"issuer": NAME, "jwks_uri": format!("{}/jwks", request.host)});
            for n in 0..2_000 {
                document[n.to_string()] = json!([n]);
            }
            document["claims_supported"] = json!(vec!["a claim"; 20_000]);
            ok(&padded(&document.to_string(), bytes), "")
        })
        .await;
        let issuer = Issuer::new(NAME).discovery_at(format!("{}/doc", server.host));
        let api = validator(
            issuer.max_key_set_bytes(4 * KIB).refresh_on_demand(),
            &clock(),
        );
        let judged = api.validate(&signer.token().mint()).await;
        if is_read {
            judged.unwrap();
        } else {
            let said = outage(judged);
            assert!(said.contains("larger than 1048576 bytes"), "{said}");
            assert!(!said.contains("max_key_set_bytes"), "{said}");
        }
    }
}

#[tokio::test]
async fn k14_what_was_misspelt_shows_in_health() {
    let set = json!({"keys": [{
        "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": format!("{}=", ED25519_X.replace('_', "/")), "d": null,
    }]});
    let server = serving(&set.to_string()).await;
    let api = validator(Issuer::new(NAME).jwks_at(server.jwks_url()), &clock());
    api.warm_up().await.unwrap();
    let health = api.health();
    let keys = health[0].status().keys.clone().unwrap();
    let notes: Vec<_> = keys
        .notes()
        .iter()
        .map(|one| (one.member(), one.misspelling()))
        .collect();
    assert_eq!(
        notes,
        [("d", Misspelling::Null), ("x", Misspelling::Base64)]
    );
    let shown = format!("{health:?}");
    assert!(
        shown.contains("Base64") && shown.contains("Null"),
        "{shown}"
    );
}

/// A certificate authority's worth of PEM keys.
#[cfg(feature = "pem")]
#[tokio::test]
async fn k06_a_pem_file_is_read_within_the_bounds() {
    /// RFC 8410 section 10.1.
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    let folder = std::env::temp_dir().join(format!("resource-server-pem-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("keys.pem");
    std::fs::write(&path, PEM.repeat(3)).unwrap();
    let issuer = || Issuer::new(NAME).key_file(KeyFile::new(&path).pem(Algorithm::Ed25519));
    let api = validator(issuer().max_keys(3), &clock());
    api.warm_up().await.unwrap();
    for issuer in [
        issuer().max_keys(2),
        issuer().max_key_set_bytes(KIB).max_keys(2),
    ] {
        let said = validator(issuer, &clock()).warm_up().await.unwrap_err();
        assert!(said.to_string().contains("max_keys"), "{said}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
