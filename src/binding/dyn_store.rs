//! [`ReplayStore`] as a trait object, so that a Validator holds a store of any type.

use std::future::Future;
use std::pin::Pin;

use super::replay::{Insertion, ProofEntry, ReplayStore, ReplayStoreStatus};
use crate::core::NumericDate;
use crate::source_error::SourceError;

type Waiting<'s> = Pin<Box<dyn Future<Output = Result<Insertion, SourceError>> + Send + 's>>;

pub(crate) trait DynReplayStore: Send + Sync {
    fn insert<'s>(&'s self, entry: &'s ProofEntry, now: NumericDate) -> Waiting<'s>;
    fn begin(&self, now: NumericDate);
    fn knows_since(&self) -> Option<NumericDate>;
    fn status(&self) -> ReplayStoreStatus;
    fn address(&self) -> usize;
}

impl<S: ReplayStore> DynReplayStore for S {
    fn insert<'s>(&'s self, entry: &'s ProofEntry, now: NumericDate) -> Waiting<'s> {
        Box::pin(ReplayStore::insert(self, entry, now))
    }

    fn begin(&self, now: NumericDate) {
        ReplayStore::begin(self, now);
    }

    fn knows_since(&self) -> Option<NumericDate> {
        ReplayStore::knows_since(self)
    }

    fn status(&self) -> ReplayStoreStatus {
        ReplayStore::status(self)
    }

    fn address(&self) -> usize {
        ReplayStore::address(self)
    }
}
