//! A service behind the decision.

use crate::http::Protect;

/// A service behind [`Protect`], in tower and in actix-web.
#[derive(Clone, Debug)]
pub struct Protected<S> {
    pub(crate) inner: S,
    pub(crate) protect: Protect,
}

impl Protect {
    /// Puts a service behind this decision.
    pub(crate) fn before<S>(&self, inner: S) -> Protected<S> {
        Protected {
            inner,
            protect: self.clone(),
        }
    }
}
