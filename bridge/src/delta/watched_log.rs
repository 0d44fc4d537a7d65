//! A log store that knows what happened at the one point that matters: the put of the entry.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use deltalake_core::DeltaResult;
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::logstore::{CommitOrBytes, LogStore, LogStoreConfig, LogStoreRef};
use object_store::ObjectStore;
use url::Url;
use uuid::Uuid;

use crate::durable_store::outcome_is_unknown;
use crate::error::{BridgeError, from_error};

pub enum Put {
    Never,
    /// The entry is visible.
    Landed(u64),
    /// Another commit holds the version.
    Taken(u64),
    /// Certainly not visible.
    Failed(BridgeError),
    Unknown(BridgeError),
    /// Kept back, on purpose.
    Captured(Bytes),
}

pub struct WatchedLog {
    inner: LogStoreRef,
    /// Keep the entry instead of writing it; data files go through this store.
    capture: Option<Arc<dyn ObjectStore>>,
    put: Mutex<Put>,
}

impl WatchedLog {
    pub fn observing(inner: LogStoreRef) -> Arc<Self> {
        Arc::new(Self {
            inner,
            capture: None,
            put: Mutex::new(Put::Never),
        })
    }

    pub fn capturing(inner: LogStoreRef, data: Arc<dyn ObjectStore>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            capture: Some(data),
            put: Mutex::new(Put::Never),
        })
    }

    pub fn take(&self) -> Put {
        let mut put = self.put.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *put, Put::Never)
    }

    fn note(&self, happened: Put) {
        *self.put.lock().unwrap_or_else(PoisonError::into_inner) = happened;
    }
}

fn put_error(error: &TransactionError) -> Put {
    match error {
        TransactionError::VersionAlreadyExists(version) => Put::Taken(*version),
        TransactionError::ObjectStore { source } if !outcome_is_unknown(source) => {
            Put::Failed(from_error(source))
        }
        other => Put::Unknown(super::error::transaction_error(other)),
    }
}

#[async_trait]
impl LogStore for WatchedLog {
    /// By this name delta-rs decides that the entry needs no temporary file.
    fn name(&self) -> String {
        self.inner.name()
    }

    async fn refresh(&self) -> DeltaResult<()> {
        self.inner.refresh().await
    }

    async fn read_commit_entry(&self, version: u64) -> DeltaResult<Option<Bytes>> {
        self.inner.read_commit_entry(version).await
    }

    async fn write_commit_entry(
        &self,
        version: u64,
        commit_or_bytes: CommitOrBytes,
        operation_id: Uuid,
    ) -> Result<(), TransactionError> {
        if self.capture.is_some() {
            if let CommitOrBytes::LogBytes(bytes) = commit_or_bytes {
                self.note(Put::Captured(bytes));
            }
            return Err(TransactionError::LogStoreError {
                msg: "the entry was captured".to_owned(),
                source: "captured".into(),
            });
        }
        let result = self
            .inner
            .write_commit_entry(version, commit_or_bytes, operation_id)
            .await;
        self.note(match &result {
            Ok(()) => Put::Landed(version),
            Err(error) => put_error(error),
        });
        result
    }

    async fn abort_commit_entry(
        &self,
        version: u64,
        commit_or_bytes: CommitOrBytes,
        operation_id: Uuid,
    ) -> Result<(), TransactionError> {
        if self.capture.is_some() {
            return Ok(());
        }
        self.inner
            .abort_commit_entry(version, commit_or_bytes, operation_id)
            .await
    }

    async fn get_latest_version(&self, start_version: u64) -> DeltaResult<u64> {
        if self.capture.is_some() {
            // Whatever landed meanwhile is settled when the captured actions are committed.
            return Ok(start_version);
        }
        self.inner.get_latest_version(start_version).await
    }

    fn object_store(&self, operation_id: Option<Uuid>) -> Arc<dyn ObjectStore> {
        match &self.capture {
            Some(data) => data.clone(),
            None => self.inner.object_store(operation_id),
        }
    }

    fn root_object_store(&self, operation_id: Option<Uuid>) -> Arc<dyn ObjectStore> {
        self.inner.root_object_store(operation_id)
    }

    fn transaction_url(&self, operation_id: Option<Uuid>) -> DeltaResult<Url> {
        self.inner.transaction_url(operation_id)
    }

    fn config(&self) -> &LogStoreConfig {
        self.inner.config()
    }
}
