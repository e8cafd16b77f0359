mod checks;
mod combined;
mod decisions;
mod requirements;
mod scope_hierarchy;
