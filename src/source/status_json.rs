//! The serialized form of a source's status, for health endpoints.

use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{SourceStatus, TenantStatus};
use crate::core::KeySet;

impl Serialize for SourceStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let keys = self.keys.as_deref();
        let mut form = serializer.serialize_struct("SourceStatus", 11)?;
        form.serialize_field("keys", &keys.map(shown_keys))?;
        form.serialize_field("skipped_keys", &keys.map(skipped_keys))?;
        form.serialize_field("is_confirmed", &self.is_confirmed)?;
        form.serialize_field("age_seconds", &self.age.map(seconds))?;
        form.serialize_field("lifetime_seconds", &self.lifetime.map(seconds))?;
        form.serialize_field("usable_for_seconds", &self.usable_for.map(seconds))?;
        form.serialize_field("last_asked_seconds_ago", &self.last_asked.map(seconds))?;
        form.serialize_field("next_refresh_seconds", &self.next_refresh.map(seconds))?;
        form.serialize_field("last_error", &self.last_error)?;
        form.serialize_field("tenants", &self.tenants)?;
        form.serialize_field("new_tenants", &self.new_tenants)?;
        form.end()
    }
}

impl Serialize for TenantStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("TenantStatus", 2)?;
        form.serialize_field("issuer", &*self.issuer)?;
        form.serialize_field("status", &self.status)?;
        form.end()
    }
}

/// A key by its names only: a health endpoint has no use for the key itself.
#[derive(Serialize)]
struct ShownKey<'k> {
    kid: Option<&'k str>,
    thumbprint: Option<String>,
}

#[derive(Serialize)]
struct ShownSkippedKey<'k> {
    index: usize,
    kid: Option<&'k str>,
    reason: String,
}

fn shown_keys(set: &KeySet) -> Vec<ShownKey<'_>> {
    let keys = set.keys().chain(set.svid_keys());
    keys.map(|key| ShownKey {
        kid: key.key_id(),
        thumbprint: key.thumbprint().map(|thumbprint| thumbprint.to_string()),
    })
    .collect()
}

fn skipped_keys(set: &KeySet) -> Vec<ShownSkippedKey<'_>> {
    let skipped = set.skipped().iter();
    skipped
        .map(|key| ShownSkippedKey {
            index: key.index(),
            kid: key.key_id(),
            reason: key.reason().to_string(),
        })
        .collect()
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
