mod attacks;
mod errors;
mod explain;
mod order_and_secrecy;
mod token_cache;
#[cfg(feature = "fetch")]
mod token_cache_sources;
mod validator;
mod verbs;
