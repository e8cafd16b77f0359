#[cfg(feature = "fetch")]
mod asking;
#[cfg(feature = "fetch")]
mod client_auth;
#[cfg(feature = "fetch")]
mod connections;
#[cfg(feature = "fetch")]
mod few_workers;
#[cfg(feature = "fetch")]
mod gateway;
#[cfg(feature = "fetch")]
mod mixed_fleet;
#[cfg(feature = "fetch")]
mod pauses;
mod real_servers;
mod responses;
#[cfg(feature = "fetch")]
mod signed;
#[cfg(feature = "fetch")]
mod store;
