//! The token of a request that may have none.

use crate::core::AccessToken;

/// The token of a request behind an [optional](crate::Protect::optional) layer: an argument of a
/// handler in actix-web. It is `None` for a request without credentials.
///
/// A bad token never gets here: the layer refuses it. A route without the layer gives 500. The
/// `Option<AccessToken>` of actix-web would be `None` for both, so don't use it.
///
/// ```
/// use resource_server::resource::OptionalToken;
///
/// async fn greet(OptionalToken(token): OptionalToken) -> String {
///     match token.as_ref().and_then(|token| token.subject()) {
///         Some(subject) => format!("Hello {subject}"),
///         None => "Hello".to_owned(),
///     }
/// }
/// # let _ = actix_web::web::get().to(greet);
/// ```
#[derive(Clone, Debug)]
pub struct OptionalToken(pub Option<AccessToken>);
