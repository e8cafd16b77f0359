mod client_certificate;
mod credentials;
mod encodings;
mod errors;
mod header_names;
mod remedies;
mod settings;
mod token_file;
