mod extremes;
mod faults;
mod in_flight;
mod key_file;
mod keys_in_hand;
mod made_up_tenants;
mod refreshing;
mod tenants;
