//! The command line of `check_token`.

use std::collections::HashMap;
use std::error::Error as StdError;

use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
usage: check_token --issuer NAME --audience NAME [options] < TOKEN

  --issuer NAME         the issuer, as in the claim iss
  --audience NAME       the API, as in the claim aud
  --scope SCOPE         a scope that the token must have; may be repeated
  --jwks FILE           read the keys from a file with a JWK Set
  --jwks-url URL        fetch the keys from this address
                        (without either, discovery finds the keys)
  --introspect URL      introspect opaque tokens at this address
  --client-id ID        the client of this API there (or CLIENT_ID is set)
  --client-secret TEXT  its secret (or better CLIENT_SECRET is set)
  --ca FILE             also trust the certificates in this PEM file

exit status: 0 accepted, 1 refused, 2 wrong arguments or files,
             3 the keys or the introspection response are unavailable
";

const OPTIONS: [&str; 8] = [
    "issuer",
    "audience",
    "jwks",
    "jwks-url",
    "introspect",
    "client-id",
    "client-secret",
    "ca",
];

pub(crate) struct Arguments {
    options: HashMap<String, String>,
    pub(crate) scopes: Vec<String>,
}

impl Arguments {
    /// `None` where help is asked for.
    pub(crate) fn from_command_line() -> Result<Option<Self>, Box<dyn StdError>> {
        let (mut options, mut scopes) = (HashMap::new(), Vec::new());
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Long("scope") => scopes.push(parser.value()?.string()?),
                Long(name) if OPTIONS.contains(&name) => {
                    let name = name.to_owned();
                    options.insert(name, parser.value()?.string()?);
                }
                // It may be the token, so it is not repeated.
                Value(_) => {
                    return Err("give the token on standard input, not as an argument".into());
                }
                other => return Err(format!("{}\n\n{USAGE}", other.unexpected()).into()),
            }
        }
        Ok(Some(Arguments { options, scopes }))
    }

    pub(crate) fn get(&self, option: &str) -> Option<&str> {
        self.options.get(option).map(String::as_str)
    }

    pub(crate) fn wanted(&self, option: &str) -> Result<&str, String> {
        self.get(option)
            .ok_or_else(|| format!("--{option} is missing\n\n{USAGE}"))
    }

    /// The value of an option, or else of a variable.
    pub(crate) fn or_variable(&self, option: &str, variable: &str) -> Result<String, String> {
        let in_environment = || std::env::var(variable).ok();
        let value = self.get(option).map(str::to_owned);
        value
            .or_else(in_environment)
            .ok_or_else(|| format!("give --{option}, or set {variable}"))
    }
}
