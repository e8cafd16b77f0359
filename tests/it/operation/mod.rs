mod combined;
mod requirements;
