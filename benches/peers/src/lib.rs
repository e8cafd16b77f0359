//! Holds the benchmarks that compare with other crates; see `benches/README.md`.
