mod checks;
mod combined;
mod decisions;
mod requirements;
