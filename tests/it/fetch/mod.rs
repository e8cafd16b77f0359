mod client_certificate;
mod credentials;
mod settings;
