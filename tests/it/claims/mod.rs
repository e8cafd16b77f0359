mod advice;
mod foreign_tokens;
mod json_bounds;
mod no_audience;
mod policy_claims;
#[cfg(feature = "fetch")]
mod presets;
mod profiles;
#[cfg(feature = "fetch")]
mod providers;
mod real_issuers;
mod registered;
mod roles;
