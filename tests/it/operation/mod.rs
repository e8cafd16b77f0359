mod checks;
mod combined;
mod requirements;
