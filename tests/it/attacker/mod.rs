mod attacks;
mod errors;
mod explain;
mod order_and_secrecy;
mod proof_settings;
mod token_cache;
mod token_cache_bounds;
#[cfg(feature = "fetch")]
mod token_cache_sources;
mod token_cache_together;
mod validator;
mod verbs;
