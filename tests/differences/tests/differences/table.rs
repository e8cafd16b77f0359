//! Every way in which a verdict of ours differs from one of jsonwebtoken's.

use resource_server::Reason;

use crate::comparison::Verdicts;
use crate::draft::Draft;

/// One row of the table in the README.
pub(crate) struct Row {
    /// What the token looks like.
    pub(crate) token: &'static str,
    pub(crate) verdict: Verdict,
    /// Labels of the changes and algorithms that lead to it.
    pub(crate) of: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// We refuse, they accept.
    Stricter(Reason, Why),
    /// We accept, they refuse with this `ErrorKind`, and the RFC is on our side.
    Wider(&'static str, &'static str),
}

/// The row of the requirements, and the RFC where one speaks of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Why(pub(crate) &'static str, pub(crate) &'static str);

use Verdict::{Stricter, Wider};

impl Row {
    /// Whether a disagreement is one of this row, by both verdicts and by how the token was made.
    pub(crate) fn explains(&self, draft: &Draft, verdicts: &Verdicts) -> bool {
        let fits = match self.verdict {
            Stricter(reason, _) => verdicts.ours == Some(reason) && verdicts.theirs.is_none(),
            Wider(kind, _) => verdicts.ours.is_none() && verdicts.theirs.as_deref() == Some(kind),
        };
        fits && draft.labels().any(|label| self.of.contains(&label))
    }

    /// The row as it stands in the README.
    pub(crate) fn in_markdown(&self) -> String {
        let token = self.token;
        match self.verdict {
            Stricter(reason, Why(requirement, rfc)) => {
                let rfc = if rfc.is_empty() {
                    String::new()
                } else {
                    format!("; {rfc}")
                };
                format!(
                    "| {token} | refuses: `{reason:?}` | accepts | stricter, {requirement}{rfc} |"
                )
            }
            Wider(kind, rfc) => format!("| {token} | accepts | refuses: `{kind}` | {rfc} |"),
        }
    }
}

const fn stricter(
    token: &'static str,
    reason: Reason,
    why: Why,
    of: &'static [&'static str],
) -> Row {
    Row {
        token,
        verdict: Stricter(reason, why),
        of,
    }
}

const fn wider(
    token: &'static str,
    kind: &'static str,
    rfc: &'static str,
    of: &'static [&'static str],
) -> Row {
    Row {
        token,
        verdict: Wider(kind, rfc),
        of,
    }
}

pub(crate) const TABLE: &[Row] = &[
    // The outer form.
    stricter(
        "longer than 16 KiB",
        Reason::TooLong,
        Why("T03", ""),
        &["long token"],
    ),
    stricter(
        "header part longer than 4 KiB",
        Reason::TooLong,
        Why("T03", ""),
        &["long header"],
    ),
    stricter(
        "white space before the header's `{`",
        Reason::OpaqueToken,
        Why("T01", ""),
        &["header edit", "space before header"],
    ),
    // The header.
    stricter(
        "header with two members of one name, at any depth",
        Reason::MalformedHeader,
        Why("T04", "RFC 7515 section 4"),
        &["header doubled"],
    ),
    stricter(
        "header nested deeper than 32",
        Reason::MalformedHeader,
        Why("T04", ""),
        &["header deep"],
    ),
    stricter(
        "`alg` as an object with the algorithm's name: `{\"ES256\":null}`",
        Reason::AlgorithmMissing,
        Why("T05", "RFC 7515 section 4.1.1"),
        &["header alg"],
    ),
    stricter(
        "`typ` of another kind of token, or `null`",
        Reason::TypeNotAccepted,
        Why("T09", "RFC 8725 section 3.11"),
        &["header edit", "header typ"],
    ),
    stricter(
        "`kid` is `null`",
        Reason::MalformedKeyId,
        Why("T08", "RFC 7515 section 4.1.4"),
        &["header kid"],
    ),
    stricter(
        "`kid` names no key of the set",
        Reason::UnknownKey,
        Why("K05", "RFC 7515 section 4.1.4"),
        &["header edit", "header kid"],
    ),
    stricter(
        "`crit` is `null`, or names `b64` where that is `true`",
        Reason::CriticalHeader,
        Why("T06", "RFC 7515 section 4.1.11"),
        &["header crit"],
    ),
    stricter(
        "`b64` is `true`",
        Reason::UnsupportedHeader,
        Why("T06", "RFC 7797 section 7"),
        &["header b64"],
    ),
    stricter(
        "`zip`, which is for encryption",
        Reason::UnsupportedHeader,
        Why("T07", "RFC 7516 section 4.1.3"),
        &["header zip"],
    ),
    stricter(
        "`cty` of a nested token, or `null`",
        Reason::UnsupportedHeader,
        Why("T07", "RFC 7519 section 5.2"),
        &["header cty"],
    ),
    wider(
        "`jku`, `jwk`, `x5u`, `x5c`, `x5t`, `enc`, `url` or `nonce` in the header is of another type",
        "Json",
        "RFC 7515 section 5.2, step 5",
        &["header unused"],
    ),
    // The claims set as a text.
    stricter(
        "claims set is an array: `[exp,nbf,sub,iss,aud]`",
        Reason::MalformedPayload,
        Why("C05", "RFC 7519 section 7.2, step 10"),
        &["claims as array"],
    ),
    stricter(
        "two claims of one name, at any depth",
        Reason::MalformedPayload,
        Why("C05", "RFC 7519 section 4"),
        &["claims doubled"],
    ),
    stricter(
        "claims nested deeper than 32",
        Reason::MalformedPayload,
        Why("C05", ""),
        &["claims deep"],
    ),
    stricter(
        "a number of more than 64 bytes",
        Reason::MalformedPayload,
        Why("C05", ""),
        &["long number"],
    ),
    stricter(
        "a name that serde_json takes for a mark of its own: `$serde_json::private::RawValue`",
        Reason::MalformedPayload,
        Why("C05", ""),
        &["claims private name"],
    ),
    // Claims.
    stricter(
        "`iss` is an array with the issuer in it",
        Reason::MalformedClaim,
        Why("C01", "RFC 7519 section 4.1.1"),
        &["claim iss"],
    ),
    stricter(
        "`exp` is over 2^63 - 1",
        Reason::MalformedClaim,
        Why("C03", ""),
        &["claims edit", "claim exp"],
    ),
    stricter(
        "`exp` with the leeway is this very second",
        Reason::Expired,
        Why("C03", "RFC 7519 section 4.1.4"),
        &["claim exp"],
    ),
    stricter(
        "`exp` has a fraction, and is over before the second that it is rounded to",
        Reason::Expired,
        Why("C03", "RFC 7519 section 4.1.4"),
        &["claim exp with a fraction"],
    ),
    stricter(
        "`nbf` has a fraction, and comes after the second that it is rounded to",
        Reason::NotYetValid,
        Why("C03", "RFC 7519 section 4.1.5"),
        &["claim nbf with a fraction"],
    ),
    wider(
        "`nbf` is below zero, before 1970",
        "InvalidClaimFormat",
        "RFC 7519 section 2, NumericDate",
        &["claim nbf below zero"],
    ),
    stricter(
        "`iat` in the future",
        Reason::IssuedInTheFuture,
        Why("C04", ""),
        &["claims edit", "claim iat"],
    ),
    stricter(
        "`iat`, `sub`, `jti`, `client_id` (without it `azp`) or `act` of another type, or `null`; `sub` that is empty",
        Reason::MalformedClaim,
        Why("C11", "RFC 7519 section 4"),
        &[
            "claim iat",
            "claim sub",
            "claim jti",
            "claim client_id",
            "claim azp",
            "claim act",
        ],
    ),
    stricter(
        "`scope` is no string, or `scope` or `scp` has other characters than a scope may have",
        Reason::MalformedScope,
        Why("C08", "RFC 6749 section 3.3"),
        &["claim scope", "claim scp"],
    ),
    stricter(
        "claims of an ID token: `nonce`, `at_hash`, `c_hash`, `s_hash`",
        Reason::NotAnAccessToken,
        Why("C07", "RFC 8725 section 3.12"),
        &["claim of an ID token"],
    ),
    stricter(
        "claims of other tokens: `events`, `token_introspection`, `typ` of another kind",
        Reason::NotAnAccessToken,
        Why("C07", "RFC 8725 section 3.12"),
        &["claim of another token"],
    ),
    stricter(
        "`cnf` binds the token to a key, which nobody proved to hold",
        Reason::ProofOfPossessionMissing,
        Why("D07", "RFC 9449 section 7.2"),
        &["claim cnf"],
    ),
    stricter(
        "`cnf` has not its form",
        Reason::MalformedConfirmation,
        Why("D07", "RFC 7800 section 3.1"),
        &["claim cnf"],
    ),
    stricter(
        "`cnf` asks for another proof than we know",
        Reason::UnknownConfirmation,
        Why("M03", "RFC 7800 section 3.1"),
        &["claim cnf"],
    ),
    // Algorithms.
    wider(
        "`alg` is `Ed25519`",
        "Json",
        "RFC 9864 section 2.2",
        &["Ed25519"],
    ),
    wider(
        "`alg` is `ES512`",
        "Json",
        "RFC 7518 section 3.4",
        &["ES512"],
    ),
    wider(
        "`alg` is `ES256K`",
        "UnsupportedAlgorithm",
        "RFC 8812 section 3.2",
        &["ES256K"],
    ),
    wider(
        "`alg` is `ML-DSA-44`, `ML-DSA-65` or `ML-DSA-87`",
        "UnsupportedAlgorithm",
        "RFC 9964 section 4",
        &["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"],
    ),
];
