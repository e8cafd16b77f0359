//! Judges one token from the command line: what an API would say about it, and why.
//!
//! `cargo run --example check_token -- --issuer NAME --audience NAME [options] < TOKEN`
//!
//! Exit status: 0 accepted, 1 refused, 2 wrong arguments or files, 3 the issuer's keys can't be had.

use std::error::Error as StdError;
use std::io::Read;
use std::process::ExitCode;

use lexopt::prelude::*;
use resource_server::{Error, Fetch, Issuer, Requirement, StaticKeys, Validator};

const USAGE: &str = "\
usage: check_token --issuer NAME --audience NAME [options] < TOKEN

  --issuer NAME      the issuer, as it stands in iss
  --audience NAME    the API, as it stands in aud
  --scope SCOPE      a scope that the token must have; may be given several times
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
    let wrong_input = |error: &dyn StdError| {
        eprintln!("{error}");
        ExitCode::from(WRONG_INPUT)
    };
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return wrong_input(&*error),
    };
    let needed = (!arguments.scopes.is_empty()).then(|| Requirement::all_scopes(&arguments.scopes));
    let validator = match arguments.validator() {
        Ok(validator) => validator,
        Err(error) => return wrong_input(&*error),
    };
    let mut token = String::new();
    if let Err(error) = std::io::stdin()
        .take(MAX_INPUT_BYTES)
        .read_to_string(&mut token)
    {
        eprintln!("the token can't be read from standard input: {error}");
        return ExitCode::from(WRONG_INPUT);
    }

    let judged = match validator.validate(token.trim()).await {
        Ok(token) => match &needed {
            Some(needed) => token.require(needed).map(|()| token),
            None => Ok(token),
        },
        Err(error) => Err(error),
    };
    match judged {
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
        Err(error @ Error::Unavailable(_)) => {
            eprintln!("{}", error.explain());
            ExitCode::from(UNREACHABLE)
        }
        Err(error) => wrong_input(&error),
    }
}

#[derive(Default)]
struct Arguments {
    issuer: Option<String>,
    audience: Option<String>,
    jwks: Option<String>,
    jwks_url: Option<String>,
    ca: Option<String>,
    scopes: Vec<String>,
}

/// None where help is asked for.
fn arguments() -> Result<Option<Arguments>, Box<dyn StdError>> {
    let mut found = Arguments::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        let place = match argument {
            Long("issuer") => &mut found.issuer,
            Long("audience") => &mut found.audience,
            Long("jwks") => &mut found.jwks,
            Long("jwks-url") => &mut found.jwks_url,
            Long("ca") => &mut found.ca,
            Long("scope") => {
                found.scopes.push(parser.value()?.string()?);
                continue;
            }
            Short('h') | Long("help") => return Ok(None),
            // It may be the token: not to be repeated.
            Value(_) => {
                return Err("the token is read from standard input, not from an argument".into());
            }
            other => return Err(format!("{}\n\n{USAGE}", other.unexpected()).into()),
        };
        *place = Some(parser.value()?.string()?);
    }
    Ok(Some(found))
}

impl Arguments {
    fn validator(self) -> Result<Validator, Box<dyn StdError>> {
        let missing = |option: &str| format!("{option} is missing\n\n{USAGE}");
        let name = self.issuer.ok_or_else(|| missing("--issuer NAME"))?;
        let audience = self.audience.ok_or_else(|| missing("--audience NAME"))?;
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
