//! Who takes part.

/// What a peer is compared with: what this crate does in its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The signature alone.
    Signature,
    /// A function of a token or of a request's headers.
    Function,
    /// A tower layer in front of a service.
    Layer,
    /// A function in JavaScript.
    JavaScript,
}

/// How a worker is started.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    /// This program.
    Own,
    /// The package in `huskarl`.
    Huskarl,
    /// `node/worker.mjs`.
    Node,
}

/// One worker.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// The argument that selects it.
    pub(crate) worker: &'static str,
    /// What the tables call it.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) program: Program,
    /// Whether it caches verified tokens.
    pub(crate) caches: bool,
    /// Whether its verdicts are in the table. Two workers of one library would say the same.
    pub(crate) is_judged: bool,
    /// Whether it checks scopes itself.
    pub(crate) checks_scopes: bool,
}

const fn entry(worker: &'static str, name: &'static str, kind: Kind) -> Entry {
    Entry {
        worker,
        name,
        kind,
        program: Program::Own,
        caches: false,
        is_judged: true,
        checks_scopes: false,
    }
}

impl Entry {
    const fn caching(self) -> Self {
        Entry {
            caches: true,
            ..self
        }
    }

    const fn with_scopes(self) -> Self {
        Entry {
            checks_scopes: true,
            ..self
        }
    }

    const fn not_judged(self) -> Self {
        Entry {
            is_judged: false,
            ..self
        }
    }

    const fn by(self, program: Program) -> Self {
        Entry { program, ..self }
    }
}

use Kind::{Function, JavaScript, Layer, Signature};

/// The first is what all times are compared with.
pub(crate) const ENTRIES: [Entry; 23] = [
    entry("bare", "the signature, aws-lc", Signature).not_judged(),
    entry("ours", "resource-server", Function).with_scopes(),
    entry("ours-cache", "resource-server, `token_cache`", Function)
        .caching()
        .not_judged(),
    entry("jsonwebtoken-aws-lc", "jsonwebtoken, aws-lc", Function),
    entry(
        "jsonwebtoken-rust-crypto",
        "jsonwebtoken, rust-crypto",
        Function,
    )
    .not_judged(),
    entry("jwt-simple", "jwt-simple", Function),
    entry("oauth-resource-server", "oauth-resource-server", Function).with_scopes(),
    entry("huskarl", "huskarl-resource-server", Function).by(Program::Huskarl),
    entry("authkestra-rust-crypto", "authkestra-resource", Function),
    entry("authkestra-aws-lc", "authkestra-resource, aws-lc", Function).not_judged(),
    entry(
        "securitydept-rust-crypto",
        "securitydept-oauth-resource-server",
        Function,
    )
    .with_scopes(),
    entry(
        "securitydept-aws-lc",
        "securitydept-oauth-resource-server, aws-lc",
        Function,
    )
    .not_judged(),
    entry("ours-layer", "resource-server, layer", Layer).not_judged(),
    entry(
        "ours-layer-cache",
        "resource-server, layer, `token_cache`",
        Layer,
    )
    .caching()
    .not_judged(),
    entry("jwt-authorizer", "jwt-authorizer", Layer).with_scopes(),
    entry(
        "tower-oauth2-resource-server",
        "tower-oauth2-resource-server",
        Layer,
    ),
    entry(
        "oauth-resource-server-layer",
        "oauth-resource-server, layer",
        Layer,
    )
    .not_judged(),
    entry("aws-jwt-verify", "aws-jwt-verify", JavaScript)
        .by(Program::Node)
        .with_scopes(),
    entry("jose", "jose", JavaScript).by(Program::Node),
    entry("fast-jwt", "fast-jwt", JavaScript).by(Program::Node),
    entry("fast-jwt-cache", "fast-jwt, `cache`", JavaScript)
        .by(Program::Node)
        .caching()
        .not_judged(),
    entry("fast-jwt-pem", "fast-jwt, PEM keys", JavaScript)
        .by(Program::Node)
        .not_judged(),
    entry(
        "fast-jwt-pem-cache",
        "fast-jwt, PEM keys, `cache`",
        JavaScript,
    )
    .by(Program::Node)
    .caching()
    .not_judged(),
];

/// The place of what this crate does in place of such a peer.
pub(crate) fn ours(kind: Kind, caches: bool) -> usize {
    let worker = match (kind, caches) {
        (Kind::Layer, false) => "ours-layer",
        (Kind::Layer, true) => "ours-layer-cache",
        (_, false) => "ours",
        (_, true) => "ours-cache",
    };
    let place = ENTRIES.iter().position(|entry| entry.worker == worker);
    place.expect("it is in the list")
}
