//! What only a failing store shows: the difference between a put that certainly failed and
//! one that may have landed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use async_trait::async_trait;
use deltalake_core::logstore::{StorageConfig, logstore_with};
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use serde_json::json;

use super::*;
use crate::durable_store::DurableLocalStore;

type StoreResult<T> = object_store::Result<T>;

/// Puts of log entries fail: after the entry has landed, or before anything was written.
#[derive(Debug)]
struct FailingStore {
    inner: DurableLocalStore,
    lands: bool,
}

impl std::fmt::Display for FailingStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failing")
    }
}

#[async_trait]
impl ObjectStore for FailingStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> StoreResult<PutResult> {
        if !matches!(opts.mode, PutMode::Create) {
            return self.inner.put_opts(location, payload, opts).await;
        }
        if !self.lands {
            return Err(Error::PermissionDenied {
                path: location.to_string(),
                source: "the disk is read-only".into(),
            });
        }
        self.inner.put_opts(location, payload, opts).await?;
        Err(Error::Generic {
            store: "test",
            source: "the directory could not be synced".into(),
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> StoreResult<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> StoreResult<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, StoreResult<Path>>,
    ) -> BoxStream<'static, StoreResult<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> StoreResult<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> StoreResult<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

fn create_on(lands: bool, path: &std::path::Path) -> Commit {
    let url = Url::from_directory_path(path).unwrap();
    let store = Arc::new(FailingStore {
        inner: DurableLocalStore::new(true),
        lands,
    });
    let log_store = logstore_with(store, &url, StorageConfig::default()).unwrap();
    let schema =
        r#"{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}}]}"#;
    let actions = parse_actions(vec![
        json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}),
        json!({"metaData": {
            "id": "x", "format": {"provider": "parquet", "options": {}},
            "schemaString": schema, "partitionColumns": [], "configuration": {},
        }}),
    ])
    .unwrap();
    let operation = DeltaOperation::Write {
        mode: SaveMode::Append,
        partition_by: None,
        predicate: None,
    };
    Commit {
        root: TableRoot {
            path: path.to_path_buf(),
            url,
            log_store,
            overlay: None,
        },
        base: None,
        actions,
        info: operation.get_commit_info(),
        operation,
        extra: HashMap::new(),
    }
}

fn outcome(lands: bool) -> (BridgeError, bool) {
    let folder = std::env::temp_dir().join(format!("lakegate-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let commit = create_on(lands, &folder);
    let error = runtime.block_on(commit.land()).unwrap_err();
    let entry = folder.join("_delta_log/00000000000000000000.json");
    let landed = entry.exists();
    std::fs::remove_dir_all(&folder).unwrap();
    (error, landed)
}

#[test]
fn an_error_after_the_entry_is_visible_is_an_unknown_outcome() {
    let (error, landed) = outcome(true);
    assert!(landed);
    assert_eq!(error.kind, Kind::CommitUnknown, "{error:?}");
    assert_eq!((error.read_version, error.found_version), (-1, -1));
    assert!(error.message.contains("could not be synced"), "{error}");
}

#[test]
fn an_error_before_anything_is_visible_is_just_that_error() {
    let (error, landed) = outcome(false);
    assert!(!landed);
    assert_eq!(error.kind, Kind::Io, "{error:?}");
}
