//! The problems of a `BuildError` in a form that tests can write down.

use std::error::Error;

use resource_server::{BuildError, BuildErrorKind, BuildProblem};

/// The issuer that has the problem, and what is wrong.
pub(crate) type Problem = (Option<String>, BuildErrorKind);

pub(crate) fn problems_of(error: &BuildError) -> Vec<Problem> {
    let problem = |problem: &BuildProblem| {
        let issuer = problem.issuer().map(str::to_owned);
        (issuer, problem.kind().clone())
    };
    error.problems().iter().map(problem).collect()
}

/// An error's message with those of its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
