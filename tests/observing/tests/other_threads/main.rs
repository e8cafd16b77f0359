//! Row P08: what is recorded on threads of the crate's own. Subscriber and recorder are those of
//! the process, so this binary has one test.

#[path = "../observing/support.rs"]
mod support;

use std::time::Duration;

use metrics_util::debugging::DebuggingRecorder;
use resource_server::Issuer;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use support::{ISSUER, block_on, builder, clock, keeping, measured, signer};

/// Files are read on a thread that may wait.
#[test]
fn p08_changes_of_a_key_file_are_recorded() {
    const MINUTE: Duration = Duration::from_secs(60);
    let (subscriber, seen) = keeping(LevelFilter::TRACE, || ());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::set_global_recorder(recorder).unwrap();

    let clock = clock();
    let path = std::env::temp_dir().join(format!("observing-{}.json", std::process::id()));
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    write(&signer(&clock).jwks());
    let validator = builder(Issuer::new(ISSUER).key_file(path.as_path()), &clock);
    let validator = validator.build().unwrap();
    block_on(async {
        validator.warm_up().await.unwrap();
        clock.advance(MINUTE);
        validator.warm_up().await.unwrap();
        write(&signer(&clock).jwks());
        clock.advance(MINUTE);
        validator.warm_up().await.unwrap();
        std::fs::remove_file(&path).unwrap();
        clock.advance(MINUTE);
        // The keys serve on.
        validator.warm_up().await.unwrap();
    });

    let seen = seen.lock().unwrap();
    let found: Vec<_> = seen
        .iter()
        .map(|event| {
            assert_eq!(event.field("issuer"), Some(ISSUER), "P08");
            let is_named = |name| event.field(name).is_some();
            (
                event.level,
                is_named("added"),
                is_named("withdrawn"),
                event.field("age_seconds"),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (Level::INFO, true, false, None),
            (Level::DEBUG, false, false, Some("60")),
            (Level::INFO, true, true, Some("60")),
            (Level::WARN, false, false, Some("60")),
        ],
        "P08: {seen:?}"
    );
    let measured = measured(&snapshotter);
    let name = "resource_server_key_refreshes_total";
    for (labels, count) in [
        ("outcome=changed,reason=none", "2"),
        ("outcome=unchanged,reason=none", "1"),
        ("outcome=failed,reason=other", "1"),
    ] {
        let found = &measured[&format!("{name}{{{labels}}}")];
        assert_eq!(found, count, "P08: {labels}");
    }
    let ages = &measured["resource_server_key_age_seconds{}"];
    assert_eq!(ages, "[60.0, 60.0, 60.0]", "P08");
}
