//! Refusals of a good token by a check of the API's own.

use crate::core::excerpt::excerpt;
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) struct DenialRefusal {
    pub(crate) denied: Denied,
    /// The words of the API's author, escaped and cut.
    because: Option<String>,
}

/// What the check refused.
#[derive(Clone, Copy)]
pub(crate) enum Denied {
    /// The token, for all requests.
    Token,
    /// This request alone.
    Operation,
    /// No requirement of ToolScopes covers the request.
    #[cfg(feature = "mcp")]
    Unlisted,
}

impl DenialRefusal {
    pub(crate) fn of(denied: Denied) -> Self {
        DenialRefusal {
            denied,
            because: None,
        }
    }

    pub(crate) fn because(&mut self, text: &str) {
        self.because = Some(excerpt(text));
    }
}

impl Explained for DenialRefusal {
    fn reason(&self) -> Reason {
        match self.denied {
            Denied::Token => Reason::TokenDenied,
            Denied::Operation => Reason::OperationDenied,
            #[cfg(feature = "mcp")]
            Denied::Unlisted => Reason::OperationDenied,
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        let text = match self.denied {
            Denied::Token => "A check of this API (ValidatorBuilder::check) refused the token",
            Denied::Operation => {
                "The token is good, but a check of this API (ValidatorBuilder::check) refused the \
                 request"
            }
            #[cfg(feature = "mcp")]
            Denied::Unlisted => {
                return "The token is good, but ToolScopes has no requirement for what the request \
                        asks for, and none for the rest (ToolScopes::otherwise)."
                    .to_owned();
            }
        };
        match &self.because {
            Some(because) => format!("{text}: \"{because}\"."),
            None => format!("{text}. It gave no reason (Denial::because)."),
        }
    }
}
