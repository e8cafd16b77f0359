//! Issuers of workloads, and of ID tokens that APIs accept.

use super::{is_made_of, last_segment};
use crate::core::{ClaimPath, Policy, Profile, RequiredClaim};
use crate::issuer::Issuer;
use crate::source::Location;

const FIREBASE_KEYS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// Google service accounts as callers, by their email addresses. They present ID tokens that
/// they request for the audience of this API (`https://accounts.google.com`). Keys are found by
/// discovery.
///
/// Anyone who has a project at Google gets such tokens for any audience, so the accounts are
/// required. Required claims are `email`, one of these, and `email_verified`. A token has them
/// if it was requested with the email (`format=full`, `includeEmail`). Another account can get
/// the address of a deleted one: if that matters, also require `sub`, the account's unique id.
/// The principal is `email`.
///
/// ID tokens of people are not accepted: a client gets them for itself and not for an API.
/// Access tokens of Google are opaque and meant for Google's own APIs.
///
/// ```
/// use resource_server::{Validator, providers};
///
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(providers::google(["billing@example-project.iam.gserviceaccount.com"]))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn google<A: Into<String>>(service_accounts: impl IntoIterator<Item = A>) -> Issuer {
    let accounts: Vec<String> = service_accounts.into_iter().map(Into::into).collect();
    let settings = Policy::builder()
        .required_claim(RequiredClaim::one_of("email", accounts.clone()))
        .required_claim(RequiredClaim::equals("email_verified", true))
        .principal_claims(["email"]);
    accounts
        .iter()
        .fold(
            Issuer::new("https://accounts.google.com"),
            |issuer, account| {
                // IAM writes a kind before the address.
                let instead = account.rsplit(':').next().unwrap_or_default();
                issuer.known_by(
                    "address of a service account, which ends in .gserviceaccount.com",
                    is_service_account,
                    account,
                    instead,
                )
            },
        )
        .provided(settings)
        .found_at(Location::Discovery)
}

/// Firebase Authentication, or Google's Identity Platform, by the project's id: the ID tokens
/// that an app sends to its own API. The name is `https://securetoken.google.com/{project}`.
/// The audience is the project.
///
/// **They say who the user is, and nothing about what the user may do.** If sign-up is open, or
/// anonymous sign-in is on, anyone has one. Check claims of your own (`role_claims`,
/// [`RequiredClaim`]), or `firebase.sign_in_provider`. In a project with tenants, users of all
/// tenants have one: require `firebase`, `tenant` ([`ClaimPath::nested`]). Required claims are
/// `auth_time` and `sub`. A disabled user keeps the token until it expires, within the hour.
///
/// ```
/// use resource_server::{Validator, providers};
///
/// let validator = Validator::builder()
///     .issuer(providers::firebase("example-project"))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn firebase(project: &str) -> Issuer {
    let settings = Policy::builder()
        .audience(project)
        .required_claim(RequiredClaim::present("sub"))
        .required_claim(RequiredClaim::present("auth_time"));
    Issuer::new(format!("https://securetoken.google.com/{project}"))
        .known_by(
            "project's id",
            |id| is_made_of(id, b"-.:"),
            project,
            last_segment(project),
        )
        .provided(settings)
        .found_at(Location::DocumentAt(FIREBASE_KEYS.to_owned()))
}

/// Service accounts of a Kubernetes cluster, in these namespaces, by projected tokens for the
/// audience of this API. The name is the value of their `iss`: the cluster's
/// `--service-account-issuer`.
///
/// Every pod of the cluster can request a token with any audience, so the namespaces are
/// required. To accept only some accounts, require `sub`, which is
/// `system:serviceaccount:{namespace}:{name}` and the principal. Tokens without `exp` or `aud`,
/// as in old secrets, are rejected. The cluster stops accepting a token when its pod ends; this
/// API does at its `exp`.
///
/// Keys are found by discovery at the name, which works for clusters that publish theirs (EKS,
/// GKE, AKS). Inside a cluster they are at the API server, which requires a bearer token and
/// has a CA of its own:
///
/// ```no_run
/// use resource_server::{Fetch, Validator, providers};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let account = "/var/run/secrets/kubernetes.io/serviceaccount";
/// let fetch = Fetch::new()
///     .only_root_certificates_pem(std::fs::read(format!("{account}/ca.crt"))?)
///     .bearer_file(format!("{account}/token"));
/// let validator = Validator::builder()
///     .audience("orders-api")
///     .issuer(
///         providers::kubernetes("https://kubernetes.default.svc.cluster.local", ["shop"])
///             .jwks_at("https://kubernetes.default.svc/openid/v1/jwks")
///             .fetch(fetch),
///     )
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub fn kubernetes<N: Into<String>>(
    name: impl Into<String>,
    namespaces: impl IntoIterator<Item = N>,
) -> Issuer {
    let namespaces: Vec<String> = namespaces.into_iter().map(Into::into).collect();
    let namespace = ClaimPath::nested(["kubernetes.io", "namespace"]);
    let account = ClaimPath::nested(["kubernetes.io", "serviceaccount", "name"]);
    let settings = Policy::builder()
        .required_claim(RequiredClaim::one_of(namespace, namespaces.clone()))
        .required_claim(RequiredClaim::present(account))
        .required_claim(RequiredClaim::present("sub"));
    namespaces
        .iter()
        .fold(Issuer::new(name), |issuer, namespace| {
            // The subject of an account has its namespace before its name.
            let subject = namespace.strip_prefix("system:serviceaccount:");
            let instead = subject.and_then(|rest| rest.split(':').next());
            issuer.known_by(
                "namespace",
                |name| is_made_of(name, b"-"),
                namespace,
                instead.unwrap_or_default(),
            )
        })
        .provided(settings)
        .found_at(Location::Discovery)
}

/// Workflows of GitHub Actions in this repository, `{owner}/{name}`:
/// `https://token.actions.githubusercontent.com`. Keys are found by discovery. The audience is
/// the one that the workflow requests.
///
/// Any workflow of any repository gets a token for any audience, so the repository is required.
/// Every workflow in it is accepted, on any branch, including pull requests from branches of
/// the repository. For an operation that needs a review, require `ref`, `environment` or
/// `job_workflow_ref`.
///
/// Another owner can take a name after a repository was renamed or deleted. If that matters,
/// also require `repository_id` and `repository_owner_id`, which are strings. The principal is
/// `sub`. The owner may change its form, and in repositories made since July 2026 it has ids
/// besides the names.
///
/// The name is that of github.com. An enterprise may have its own name after a slash, and
/// GitHub Enterprise Server has `https://{host}/_services/token`: use [`Issuer::discover`] and
/// require `repository`.
///
/// ```
/// use resource_server::{Policy, Validator, claims::RequiredClaim, providers};
///
/// let validator = Validator::builder()
///     .audience("https://deploy.example.com")
///     .issuer(
///         providers::github_actions("octo-org/octo-repo").policy(
///             Policy::builder()
///                 .required_claim(RequiredClaim::equals("ref", "refs/heads/main"))
///                 .required_claim(RequiredClaim::equals("environment", "production")),
///         ),
///     )
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn github_actions(repository: impl Into<String>) -> Issuer {
    let repository = repository.into();
    let is_repository = |repository: &str| {
        repository.split_once('/').is_some_and(|(owner, name)| {
            is_made_of(owner, b"-_")
                && is_made_of(name, b"-_.")
                && name.strip_suffix(".git").is_none()
        })
    };
    let address = repository.trim_end_matches('/').trim_end_matches(".git");
    let instead = address
        .strip_prefix("https://github.com/")
        .or_else(|| address.strip_prefix("git@github.com:"))
        .unwrap_or(address);
    let settings =
        Policy::builder().required_claim(RequiredClaim::equals("repository", repository.as_str()));
    Issuer::new("https://token.actions.githubusercontent.com")
        .known_by(
            "repository, {owner}/{name}",
            is_repository,
            &repository,
            instead,
        )
        .provided(settings)
        .found_at(Location::Discovery)
}

/// Workloads of a SPIFFE trust domain, such as `example.org`, by their JWT-SVIDs:
/// [`Profile::JwtSvid`]. The audience is usually this API's own SPIFFE ID. Its keys are those
/// of the trust domain's bundle. You set their location: [`jwks_at`](Issuer::jwks_at) for a
/// bundle endpoint with web PKI, [`key_file`](Issuer::key_file) for a bundle in a file.
///
/// Every workload of the trust domain is accepted: require `sub` for those that may call this
/// API.
///
/// If SPIRE's `jwt_issuer` is set, its tokens have that URL as their `iss`, and are rejected
/// here. Then use [`Issuer::discover`] with that URL and keys from SPIRE's OIDC discovery
/// provider, and require `sub`.
///
/// ```
/// use resource_server::{Policy, Validator, claims::RequiredClaim, providers};
///
/// let validator = Validator::builder()
///     .audience("spiffe://example.org/orders")
///     .issuer(
///         providers::spiffe("example.org")
///             .jwks_at("https://bundles.example.org/")
///             .policy(Policy::builder().required_claim(RequiredClaim::one_of(
///                 "sub",
///                 ["spiffe://example.org/web", "spiffe://example.org/billing"],
///             ))),
///     )
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn spiffe(trust_domain: &str) -> Issuer {
    let name = trust_domain.strip_prefix("spiffe://");
    Issuer::new(format!("spiffe://{trust_domain}"))
        .known_by(
            "SPIFFE trust domain without spiffe://",
            |domain| !domain.contains("://"),
            trust_domain,
            name.unwrap_or_default().trim_end_matches('/'),
        )
        .provided(Policy::builder().profile(Profile::JwtSvid))
}

fn is_service_account(address: &str) -> bool {
    address.ends_with(".gserviceaccount.com") && address.contains('@') && !address.contains(':')
}
