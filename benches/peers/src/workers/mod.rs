//! The peers in Rust. Each is called as its documentation shows; see the README.

mod authkestra;
mod bare;
mod jsonwebtoken;
mod jwt_authorizer;
mod jwt_simple;
mod layer;
mod oauth_resource_server;
mod ours;
mod securitydept;
mod tower_oauth2;

use serde::Deserialize;

use crate::protocol::{Settings, serve};

/// What a program reads of a token, where a peer deserialises into its type.
#[derive(Clone, Deserialize)]
#[allow(dead_code)] // a program would read them
struct Claims {
    iss: String,
    sub: String,
    jti: Option<String>,
    client_id: Option<String>,
    scope: Option<String>,
    tenant: Option<String>,
}

/// Serves the driver as this worker, in its own process.
pub(crate) fn run(name: &str) {
    match name {
        "bare" => serve::<bare::Signature>(),
        "ours" => serve::<ours::Bearer<false>>(),
        "ours-cache" => serve::<ours::Bearer<true>>(),
        "ours-layer" => serve::<ours::Layered<false>>(),
        "ours-layer-cache" => serve::<ours::Layered<true>>(),
        "jsonwebtoken-aws-lc" => {
            install(::jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default());
            serve::<jsonwebtoken::Decoder>();
        }
        "jsonwebtoken-rust-crypto" => {
            install(::jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default());
            serve::<jsonwebtoken::Decoder>();
        }
        "jwt-simple" => serve::<jwt_simple::Verifier>(),
        "jwt-authorizer" => serve::<jwt_authorizer::Layered>(),
        "tower-oauth2-resource-server" => {
            install(jsonwebtoken_11::crypto::aws_lc::DEFAULT_PROVIDER.install_default());
            serve::<tower_oauth2::Layered>();
        }
        "oauth-resource-server" => serve::<oauth_resource_server::Bearer>(),
        "oauth-resource-server-layer" => serve::<oauth_resource_server::Layered>(),
        "authkestra-rust-crypto" => {
            install(jsonwebtoken_11::crypto::rust_crypto::DEFAULT_PROVIDER.install_default());
            serve::<authkestra::Guarded>();
        }
        "authkestra-aws-lc" => {
            install(jsonwebtoken_11::crypto::aws_lc::DEFAULT_PROVIDER.install_default());
            serve::<authkestra::Guarded>();
        }
        "securitydept-rust-crypto" => {
            install(jsonwebtoken_11::crypto::rust_crypto::DEFAULT_PROVIDER.install_default());
            serve::<securitydept::Verifier>();
        }
        "securitydept-aws-lc" => {
            install(jsonwebtoken_11::crypto::aws_lc::DEFAULT_PROVIDER.install_default());
            serve::<securitydept::Verifier>();
        }
        other => panic!("no worker is named {other}"),
    }
}

fn install<T>(installed: Result<(), T>) {
    assert!(installed.is_ok(), "no provider was installed before");
}

/// The JWK Set, for the libraries that leave fetching it to the program.
async fn fetch_jwks(settings: &Settings) -> Result<String, String> {
    let response = reqwest::get(&settings.jwks_url).await;
    let response = response.map_err(|error| error.to_string())?;
    response.text().await.map_err(|error| error.to_string())
}
