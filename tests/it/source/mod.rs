mod faults;
mod key_file;
mod keys_in_hand;
mod refreshing;
mod tenants;
