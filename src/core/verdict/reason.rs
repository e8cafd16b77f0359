//! The reasons for a refusal, for programs, and what each means for the answer.

use std::fmt;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal => $verdict:ident,)+) => {
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

            /// What the reason means for the answer to the request.
            pub(crate) const fn verdict(self) -> Verdict {
                match self {
                    $(Reason::$name => Verdict::$verdict,)+
                }
            }
        }
    };
}

reasons! {
    /// The request presented no credentials.
    NoCredentials = "no_credentials" => NoToken,
    /// The `Authorization` header is doubled, or does not have the form `Bearer <token>` (RFC 6750
    /// section 2.1).
    MalformedCredentials = "malformed_credentials" => BadRequest,
    /// The token was presented under the scheme `DPoP` (RFC 9449 section 7.1), which is not
    /// offered: [`ValidatorBuilder::dpop`](crate::ValidatorBuilder::dpop) is not set.
    DpopNotSupported = "dpop_not_supported" => BadToken,
    /// The token has more than 16 KiB, or the limit that is set, or its encoded header more than 4
    /// KiB.
    TooLong = "too_long" => BadToken,
    /// Neither a JWT nor other token68 text (RFC 6750 section 2.1).
    MalformedToken = "malformed_token" => BadToken,
    /// The token is opaque or not a JWT by its form, and no source introspects opaque tokens.
    OpaqueToken = "opaque_token" => BadToken,
    /// The token is encrypted (JWE, RFC 7516), and no decryption key is configured.
    EncryptedToken = "encrypted_token" => BadToken,
    /// A part is not base64url in its one canonical encoding (RFC 7515 section 2).
    NotBase64url = "not_base64url" => BadToken,
    /// The header is not a well-formed JSON object, or has two members of one name (RFC 7515
    /// section 4).
    MalformedHeader = "malformed_header" => BadToken,
    /// The claims set is not a well-formed JSON object, or has two members of one name (RFC 7519
    /// section 4).
    MalformedPayload = "malformed_payload" => BadToken,
    /// The signature part is empty: an unsecured JWS (RFC 7515 appendix A.5).
    Unsigned = "unsigned" => BadToken,
    /// The authorization server says that the token is not active (RFC 7662 section 2.2): it is
    /// expired, revoked or unknown.
    Inactive = "inactive" => BadToken,
    /// There is no `iss`.
    IssuerMissing = "issuer_missing" => BadToken,
    /// `iss` is not an issuer that is configured here, byte for byte.
    IssuerMismatch = "issuer_mismatch" => BadToken,
    /// `iss` matches the issuer's template, but its tenant is not allowed.
    TenantNotAllowed = "tenant_not_allowed" => BadToken,
    /// `tid` is another tenant than the one in `iss`.
    TenantMismatch = "tenant_mismatch" => BadToken,
    /// The header's `typ` is not one of an access token.
    TypeNotAccepted = "type_not_accepted" => BadToken,
    /// An ID token, logout token or another kind of JWT (RFC 8725 sections 2.8 and 3.12).
    NotAnAccessToken = "not_an_access_token" => BadToken,
    /// The header has `crit`: no extension is understood, so none may be critical (RFC 7515 section
    /// 4.1.11).
    CriticalHeader = "critical_header" => BadToken,
    /// The header has `zip`, `b64` or a nested `cty`.
    UnsupportedHeader = "unsupported_header" => BadToken,
    /// `kid` is not a string.
    MalformedKeyId = "malformed_key_id" => BadToken,
    /// `alg` is missing or not a string.
    AlgorithmMissing = "algorithm_missing" => BadToken,
    /// `alg` is not supported; `none` never is.
    AlgorithmUnknown = "algorithm_unknown" => BadToken,
    /// `alg` is not one that the policy accepts.
    AlgorithmNotAllowed = "algorithm_not_allowed" => BadToken,
    /// There is no `aud`, or an empty one.
    AudienceMissing = "audience_missing" => BadToken,
    /// No `aud` is this API, byte for byte.
    AudienceMismatch = "audience_mismatch" => BadToken,
    /// There is no `exp`.
    ExpiryMissing = "expiry_missing" => BadToken,
    /// `exp` has passed.
    Expired = "expired" => BadToken,
    /// `nbf` is in the future.
    NotYetValid = "not_yet_valid" => BadToken,
    /// `iat` is in the future.
    IssuedInTheFuture = "issued_in_the_future" => BadToken,
    /// The token is older than the policy's `max_token_age`.
    TooOld = "too_old" => BadToken,
    /// The token's `exp` is further ahead than the policy's `max_remaining`.
    LifetimeTooLong = "lifetime_too_long" => BadToken,
    /// A claim that the profile or policy requires is missing.
    ClaimMissing = "claim_missing" => BadToken,
    /// A claim has another value than the policy requires.
    ClaimMismatch = "claim_mismatch" => BadToken,
    /// A registered claim, or one that the policy reads, is not of its type.
    MalformedClaim = "malformed_claim" => BadToken,
    /// The client is not one of the allowed clients.
    ClientNotAllowed = "client_not_allowed" => BadToken,
    /// A scope has characters outside RFC 6749 section 3.3, or is in an array where only a string
    /// is accepted.
    MalformedScope = "malformed_scope" => BadToken,
    /// `cnf` does not have the form of RFC 7800, RFC 8705 or RFC 9449.
    MalformedConfirmation = "malformed_confirmation" => BadToken,
    /// `cnf` requires a proof that this crate doesn't know.
    UnknownConfirmation = "unknown_confirmation" => BadToken,
    /// No key of the issuer has this `kid` and fits the algorithm.
    UnknownKey = "unknown_key" => BadToken,
    /// The JWK of this `kid` names another tenant's issuer.
    KeyOfAnotherIssuer = "key_of_another_issuer" => BadToken,
    /// The signature does not verify.
    BadSignature = "bad_signature" => BadToken,
    /// The token was presented under the scheme `DPoP`, and the request has no proof.
    ProofMissing = "proof_missing" => BadProof,
    /// The DPoP proof is not exactly one JWT of the form of RFC 9449 section 4.2.
    ProofMalformed = "proof_malformed" => BadProof,
    /// The DPoP proof is for another request (`htm`, `htu`) or another token (`ath`).
    ProofMismatch = "proof_mismatch" => BadProof,
    /// The DPoP proof is too old, or made in the future.
    ProofNotCurrent = "proof_not_current" => BadProof,
    /// The DPoP proof has no nonce of this API, or an old one (RFC 9449 section 9).
    ProofNonce = "proof_nonce" => NonceNeeded,
    /// The signature of the DPoP proof does not verify.
    ProofBadSignature = "proof_bad_signature" => UnfitProof,
    /// The DPoP proof was used before (RFC 9449 section 11.1).
    ProofReplayed = "proof_replayed" => UnfitProof,
    /// The key or the certificate that was proven is not the one that the token is bound to.
    PossessionMismatch = "possession_mismatch" => UnfitToken,
    /// The token is not bound to a key or certificate, and the policy or the scheme requires it.
    TokenNotBound = "token_not_bound" => UnfitToken,
    /// The token is bound to a key or certificate (`cnf`), and possession of it was not proven.
    ProofOfPossessionMissing = "proof_of_possession_missing" => UnfitToken,
    /// The claims don't fit the type that the API reads them into.
    ClaimsDoNotFit = "claims_do_not_fit" => UnfitToken,
    /// A check of this API's own refused the token
    /// ([`Denial::token`](crate::decision::Denial::token)).
    TokenDenied = "token_denied" => UnfitToken,
    /// The token is good but lacks scope for this operation.
    InsufficientScope = "insufficient_scope" => Forbidden,
    /// The token is good, but the user must sign in again, or in another way, for this operation
    /// (RFC 9470 section 3).
    AuthenticationInsufficient = "authentication_insufficient" => StepUp,
    /// The token is good but lacks a role, claim, audience or authorization detail for this
    /// operation.
    OperationNotAllowed = "operation_not_allowed" => NotAllowed,
    /// The token is good, and a check of this API's own refused the request
    /// ([`Denial::operation`](crate::decision::Denial::operation)).
    OperationDenied = "operation_denied" => NotAllowed,
}

/// What a reason means for the answer to the request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No token was presented.
    NoToken,
    /// The request is malformed, so no token was found in it.
    BadRequest,
    /// The token is not good.
    BadToken,
    /// The issuer vouches for the token, and this API can't accept it.
    UnfitToken,
    /// The proof of possession is not good.
    BadProof,
    /// The proof of possession needs a nonce of this API.
    NonceNeeded,
    /// The issuer vouches for the token, and the proof of possession is not good.
    UnfitProof,
    /// The token is good, but lacks scope for this operation.
    Forbidden,
    /// The token is good, but the user must sign in for this operation.
    StepUp,
    /// The token is good, but not for this operation, and no other token of the client would be.
    NotAllowed,
}

impl Verdict {
    /// Whether the answer has a challenge: whether another token, or a token at all, would do.
    pub(crate) const fn has_challenge(self) -> bool {
        match self {
            Verdict::NotAllowed => false,
            Verdict::NoToken
            | Verdict::BadRequest
            | Verdict::BadToken
            | Verdict::UnfitToken
            | Verdict::BadProof
            | Verdict::NonceNeeded
            | Verdict::UnfitProof
            | Verdict::Forbidden
            | Verdict::StepUp => true,
        }
    }

    /// The HTTP status (RFC 6750 section 3.1).
    pub(crate) const fn status(self) -> u16 {
        match self {
            Verdict::BadRequest => 400,
            Verdict::NoToken
            | Verdict::BadToken
            | Verdict::UnfitToken
            | Verdict::BadProof
            | Verdict::NonceNeeded
            | Verdict::UnfitProof
            | Verdict::StepUp => 401,
            Verdict::Forbidden | Verdict::NotAllowed => 403,
        }
    }

    /// The `error` of the challenge (RFC 6750 section 3.1, RFC 9449 section 12.2).
    pub(crate) const fn oauth_error(self) -> Option<&'static str> {
        match self {
            Verdict::NoToken | Verdict::NotAllowed => None,
            Verdict::BadRequest => Some("invalid_request"),
            Verdict::BadToken | Verdict::UnfitToken => Some("invalid_token"),
            Verdict::BadProof | Verdict::UnfitProof => Some("invalid_dpop_proof"),
            Verdict::NonceNeeded => Some("use_dpop_nonce"),
            Verdict::Forbidden => Some("insufficient_scope"),
            Verdict::StepUp => Some("insufficient_user_authentication"),
        }
    }
}

impl Reason {
    /// Whether it was found in a token whose signature had verified, so that the issuer vouches for
    /// the claims.
    pub const fn is_found_in_verified_token(self) -> bool {
        match self.verdict() {
            Verdict::NoToken
            | Verdict::BadRequest
            | Verdict::BadToken
            | Verdict::BadProof
            | Verdict::NonceNeeded => false,
            Verdict::UnfitToken
            | Verdict::UnfitProof
            | Verdict::Forbidden
            | Verdict::StepUp
            | Verdict::NotAllowed => true,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
