//! How to set this crate up, task by task. Start with [`choosing_a_source`]; each page can be read
//! by itself.
//!
//! | page | content |
//! | --- | --- |
//! | [`choosing_a_source`] | where keys and verdicts come from, and what each choice costs |
//! | [`opaque_tokens`] | introspection, its cache, and immediate revocation |
//! | [`many_tenants`] | one issuer entry for many tenants |
//! | [`your_own_keys`] | static keys, key files, starting sets, snapshots, HMAC |
//! | [`policies`] | what is accepted, from code or from a configuration file |
//! | [`claims_and_roles`] | reading a validated token |
//! | [`providers`] | Entra ID, Keycloak, Cognito, Auth0, Okta and others |
//! | [`frameworks`] | one layer in front of axum, tower, actix-web and tonic |
//! | [`mcp`] | MCP servers: requirements by tool, checks inside a tool, and who holds the specification's rules |
//! | [`streams`] | WebSockets, event streams, gRPC: checking a token again |
//! | [`binding`] | bound tokens: DPoP and mutual TLS, behind proxies and in browsers |
//! | [`replay`] | DPoP proofs are accepted once: which store, its size, its outages |
//! | [`http`] | credentials from headers, answers to refused requests, the metadata of this API |
//! | [`testing_your_api`] | tokens, clocks, rotations and outages in tests |
//! | [`operating`] | health, rotation, outages, limits, and the usual misconfigurations |
//! | [`observing`] | audit, log events and metrics |
//! | [`threat_model`] | which attacks are handled where |
//! | [`from_jsonwebtoken`] | moving from the crate `jsonwebtoken` |
//! | [`from_jwt_authorizer`] | moving from the crate `jwt-authorizer` |
//! | [`comparison`] | what other crates do, by a probe of 83 tokens |
//!
//! The guide exists in the documentation only. It adds nothing to your build.

#[doc = include_str!("../docs/guide/choosing-a-source.md")]
pub mod choosing_a_source {}

#[doc = include_str!("../docs/guide/opaque-tokens.md")]
pub mod opaque_tokens {}

#[doc = include_str!("../docs/guide/many-tenants.md")]
pub mod many_tenants {}

#[doc = include_str!("../docs/guide/your-own-keys.md")]
pub mod your_own_keys {}

#[doc = include_str!("../docs/guide/policies.md")]
pub mod policies {}

#[doc = include_str!("../docs/guide/claims-and-roles.md")]
pub mod claims_and_roles {}

#[doc = include_str!("../docs/guide/providers.md")]
pub mod providers {}

#[doc = include_str!("../docs/guide/frameworks.md")]
pub mod frameworks {}

#[doc = include_str!("../docs/guide/mcp.md")]
pub mod mcp {}

#[doc = include_str!("../docs/guide/streams.md")]
pub mod streams {}

#[doc = include_str!("../docs/guide/binding.md")]
pub mod binding {}

#[doc = include_str!("../docs/guide/replay.md")]
pub mod replay {}

#[doc = include_str!("../docs/guide/http.md")]
pub mod http {}

#[doc = include_str!("../docs/guide/testing-your-api.md")]
pub mod testing_your_api {}

#[doc = include_str!("../docs/guide/operating.md")]
pub mod operating {}

#[doc = include_str!("../docs/guide/observing.md")]
pub mod observing {}

#[doc = include_str!("../docs/guide/threat-model.md")]
pub mod threat_model {}

#[doc = include_str!("../docs/guide/from-jsonwebtoken.md")]
pub mod from_jsonwebtoken {}

#[doc = include_str!("../docs/guide/from-jwt-authorizer.md")]
pub mod from_jwt_authorizer {}

#[doc = include_str!("../docs/guide/comparison.md")]
pub mod comparison {}
