mod client_certificate;
mod credentials;
mod settings;
mod token_file;
