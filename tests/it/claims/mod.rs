mod foreign_tokens;
mod json_bounds;
mod policy_claims;
mod profiles;
#[cfg(feature = "fetch")]
mod providers;
mod registered;
mod roles;
