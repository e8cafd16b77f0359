//! The claims that a token is judged by.

use crate::core::json::known_names;

known_names! {
    /// A claim that [`Payload`](super::payload::Payload) reads.
    ClaimName {
        Iss = b"iss",
        Sub = b"sub",
        Aud = b"aud",
        Exp = b"exp",
        Nbf = b"nbf",
        Iat = b"iat",
        Jti = b"jti",
        ClientId = b"client_id",
        Azp = b"azp",
        Tid = b"tid",
        Scope = b"scope",
        Scp = b"scp",
        Cnf = b"cnf",
        AuthTime = b"auth_time",
        Acr = b"acr",
        Act = b"act",
        Code = b"code",
        Error = b"error",
        AccessToken = b"access_token",
        IdToken = b"id_token",
        State = b"state",
        Nonce = b"nonce",
        AtHash = b"at_hash",
        CHash = b"c_hash",
        SHash = b"s_hash",
        Events = b"events",
        TokenIntrospection = b"token_introspection",
        Typ = b"typ",
    }
}
