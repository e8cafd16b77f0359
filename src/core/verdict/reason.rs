//! The reasons for a refusal, for programs.

use std::fmt;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// Why a token was refused, for programs: match it, count it. The first check that fails gives the reason.
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
    /// Longer than is taken: 16 KiB unless set otherwise, and 4 KiB for the encoded header.
    TooLong = "too_long",
    /// Neither a JWT nor other token68 text (RFC 6750 section 2.1).
    MalformedToken = "malformed_token",
    /// Opaque, or no JWT by its form, while no source takes opaque tokens.
    OpaqueToken = "opaque_token",
    /// Encrypted (JWE, RFC 7516), while no decryption key is configured.
    EncryptedToken = "encrypted_token",
    /// A part is not base64url in its one canonical spelling (RFC 7515 section 2).
    NotBase64url = "not_base64url",
    /// The header is not a well-formed JSON object, or has two members of one name (RFC 7515 section 4).
    MalformedHeader = "malformed_header",
    /// The claims set is not a well-formed JSON object, or has two members of one name (RFC 7519 section 4).
    MalformedPayload = "malformed_payload",
    /// The signature part is empty: an unsecured JWS (RFC 7515 appendix A.5).
    Unsigned = "unsigned",
    /// The authorization server says that the token is not active (RFC 7662 section 2.2): expired, revoked, or none that it
    /// knows.
    Inactive = "inactive",
    /// There is no `iss`.
    IssuerMissing = "issuer_missing",
    /// `iss` is not an issuer that is configured here, byte for byte.
    IssuerMismatch = "issuer_mismatch",
    /// `iss` fits the issuer's template, and its tenant is none of those that are allowed.
    TenantNotAllowed = "tenant_not_allowed",
    /// `tid` is another tenant than the one in `iss`.
    TenantMismatch = "tenant_mismatch",
    /// The header's `typ` is not one of an access token.
    TypeNotAccepted = "type_not_accepted",
    /// An ID token, logout token or another kind of JWT (RFC 8725 sections 2.8 and 3.12).
    NotAnAccessToken = "not_an_access_token",
    /// `crit` is there: no extension is understood, so none may be critical (RFC 7515 section 4.1.11).
    CriticalHeader = "critical_header",
    /// `zip`, `b64` or a nested `cty` in the header.
    UnsupportedHeader = "unsupported_header",
    /// `kid` is not a string.
    MalformedKeyId = "malformed_key_id",
    /// `alg` is missing or not a string.
    AlgorithmMissing = "algorithm_missing",
    /// `alg` is none that is verified here; `none` is among these.
    AlgorithmUnknown = "algorithm_unknown",
    /// `alg` is one that the policy leaves out.
    AlgorithmNotAllowed = "algorithm_not_allowed",
    /// There is no `aud`, or an empty one.
    AudienceMissing = "audience_missing",
    /// No `aud` is this API, byte for byte.
    AudienceMismatch = "audience_mismatch",
    /// There is no `exp`.
    ExpiryMissing = "expiry_missing",
    /// `exp` has passed.
    Expired = "expired",
    /// `nbf` has not come.
    NotYetValid = "not_yet_valid",
    /// `iat` lies in the future.
    IssuedInTheFuture = "issued_in_the_future",
    /// Older than the policy's `max_token_age`.
    TooOld = "too_old",
    /// Lives longer than the policy's `max_remaining`.
    LifetimeTooLong = "lifetime_too_long",
    /// A claim that the profile or policy requires is not there.
    ClaimMissing = "claim_missing",
    /// A claim is not what the policy requires it to be.
    ClaimMismatch = "claim_mismatch",
    /// A claim that is registered, or that the policy reads, is not of its type.
    MalformedClaim = "malformed_claim",
    /// The client is none of the allowed ones.
    ClientNotAllowed = "client_not_allowed",
    /// A scope has characters outside RFC 6749 section 3.3, or an array stands where a string must.
    MalformedScope = "malformed_scope",
    /// `cnf` has not the form of RFC 7800, RFC 8705 or RFC 9449.
    MalformedConfirmation = "malformed_confirmation",
    /// `cnf` asks for a proof that this crate doesn't know.
    UnknownConfirmation = "unknown_confirmation",
    /// No key of the issuer has this `kid` and fits the algorithm.
    UnknownKey = "unknown_key",
    /// The key of this `kid` is stated, by its JWK's `issuer`, to be another tenant's.
    KeyOfAnotherIssuer = "key_of_another_issuer",
    /// The signature does not verify.
    BadSignature = "bad_signature",
    /// The token is bound to a key or certificate (`cnf`), and possession of that was not proven.
    ProofOfPossessionMissing = "proof_of_possession_missing",
    /// The claims don't fit the type that they were asked for as.
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
    /// The one place that says which answer a reason leads to.
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
    /// what it is about.
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
