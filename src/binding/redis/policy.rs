//! Whether Redis evicts live entries.

/// The policy under which a full Redis refuses commands that need memory.
const KEEPS_ALL: &str = "noeviction";
/// The longest name of a policy that is shown. Those of Redis are shorter.
const MAX_NAME_BYTES: usize = 32;

/// What is wrong with the policy in the answer to `INFO memory`.
pub(super) fn warning_of(info: &str, address: &str) -> Option<String> {
    let mut lines = info.lines();
    let policy = lines.find_map(|line| line.strip_prefix("maxmemory_policy:"));
    match policy.map(str::trim) {
        Some(KEEPS_ALL) => None,
        Some(policy) if is_name(policy) => Some(format!(
            "the maxmemory-policy of the replay store at {address} is {policy}, which may evict live entries: set {KEEPS_ALL}"
        )),
        _ => Some(unknown(address)),
    }
}

/// The warning where `INFO memory` is refused, or does not name the policy.
pub(super) fn unknown(address: &str) -> String {
    format!(
        "the replay store at {address} does not name its maxmemory-policy (INFO memory), so it may evict live entries"
    )
}

fn is_name(policy: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    (1..=MAX_NAME_BYTES).contains(&policy.len()) && policy.bytes().all(is_of_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d03_a_policy_that_may_evict_live_entries_is_named() {
        let evicts = "the maxmemory-policy of the replay store at redis:6379 is volatile-ttl, which \
                      may evict live entries: set noeviction";
        let unknown = unknown("redis:6379");
        let table = [
            (
                "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n",
                None,
            ),
            (
                "# Memory\r\nmaxmemory_policy:volatile-ttl\r\nx:1\r\n",
                Some(evicts),
            ),
            ("# Memory\r\nmaxmemory:0\r\n", Some(unknown.as_str())),
            ("maxmemory_policy:\r\n", Some(&unknown)),
            ("maxmemory_policy:<script>\r\n", Some(&unknown)),
            (
                "maxmemory_policy:an-endless-name-that-is-not-one-of-redis",
                Some(&unknown),
            ),
            ("", Some(&unknown)),
        ];
        for (info, expected) in table {
            assert_eq!(
                warning_of(info, "redis:6379").as_deref(),
                expected,
                "{info}"
            );
        }
    }
}
