//! Judges one token from the command line: what an API says about it, and why.
//!
//! `cargo run --example check_token -- --issuer NAME --audience NAME [options] < TOKEN`

mod arguments;

use std::error::Error as StdError;
use std::io::Read;
use std::process::ExitCode;

use arguments::{Arguments, USAGE};
use resource_server::{
    AccessToken, Error, Fetch, Introspection, Issuer, Requirement, StaticKeys, Validator,
};

const REFUSED: u8 = 1;
const WRONG_INPUT: u8 = 2;
const UNAVAILABLE: u8 = 3;

/// A longer input is not read to its end. No API accepts such a token.
const MAX_INPUT_BYTES: u64 = 1024 * 1024;

#[tokio::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(WRONG_INPUT)
    })
}

async fn run() -> Result<ExitCode, Box<dyn StdError>> {
    let Some(arguments) = Arguments::from_command_line()? else {
        print!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    };
    let validator = validator(&arguments)?;
    let mut token = String::new();
    let mut input = std::io::stdin().take(MAX_INPUT_BYTES);
    (input.read_to_string(&mut token))
        .map_err(|error| format!("the token can't be read from standard input: {error}"))?;

    match judge(&validator, token.trim(), &arguments.scopes).await {
        Ok(token) => {
            println!("accepted\n{:#}", token.claims::<serde_json::Value>()?);
            Ok(ExitCode::SUCCESS)
        }
        Err(Error::Rejected(rejection)) => {
            println!("refused: {}\n{}", rejection.reason(), rejection.explain());
            Ok(ExitCode::from(REFUSED))
        }
        Err(error @ Error::Unavailable(_)) => {
            eprintln!("{}", error.explain());
            Ok(ExitCode::from(UNAVAILABLE))
        }
        Err(error) => Err(error.into()),
    }
}

async fn judge(
    validator: &Validator,
    token: &str,
    scopes: &[String],
) -> Result<AccessToken, Error> {
    let token = validator.validate(token).await?;
    if !scopes.is_empty() {
        token.require(&Requirement::all_scopes(scopes))?;
    }
    Ok(token)
}

fn validator(arguments: &Arguments) -> Result<Validator, Box<dyn StdError>> {
    let name = arguments.wanted("issuer")?;
    let mut issuer = match (arguments.get("jwks"), arguments.get("jwks-url")) {
        (None, None) => Issuer::discover(name),
        (None, Some(url)) => Issuer::new(name).jwks_at(url),
        (Some(file), None) => {
            let keys = StaticKeys::from_jwks(&read(file)?);
            Issuer::new(name).keys(keys.map_err(|error| format!("{file}: {error}"))?)
        }
        (Some(_), Some(_)) => return Err("give --jwks or --jwks-url, not both".into()),
    };
    if let Some(url) = arguments.get("introspect") {
        let id = arguments.or_variable("client-id", "CLIENT_ID")?;
        let secret = arguments.or_variable("client-secret", "CLIENT_SECRET")?;
        issuer = issuer.introspection(Introspection::at(url).client_secret_basic(&id, &secret));
    }
    let mut fetch = Fetch::new().proxy_from_environment();
    if let Some(file) = arguments.get("ca") {
        fetch = fetch.root_certificates_pem(read(file)?);
    }
    let builder = Validator::builder().audience(arguments.wanted("audience")?);
    Ok(builder.issuer(issuer).fetch(fetch).build()?)
}

fn read(file: &str) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))
}
