//! What is kept of a token that was introspected.

use zeroize::Zeroizing;

/// How an accepted token was introspected, and its text, to introspect it again. Clones of the
/// access token share it. It has no `Debug`, so no log shows the text.
#[derive(Clone)]
pub(crate) struct Introspected {
    /// The issuer of the introspected JWT, if the response names none.
    jwt_issuer: Option<Box<str>>,
    /// Wiped on drop.
    text: Zeroizing<Box<str>>,
    /// The response was requested for this one judgement, and did not come from a cache.
    is_online: bool,
}

impl Introspected {
    pub(crate) fn new(text: &str, jwt_issuer: Option<&str>) -> Self {
        Introspected {
            jwt_issuer: jwt_issuer.map(Into::into),
            text: Zeroizing::new(text.into()),
            is_online: false,
        }
    }

    pub(crate) fn online(mut self) -> Self {
        self.is_online = true;
        self
    }

    pub(crate) fn jwt_issuer(&self) -> Option<&str> {
        self.jwt_issuer.as_deref()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_online(&self) -> bool {
        self.is_online
    }
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    /// The bound is what counts: the field has a type whose memory is wiped on drop.
    #[test]
    fn h10_the_kept_text_is_of_a_type_that_is_wiped_on_drop() {
        fn of_wiped<T: ZeroizeOnDrop + AsRef<str>>(text: &T) -> &str {
            text.as_ref()
        }
        let kept = Introspected::new("2YotnFZFEjr1zCsicMWpAA", None);
        assert_eq!(of_wiped(&kept.text), kept.text());
    }
}
