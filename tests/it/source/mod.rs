mod faults;
mod health_json;
mod key_file;
mod keys_in_hand;
mod refreshing;
mod tenants;
