//! Judges one token from the command line: what an API would say about it, and why.
//!
//! `cargo run --example check_token -- --issuer NAME --audience NAME [--jwks FILE | --jwks-url URL] [--ca FILE] < TOKEN`
//!
//! Exit status: 0 accepted, 1 refused, 2 wrong arguments or files, 3 the issuer's keys can't be had.

use std::error::Error as StdError;
use std::io::Read;
use std::process::ExitCode;

use lexopt::prelude::*;
use resource_server::{Error, Fetch, Issuer, StaticKeys, Validator};

const USAGE: &str = "\
usage: check_token --issuer NAME --audience NAME [options] < TOKEN

  --issuer NAME      the issuer, as it stands in iss
  --audience NAME    the API, as it stands in aud
  --jwks FILE        keys from a file with a JWK Set
  --jwks-url URL     keys from the address of a JWK Set
                     (by default they are found by discovery from the issuer's name)
  --ca FILE          trust the certificates in this PEM file beside the system's
";

/// A token longer than this is none.
const MAX_INPUT_BYTES: u64 = 1024 * 1024;

const REFUSED: u8 = 1;
const WRONG_INPUT: u8 = 2;
const UNREACHABLE: u8 = 3;

#[tokio::main]
async fn main() -> ExitCode {
    let validator = match arguments().and_then(Arguments::validator) {
        Ok(validator) => validator,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(WRONG_INPUT);
        }
    };
    let mut token = String::new();
    if let Err(error) = std::io::stdin()
        .take(MAX_INPUT_BYTES)
        .read_to_string(&mut token)
    {
        eprintln!("the token can't be read from standard input: {error}");
        return ExitCode::from(WRONG_INPUT);
    }

    match validator.validate(token.trim()).await {
        Ok(token) => {
            println!("accepted");
            let claims: Result<serde_json::Value, _> = token.claims();
            if let Ok(claims) = claims {
                println!("{claims:#}");
            }
            ExitCode::SUCCESS
        }
        Err(Error::Rejected(rejection)) => {
            println!("refused: {}", rejection.reason());
            println!("{}", rejection.explain());
            ExitCode::from(REFUSED)
        }
        Err(error) => {
            eprintln!("{}", in_one_line(&error));
            ExitCode::from(UNREACHABLE)
        }
    }
}

#[derive(Default)]
struct Arguments {
    issuer: Option<String>,
    audience: Option<String>,
    jwks: Option<String>,
    jwks_url: Option<String>,
    ca: Option<String>,
}

fn arguments() -> Result<Arguments, Box<dyn StdError>> {
    let mut found = Arguments::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        let place = match argument {
            Long("issuer") => &mut found.issuer,
            Long("audience") => &mut found.audience,
            Long("jwks") => &mut found.jwks,
            Long("jwks-url") => &mut found.jwks_url,
            Long("ca") => &mut found.ca,
            Short('h') | Long("help") => return Err(USAGE.into()),
            other => return Err(format!("{}\n\n{USAGE}", other.unexpected()).into()),
        };
        *place = Some(parser.value()?.string()?);
    }
    Ok(found)
}

impl Arguments {
    fn validator(self) -> Result<Validator, Box<dyn StdError>> {
        let (Some(name), Some(audience)) = (self.issuer, self.audience) else {
            return Err(USAGE.into());
        };
        let issuer = match (self.jwks, self.jwks_url) {
            (None, None) => Issuer::discover(name),
            (None, Some(url)) => Issuer::new(name).jwks_at(url),
            (Some(file), None) => {
                let text = read(&file)?;
                let keys = StaticKeys::from_jwks(&text).map_err(|e| format!("{file}: {e}"))?;
                Issuer::new(name).keys(keys)
            }
            (Some(_), Some(_)) => return Err("give --jwks or --jwks-url, not both".into()),
        };
        let mut fetch = Fetch::new().proxy_from_environment();
        if let Some(file) = self.ca {
            fetch = fetch.root_certificates_pem(read(&file)?);
        }
        Ok(Validator::builder()
            .audience(audience)
            .issuer(issuer)
            .fetch(fetch)
            .build()?)
    }
}

fn read(file: &str) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))
}

/// An error with its causes.
fn in_one_line(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
