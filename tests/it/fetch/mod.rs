mod client_certificate;
mod credentials;
mod encodings;
mod header_names;
mod remedies;
mod settings;
mod token_file;
