//! The problems of a `BuildError` in a form that tests can write down.

use resource_server::{
    Issuer, Validator,
    error::{BuildError, ConfigError, ConfigErrorKind},
};

use super::verdict::API;

/// The issuer that has the problem, and what is wrong.
pub(crate) type Problem = (Option<String>, ConfigErrorKind);

pub(crate) fn problems_of(error: &BuildError) -> Vec<Problem> {
    let problem = |problem: &ConfigError| {
        let issuer = problem.issuer().map(str::to_owned);
        (issuer, problem.kind().clone())
    };
    error.problems().iter().map(problem).collect()
}

/// What is wrong with this issuer; empty where an API can be built with it.
pub(crate) fn problems(issuer: Issuer) -> Vec<Problem> {
    let built = Validator::builder().audience(API).issuer(issuer).build();
    let error = built.err();
    error.map_or_else(Vec::new, |error| problems_of(&error))
}
