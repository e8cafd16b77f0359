mod answers;
mod config;
mod credentials;
mod page;
mod places;
mod protect;
mod resources;
