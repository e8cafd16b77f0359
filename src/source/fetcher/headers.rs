//! What a response's headers say of time.

use super::super::bounds::MAX_RETRY_AFTER;
use std::time::Duration;

use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap, RETRY_AFTER};

/// RFC 9110 section 10.2.3, where it is a number of seconds; at most an hour.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let pause = text.trim().parse().ok().map(Duration::from_secs);
    pause.map(|pause| pause.min(MAX_RETRY_AFTER))
}

/// How long the answer is fresh (RFC 9111 section 4.2), where it says so. `no-store` and `no-cache`
/// are no time at all.
pub(super) fn lifetime(headers: &HeaderMap) -> Option<Duration> {
    let mut max_age = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or_default().split(',') {
            let (name, argument) = match directive.split_once('=') {
                Some((name, argument)) => (name.trim(), argument.trim().trim_matches('"')),
                None => (directive.trim(), ""),
            };
            if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
                return Some(Duration::ZERO);
            }
            if name.eq_ignore_ascii_case("max-age") {
                // The shortest of several applies. One that can't be parsed is zero (section
                // 4.2.1).
                let seconds = argument.parse().map_or(0, |seconds: u64| seconds);
                max_age = Some(max_age.map_or(seconds, |known: u64| known.min(seconds)));
            }
        }
    }
    let age = headers
        .get(AGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse::<u64>().ok())
        .unwrap_or(0);
    max_age.map(|max_age| Duration::from_secs(max_age.saturating_sub(age)))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn how_long_an_answer_is_fresh() {
        let cases: &[(&[&str], Option<&str>, Option<u64>)] = &[
            (&[], None, None),
            (&["public"], None, None),
            (&["public, max-age=300"], None, Some(300)),
            (&["max-age=300"], Some("100"), Some(200)),
            (&["max-age=300"], Some("400"), Some(0)),
            (&["MAX-AGE=\"300\""], None, Some(300)),
            (&["max-age=300, max-age=60"], None, Some(60)),
            (&["max-age=300", "max-age=60"], None, Some(60)),
            (&["max-age=x"], None, Some(0)),
            (&["max-age=-1"], None, Some(0)),
            (&["no-store, max-age=300"], None, Some(0)),
            (&["no-cache"], None, Some(0)),
            (&["max-age=99999999999999999999"], None, Some(0)),
        ];
        for (lines, age, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(CACHE_CONTROL, HeaderValue::from_str(line).unwrap());
            }
            if let Some(age) = age {
                headers.insert(AGE, HeaderValue::from_str(age).unwrap());
            }
            let expected = expected.map(Duration::from_secs);
            assert_eq!(lifetime(&headers), expected, "{lines:?} {age:?}");
        }
    }
}
