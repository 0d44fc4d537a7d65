//! Files that are written under a table before a commit names them.

use std::path::{Path as FsPath, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use deltalake_core::logstore::ObjectStoreRef;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result, UploadPart,
};

use super::location::TableRoot;
use crate::error::BridgeError;

/// Remembers every object that is created through it.
#[derive(Debug)]
pub struct TrackedStore {
    inner: ObjectStoreRef,
    created: Mutex<Vec<Path>>,
    /// Set once the files are unwanted: tasks that still run can publish nothing more.
    closed: Arc<AtomicBool>,
}

impl TrackedStore {
    fn remember(&self, location: &Path) -> Result<()> {
        check_open(&self.closed)?;
        let mut created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        created.push(location.clone());
        Ok(())
    }
}

/// What one writer or compaction has put under a table so far.
#[derive(Clone)]
pub struct Staging {
    pub store: Arc<TrackedStore>,
    folder: PathBuf,
    folder_existed: bool,
}

impl Staging {
    pub fn new(root: &TableRoot) -> Self {
        Self::over(root.log_store.object_store(None), root.path.clone())
    }

    /// In a folder of the table, to which the paths of the files are relative.
    pub fn below(root: &TableRoot, folder: &str) -> crate::error::Result<Self> {
        if folder.is_empty() {
            return Ok(Self::new(root));
        }
        let prefix = Path::parse(folder)
            .map_err(|error| BridgeError::invalid_argument(format!("invalid folder: {error}")))?;
        let path = root.path.join(prefix.as_ref());
        let store = PrefixStore::new(root.log_store.object_store(None), prefix);
        Ok(Self::over(Arc::new(store), path))
    }

    fn over(inner: ObjectStoreRef, folder: PathBuf) -> Self {
        Self {
            store: Arc::new(TrackedStore {
                inner,
                created: Mutex::default(),
                closed: Arc::default(),
            }),
            folder_existed: folder.exists(),
            folder,
        }
    }

    /// Removes what was staged, and the folders that were made for it. What cannot be removed
    /// stays as an orphan: no reader sees it.
    pub async fn discard(&self) {
        self.store.closed.store(true, Ordering::SeqCst);
        let created = {
            let mut created = self
                .store
                .created
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *created)
        };
        for path in &created {
            let _ = self.store.inner.delete(path).await;
            remove_empty_folders(&self.folder, path);
        }
        if !self.folder_existed {
            let _ = std::fs::remove_dir(&self.folder);
        }
    }
}

/// Removes the folders of `file` below `root` that hold nothing any more.
pub fn remove_empty_folders(root: &FsPath, file: &Path) {
    let mut folder = root.join(file.as_ref());
    while folder.pop() && folder != root && folder.starts_with(root) {
        if std::fs::remove_dir(&folder).is_err() {
            return;
        }
    }
}

fn check_open(closed: &AtomicBool) -> Result<()> {
    if closed.load(Ordering::SeqCst) {
        return Err(Error::Generic {
            store: "staging",
            source: "the staged files were discarded".into(),
        });
    }
    Ok(())
}

#[derive(Debug)]
struct TrackedUpload {
    inner: Box<dyn MultipartUpload>,
    closed: Arc<AtomicBool>,
}

#[async_trait]
impl MultipartUpload for TrackedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        if let Err(error) = check_open(&self.closed) {
            return Box::pin(std::future::ready(Err(error)));
        }
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        check_open(&self.closed)?;
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

impl std::fmt::Display for TrackedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tracked({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for TrackedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.remember(location)?;
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.remember(location)?;
        let inner = self.inner.put_multipart_opts(location, opts).await?;
        Ok(Box::new(TrackedUpload {
            inner,
            closed: self.closed.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.remember(to)?;
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.remember(to)?;
        self.inner.rename_opts(from, to, options).await
    }
}
