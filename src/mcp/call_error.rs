//! Refusing a call from inside a tool.

use http::Extensions;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::http::Admission;

/// The headers of an answer that tell a client what to do.
const TOLD: [&str; 2] = ["www-authenticate", "retry-after"];

/// A JSON-RPC error that says what the HTTP answer of an [`Error`] says. It is for a tool to
/// return: see [`Error::refuse_call`].
///
/// It is outside of the codes that JSON-RPC reserves (-32768 to -32000).
#[derive(Clone, Debug, PartialEq)]
pub struct CallError {
    code: u16,
    data: Map<String, Value>,
}

impl CallError {
    fn of(error: &Error) -> Self {
        let answer = error.answer();
        let told = answer.headers().filter(|(name, _)| TOLD.contains(name));
        CallError {
            code: answer.status(),
            data: told
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect(),
        }
    }

    /// The HTTP status: 400, 401, 403, 500 or 503.
    pub fn code(&self) -> i32 {
        self.code.into()
    }

    /// A fixed text for each code.
    pub const fn message(&self) -> &'static str {
        match self.code {
            403 => "the token does not allow this",
            503 => "the token can't be judged now",
            500 => "the server is misconfigured",
            _ => "the token is not accepted",
        }
    }

    /// An object with the answer's `www-authenticate` and `retry-after`, if it has them.
    pub fn data(&self) -> Value {
        Value::Object(self.data.clone())
    }
}

impl Error {
    /// Refuses a call from inside a tool of an MCP server: the layer sends the answer of this
    /// error in place of the server's response. The challenge also names the scopes of the layers
    /// in front. The first error decides, even if the tool goes on, so return from the tool.
    ///
    /// Return the result as a JSON-RPC error. A client only reads it if the response had begun
    /// before: the tool has sent a message, a keep-alive went out
    /// ([`hold_answers_for`](crate::mcp::ToolScopes::hold_answers_for)), or the call runs as a
    /// task. It says the same then.
    ///
    /// ```
    /// use resource_server::{AccessToken, Error, Requirement, mcp::CallError};
    ///
    /// // In rmcp: ErrorData::new(ErrorCode(error.code()), error.message(), Some(error.data()))
    /// fn check(parts: &http::request::Parts) -> Result<(), CallError> {
    ///     let refused = |error: Error| error.refuse_call(&parts.extensions);
    ///     let token = AccessToken::of(&parts.extensions).map_err(refused)?;
    ///     token.require(&Requirement::scope("orders:export")).map_err(refused)
    /// }
    /// ```
    pub fn refuse_call(&self, extensions: &Extensions) -> CallError {
        let admission: Option<&Admission> = extensions.get();
        let Some(admission) = admission else {
            return CallError::of(self);
        };
        // If the answer is on its way already, the client reads the error of this call.
        let _ = admission.answer_with(self);
        CallError::of(&admission.complete(self.clone()))
    }
}
