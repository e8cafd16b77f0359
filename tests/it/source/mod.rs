mod faults;
mod json_bounds;
mod key_file;
mod keys_in_hand;
mod refreshing;
mod tenants;
