//! The reasons for a refusal, for programs.

use std::fmt;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// Why a token was refused, for programs. The first check that fails gives the reason.
        ///
        /// ```
        /// use resource_server::Reason;
        ///
        /// assert_eq!(Reason::Expired.as_str(), "expired");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// A stable name for logs and metrics.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Reason::$name => $text,)+
                }
            }
        }
    };
}

reasons! {
    /// The request presented no credentials.
    NoCredentials = "no_credentials",
    /// The token has more than 16 KiB, or the limit that is set, or its encoded header more than 4
    /// KiB.
    TooLong = "too_long",
    /// Neither a JWT nor other token68 text (RFC 6750 section 2.1).
    MalformedToken = "malformed_token",
    /// The token is opaque or not a JWT by its form, and no source introspects opaque tokens.
    OpaqueToken = "opaque_token",
    /// The token is encrypted (JWE, RFC 7516), and no decryption key is configured.
    EncryptedToken = "encrypted_token",
    /// A part is not base64url in its one canonical encoding (RFC 7515 section 2).
    NotBase64url = "not_base64url",
    /// The header is not a well-formed JSON object, or has two members of one name (RFC 7515
    /// section 4).
    MalformedHeader = "malformed_header",
    /// The claims set is not a well-formed JSON object, or has two members of one name (RFC 7519
    /// section 4).
    MalformedPayload = "malformed_payload",
    /// The signature part is empty: an unsecured JWS (RFC 7515 appendix A.5).
    Unsigned = "unsigned",
    /// The authorization server says that the token is not active (RFC 7662 section 2.2): it is
    /// expired, revoked or unknown.
    Inactive = "inactive",
    /// There is no `iss`.
    IssuerMissing = "issuer_missing",
    /// `iss` is not an issuer that is configured here, byte for byte.
    IssuerMismatch = "issuer_mismatch",
    /// `iss` matches the issuer's template, but its tenant is not allowed.
    TenantNotAllowed = "tenant_not_allowed",
    /// `tid` is another tenant than the one in `iss`.
    TenantMismatch = "tenant_mismatch",
    /// The header's `typ` is not one of an access token.
    TypeNotAccepted = "type_not_accepted",
    /// An ID token, logout token or another kind of JWT (RFC 8725 sections 2.8 and 3.12).
    NotAnAccessToken = "not_an_access_token",
    /// The header has `crit`: no extension is understood, so none may be critical (RFC 7515 section
    /// 4.1.11).
    CriticalHeader = "critical_header",
    /// The header has `zip`, `b64` or a nested `cty`.
    UnsupportedHeader = "unsupported_header",
    /// `kid` is not a string.
    MalformedKeyId = "malformed_key_id",
    /// `alg` is missing or not a string.
    AlgorithmMissing = "algorithm_missing",
    /// `alg` is not supported; `none` never is.
    AlgorithmUnknown = "algorithm_unknown",
    /// `alg` is not one that the policy accepts.
    AlgorithmNotAllowed = "algorithm_not_allowed",
    /// There is no `aud`, or an empty one.
    AudienceMissing = "audience_missing",
    /// No `aud` is this API, byte for byte.
    AudienceMismatch = "audience_mismatch",
    /// There is no `exp`.
    ExpiryMissing = "expiry_missing",
    /// `exp` has passed.
    Expired = "expired",
    /// `nbf` is in the future.
    NotYetValid = "not_yet_valid",
    /// `iat` is in the future.
    IssuedInTheFuture = "issued_in_the_future",
    /// The token is older than the policy's `max_token_age`.
    TooOld = "too_old",
    /// The token's `exp` is further ahead than the policy's `max_remaining`.
    LifetimeTooLong = "lifetime_too_long",
    /// A claim that the profile or policy requires is missing.
    ClaimMissing = "claim_missing",
    /// A claim has another value than the policy requires.
    ClaimMismatch = "claim_mismatch",
    /// A registered claim, or one that the policy reads, is not of its type.
    MalformedClaim = "malformed_claim",
    /// The client is not one of the allowed clients.
    ClientNotAllowed = "client_not_allowed",
    /// A scope has characters outside RFC 6749 section 3.3, or is in an array where only a string
    /// is accepted.
    MalformedScope = "malformed_scope",
    /// `cnf` does not have the form of RFC 7800, RFC 8705 or RFC 9449.
    MalformedConfirmation = "malformed_confirmation",
    /// `cnf` requires a proof that this crate doesn't know.
    UnknownConfirmation = "unknown_confirmation",
    /// No key of the issuer has this `kid` and fits the algorithm.
    UnknownKey = "unknown_key",
    /// The JWK of this `kid` names another tenant's issuer.
    KeyOfAnotherIssuer = "key_of_another_issuer",
    /// The signature does not verify.
    BadSignature = "bad_signature",
    /// The token is bound to a key or certificate (`cnf`), and possession of it was not proven.
    ProofOfPossessionMissing = "proof_of_possession_missing",
    /// The claims don't fit the type that the API reads them into.
    ClaimsDoNotFit = "claims_do_not_fit",
    /// The token is good but lacks scope for this operation.
    InsufficientScope = "insufficient_scope",
}

/// What a reason means for the answer to the request.
pub(crate) enum Verdict {
    /// No token was presented.
    NoToken,
    /// The token is not good.
    BadToken,
    /// The issuer vouches for the token, and this API can't accept it.
    UnfitToken,
    /// The token is good, but not for this operation.
    Forbidden,
}

impl Reason {
    /// Maps every reason to its answer.
    pub(crate) const fn verdict(self) -> Verdict {
        match self {
            Reason::NoCredentials => Verdict::NoToken,
            Reason::TooLong
            | Reason::MalformedToken
            | Reason::OpaqueToken
            | Reason::EncryptedToken
            | Reason::NotBase64url
            | Reason::MalformedHeader
            | Reason::MalformedPayload
            | Reason::Unsigned
            | Reason::Inactive
            | Reason::IssuerMissing
            | Reason::IssuerMismatch
            | Reason::TenantNotAllowed
            | Reason::TenantMismatch
            | Reason::TypeNotAccepted
            | Reason::NotAnAccessToken
            | Reason::CriticalHeader
            | Reason::UnsupportedHeader
            | Reason::MalformedKeyId
            | Reason::AlgorithmMissing
            | Reason::AlgorithmUnknown
            | Reason::AlgorithmNotAllowed
            | Reason::AudienceMissing
            | Reason::AudienceMismatch
            | Reason::ExpiryMissing
            | Reason::Expired
            | Reason::NotYetValid
            | Reason::IssuedInTheFuture
            | Reason::TooOld
            | Reason::LifetimeTooLong
            | Reason::ClaimMissing
            | Reason::ClaimMismatch
            | Reason::MalformedClaim
            | Reason::ClientNotAllowed
            | Reason::MalformedScope
            | Reason::MalformedConfirmation
            | Reason::UnknownConfirmation
            | Reason::UnknownKey
            | Reason::KeyOfAnotherIssuer
            | Reason::BadSignature => Verdict::BadToken,
            Reason::ProofOfPossessionMissing | Reason::ClaimsDoNotFit => Verdict::UnfitToken,
            Reason::InsufficientScope => Verdict::Forbidden,
        }
    }

    /// Whether it was found in a token whose signature had verified, so that the issuer vouches for
    /// the claims.
    pub const fn is_found_in_verified_token(self) -> bool {
        match self.verdict() {
            Verdict::NoToken | Verdict::BadToken => false,
            Verdict::UnfitToken | Verdict::Forbidden => true,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
