//! The claims of a request's token, in a type of the API.

/// The claims of the request's token, read into a type of yours: an argument of a handler behind a
/// layer ([`Protect`](crate::Protect)).
///
/// It does what [`AccessToken::claims`](crate::AccessToken::claims) does. Claims that don't fit the
/// type give 401.
///
/// ```
/// use resource_server::resource::Claims;
///
/// #[derive(serde::Deserialize)]
/// struct MyClaims {
///     department: String,
/// }
///
/// async fn department(Claims(claims): Claims<MyClaims>) -> String {
///     claims.department
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims<T>(pub T);
