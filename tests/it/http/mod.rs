mod answers;
mod config;
mod credentials;
mod page;
mod resources;
