mod combined;
mod requirements;
mod scope_hierarchy;
