//! A table with commits that only one engine sees: the log ends at a version, and what is
//! committed after it stays in memory. Data files are real.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter};
use std::path::{Path as FsPath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use deltalake_core::kernel::Add;
use futures::TryStreamExt;
use futures::executor::block_on;
use futures::stream::{BoxStream, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use super::location::{LOG_FOLDER, TableRoot, log_file, newest_version};
use super::snapshot::spelled;
use crate::abi::LgStr;
use crate::engine::{Engine, EngineCore};
use crate::error::{BridgeError, Result as BridgeResult};
use crate::fence;
use crate::text::Text;

#[derive(Debug)]
pub struct Overlay {
    pub table: PathBuf,
    /// The newest version of the log that is seen; none where the table does not exist.
    pub base: Option<u64>,
    root: Path,
    log: Path,
    memory: InMemory,
    /// Data files that were made, relative to the table.
    made: Mutex<BTreeSet<String>>,
}

impl Overlay {
    fn new(engine: &Engine, path: &str, base: Option<u64>) -> BridgeResult<Self> {
        let root = TableRoot::new(engine, path)?;
        let prefix = Path::from_url_path(root.url.path())
            .map_err(|error| BridgeError::invalid_argument(error.to_string()))?;
        Ok(Self {
            table: root.path,
            base,
            log: prefix.clone().join(LOG_FOLDER),
            root: prefix,
            memory: InMemory::new(),
            made: Mutex::default(),
        })
    }

    /// Commits in memory: their versions, and when they were made in milliseconds.
    pub fn commits(&self) -> Vec<(u64, i64)> {
        let listed = block_on(self.memory.list(Some(&self.log)).try_collect::<Vec<_>>());
        let files = listed.unwrap_or_default().into_iter();
        let mut commits: Vec<(u64, i64)> = files
            .filter_map(|file| {
                let (version, is_commit) = log_file(file.location.filename()?)?;
                is_commit.then(|| (version, file.last_modified.timestamp_millis()))
            })
            .collect();
        commits.sort_unstable();
        commits
    }

    /// Data files that were made, as the log spells them.
    fn files(&self) -> BridgeResult<Vec<String>> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter()
            .map(|path| {
                spelled(&Add {
                    path: path.clone(),
                    ..Add::default()
                })
            })
            .collect()
    }

    fn remember(&self, location: &Path) {
        let Some(parts) = location.prefix_match(&self.root) else {
            return;
        };
        let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(parts.join("/"));
    }

    fn is_log(&self, location: &Path) -> bool {
        location.prefix_matches(&self.log)
    }

    /// A file of the real log that belongs to a version that is not seen, or that points to one.
    fn hides(&self, location: &Path) -> bool {
        if !self.is_log(location) {
            return false;
        }
        let Some(name) = location.filename() else {
            return false;
        };
        match (newest_version(name), self.base) {
            (Some(version), Some(base)) => version > base,
            (Some(_), None) | (None, _) => true,
        }
    }
}

/// The store of such a table, rooted where the store below it is.
#[derive(Debug)]
pub struct OverlayStore {
    inner: Arc<dyn ObjectStore>,
    overlay: Arc<Overlay>,
}

impl OverlayStore {
    pub fn new(inner: Arc<dyn ObjectStore>, overlay: Arc<Overlay>) -> Self {
        Self { inner, overlay }
    }

    fn listed(
        &self,
        prefix: Option<&Path>,
        files: BoxStream<'static, Result<ObjectMeta>>,
        offset: Option<Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let overlay = self.overlay.clone();
        let seen = files.filter(move |file| {
            let hidden = file
                .as_ref()
                .is_ok_and(|file| overlay.hides(&file.location));
            std::future::ready(!hidden)
        });
        let more = self.overlay.memory.list(prefix).filter(move |file| {
            let after = file
                .as_ref()
                .is_ok_and(|file| offset.as_ref().is_none_or(|offset| file.location > *offset));
            std::future::ready(after)
        });
        seen.chain(more).boxed()
    }
}

impl Display for OverlayStore {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "Overlay({})", self.inner)
    }
}

fn absent(location: &Path) -> Error {
    Error::NotFound {
        path: location.to_string(),
        source: "it is not part of this table".into(),
    }
}

fn not_here(what: &str) -> Error {
    Error::NotSupported {
        source: format!("{what} is not possible before the transaction is committed").into(),
    }
}

#[async_trait]
impl ObjectStore for OverlayStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        if !self.overlay.is_log(location) {
            self.overlay.remember(location);
            return self.inner.put_opts(location, payload, opts).await;
        }
        match location.filename().and_then(log_file) {
            Some((_, true)) => self.overlay.memory.put_opts(location, payload, opts).await,
            _ => Err(not_here("A checkpoint")),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if self.overlay.is_log(location) {
            return Err(not_here("A checkpoint"));
        }
        self.overlay.remember(location);
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match self
            .overlay
            .memory
            .get_opts(location, options.clone())
            .await
        {
            Err(Error::NotFound { .. }) if self.overlay.hides(location) => Err(absent(location)),
            Err(Error::NotFound { .. }) => self.inner.get_opts(location, options).await,
            found => found,
        }
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<Bytes>> {
        match self.overlay.memory.get_ranges(location, ranges).await {
            Err(Error::NotFound { .. }) if self.overlay.hides(location) => Err(absent(location)),
            Err(Error::NotFound { .. }) => self.inner.get_ranges(location, ranges).await,
            found => found,
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        // Nothing of the log is removed through here.
        let overlay = self.overlay.clone();
        let data = locations.map(move |location| match location {
            Ok(location) if overlay.is_log(&location) => Err(not_here("Removing a log entry")),
            other => other,
        });
        self.inner.delete_stream(data.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(prefix, self.inner.list(prefix), None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let files = self.inner.list_with_offset(prefix, offset);
        self.listed(prefix, files, Some(offset.clone()))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut found = self.inner.list_with_delimiter(prefix).await?;
        found
            .objects
            .retain(|file| !self.overlay.hides(&file.location));
        let more = self.overlay.memory.list_with_delimiter(prefix).await?;
        found.objects.extend(more.objects);
        for folder in more.common_prefixes {
            if !found.common_prefixes.contains(&folder) {
                found.common_prefixes.push(folder);
            }
        }
        Ok(found)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        match self.overlay.is_log(to) {
            true => Err(not_here("A copy into the log")),
            false => self.inner.copy_opts(from, to, options).await,
        }
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        match self.overlay.is_log(to) || self.overlay.is_log(from) {
            true => Err(not_here("A change of names in the log")),
            false => self.inner.rename_opts(from, to, options).await,
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_engine_overlay(
    engine: *const Engine,
    path: LgStr,
    base_version: i64,
    out: *mut *mut Engine,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let path = unsafe { fence::text(path, "path") }?;
        let overlay = Overlay::new(engine, path, u64::try_from(base_version).ok())?;
        unsafe { fence::give(out, EngineCore::over(engine, overlay)) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_engine_overlay_files(
    engine: *const Engine,
    path: LgStr,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let path = unsafe { fence::text(path, "path") }?;
        let overlay = engine.overlay_of(FsPath::new(path)).ok_or_else(|| {
            BridgeError::invalid_argument(format!("The engine has no commits of its own: {path}"))
        })?;
        unsafe { fence::give(out, Text::json(&overlay.files()?)?) }
    })
}
