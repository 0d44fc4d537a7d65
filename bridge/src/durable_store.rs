//! The local object store of Delta tables: what it reports as written survives a power cut.
//!
//! `object_store`'s own local store never calls fsync. This one writes every object beside its
//! destination, syncs it, publishes it under its name in one step, and syncs the directories.
//! Put-if-absent has exactly one winner; without hard links it needs `RENAME_NOREPLACE`, and
//! where neither exists it is refused rather than approximated. With `durable` off only the
//! syncs are left out, so readers never see half an object either way.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result, UploadPart,
};

const STORE: &str = "local file system";
const STAGING: &str = "local file system, staging";

/// `LocalFileSystem` rooted at `/`, with writing replaced.
#[derive(Debug, Clone)]
pub struct DurableLocalStore {
    inner: Arc<LocalFileSystem>,
    durable: bool,
}

impl DurableLocalStore {
    pub fn new(durable: bool) -> Self {
        Self {
            inner: Arc::new(LocalFileSystem::new()),
            durable,
        }
    }

    fn sync_after(&self, location: &Path) -> Result<impl FnOnce() -> Result<()> + Send + 'static> {
        let durable = self.durable;
        let path = self.inner.path_to_filesystem(location)?;
        Ok(move || {
            if durable {
                sync_parent(&path).map_err(|error| failed(&path, error))?;
            }
            Ok(())
        })
    }
}

impl std::fmt::Display for DurableLocalStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mode = if self.durable { "synced" } else { "unsynced" };
        write!(f, "{STORE}({mode})")
    }
}

#[async_trait]
impl ObjectStore for DurableLocalStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let create = match opts.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => return Err(not_implemented("a conditional update")),
        };
        if !opts.attributes.is_empty() {
            return Err(not_implemented("object attributes"));
        }
        let path = self.inner.path_to_filesystem(location)?;
        let durable = self.durable;
        blocking(move || {
            let mut staged = StagedFile::create(&path, durable)?;
            for chunk in payload.iter() {
                staged
                    .file
                    .write_all(chunk)
                    .map_err(|error| failed_staging(&path, error))?;
            }
            staged.publish(create)
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !opts.attributes.is_empty() {
            return Err(not_implemented("object attributes"));
        }
        let path = self.inner.path_to_filesystem(location)?;
        let durable = self.durable;
        let staged = blocking(move || StagedFile::create(&path, durable)).await?;
        Ok(Box::new(DurableUpload {
            staged: Some(Arc::new(staged)),
            offset: 0,
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
        let sync = self.sync_after(to)?;
        self.inner.copy_opts(from, to, options).await?;
        blocking(sync).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let (sync_to, sync_from) = (self.sync_after(to)?, self.sync_after(from)?);
        self.inner.rename_opts(from, to, options).await?;
        blocking(move || sync_to().and_then(|()| sync_from())).await
    }
}

/// Parts land at their offsets in the staged file, in any order; `complete` publishes it.
#[derive(Debug)]
struct DurableUpload {
    staged: Option<Arc<StagedFile>>,
    offset: u64,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let offset = self.offset;
        self.offset += data.content_length() as u64;
        let staged = self.staged.clone();
        Box::pin(blocking(move || {
            let staged = staged.ok_or_else(|| spent("put_part"))?;
            let mut at = offset;
            for chunk in data.iter() {
                staged
                    .file
                    .write_all_at(chunk, at)
                    .map_err(|error| failed_staging(&staged.destination, error))?;
                at += chunk.len() as u64;
            }
            Ok(())
        }))
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let staged = self.staged.take().ok_or_else(|| spent("complete"))?;
        // Every part future holds a reference: one left over means a part is still in flight.
        let staged = Arc::try_unwrap(staged).map_err(|_| spent("complete before its parts"))?;
        blocking(move || staged.publish(false)).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.staged = None;
        Ok(())
    }
}

/// A file beside its destination that is removed unless it is published. The `#digits` suffix is
/// the one `LocalFileSystem` hides from listings.
#[derive(Debug)]
struct StagedFile {
    file: File,
    path: PathBuf,
    destination: PathBuf,
    durable: bool,
    published: bool,
}

static STAGED: AtomicU64 = AtomicU64::new(0);

impl StagedFile {
    fn create(destination: &FsPath, durable: bool) -> Result<Self> {
        loop {
            let number = STAGED.fetch_add(1, Ordering::Relaxed) % 1_000_000;
            let mut path = destination.as_os_str().to_owned();
            path.push(format!("#{}{number:06}", std::process::id()));
            let path = PathBuf::from(path);
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path);
            match opened {
                Ok(file) => {
                    return Ok(Self {
                        file,
                        path,
                        destination: destination.to_path_buf(),
                        durable,
                        published: false,
                    });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    create_parents(destination, durable)
                        .map_err(|error| failed_staging(destination, error))?;
                }
                Err(error) => return Err(failed_staging(destination, error)),
            }
        }
    }

    fn publish(mut self, create: bool) -> Result<PutResult> {
        let fail = |error| failed_staging(&self.destination, error);
        if self.durable {
            self.file.sync_all().map_err(fail)?;
        }
        let metadata = self.file.metadata().map_err(fail)?;
        if create {
            self.publish_if_absent(&metadata)?;
        } else {
            std::fs::rename(&self.path, &self.destination)
                .map_err(|error| failed(&self.destination, error))?;
        }
        self.published = true;
        if self.durable {
            // A failure here leaves the object visible: the caller must treat it as unknown.
            sync_parent(&self.destination).map_err(|error| failed(&self.destination, error))?;
        }
        Ok(PutResult {
            e_tag: Some(format!(
                "{:x}-{:x}-{:x}",
                metadata.ino(),
                metadata.mtime_nsec(),
                metadata.len()
            )),
            version: None,
        })
    }

    fn publish_if_absent(&self, staged: &std::fs::Metadata) -> Result<()> {
        match std::fs::hard_link(&self.path, &self.destination) {
            Ok(()) => {
                // The object stands; a leftover second name is hidden from every listing.
                let _ = std::fs::remove_file(&self.path);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // A network file system may repeat a link that already succeeded.
                match std::fs::metadata(&self.destination) {
                    Ok(found) if found.ino() == staged.ino() && found.dev() == staged.dev() => {
                        let _ = std::fs::remove_file(&self.path);
                        Ok(())
                    }
                    _ => Err(exists(&self.destination, error)),
                }
            }
            Err(error) if lacks_hard_links(&error) => {
                rename_if_absent(&self.path, &self.destination)
            }
            Err(error) => Err(failed(&self.destination, error)),
        }
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.published {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn lacks_hard_links(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EPERM | libc::EOPNOTSUPP | libc::ENOSYS | libc::EMLINK)
    )
}

fn rename_if_absent(from: &FsPath, to: &FsPath) -> Result<()> {
    let c_string = |path: &FsPath| {
        std::ffi::CString::new(path.as_os_str().as_bytes())
            .map_err(|error| failed(path, io::Error::new(ErrorKind::InvalidInput, error)))
    };
    let (c_from, c_to) = (c_string(from)?, c_string(to)?);
    // SAFETY: both are terminated texts that outlive the call.
    let status = unsafe {
        libc::renameat2(
            libc::AT_FDCWD,
            c_from.as_ptr(),
            libc::AT_FDCWD,
            c_to.as_ptr(),
            libc::RENAME_NOREPLACE,
        )
    };
    if status == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EEXIST) => Err(exists(to, error)),
        Some(libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP) => Err(Error::NotSupported {
            source: format!(
                "The file system has neither hard links nor RENAME_NOREPLACE, so a Delta commit \
                 cannot be atomic on it: {}",
                to.display()
            )
            .into(),
        }),
        _ => Err(failed(to, error)),
    }
}

/// Creates the directories above `path`; each new name is synced in its parent.
fn create_parents(path: &FsPath, durable: bool) -> io::Result<()> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    let missing: Vec<&FsPath> = parent.ancestors().take_while(|dir| !dir.exists()).collect();
    std::fs::create_dir_all(parent)?;
    if durable {
        for directory in missing {
            sync_parent(directory)?;
        }
    }
    Ok(())
}

fn sync_parent(path: &FsPath) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await?,
        Err(_) => work(),
    }
}

fn failed(path: &FsPath, error: io::Error) -> Error {
    let location = path.display().to_string();
    match error.kind() {
        ErrorKind::NotFound => Error::NotFound {
            path: location,
            source: error.into(),
        },
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Error::PermissionDenied {
            path: location,
            source: error.into(),
        },
        _ => Error::Generic {
            store: STORE,
            source: named(path, error).into(),
        },
    }
}

/// As [`failed`], for work on a staged file: the object is certainly not visible.
fn failed_staging(path: &FsPath, error: io::Error) -> Error {
    match failed(path, error) {
        Error::Generic { source, .. } => Error::Generic {
            store: STAGING,
            source,
        },
        other => other,
    }
}

fn named(path: &FsPath, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{error}: {}", path.display()))
}

/// Whether a failed put may have left the object visible all the same.
pub fn outcome_is_unknown(error: &Error) -> bool {
    match error {
        Error::Generic { store, .. } => *store != STAGING,
        Error::JoinError { .. } => true,
        _ => false,
    }
}

fn exists(path: &FsPath, error: io::Error) -> Error {
    Error::AlreadyExists {
        path: path.display().to_string(),
        source: error.into(),
    }
}

fn not_implemented(operation: &str) -> Error {
    Error::NotImplemented {
        operation: operation.to_string(),
        implementer: STORE.to_string(),
    }
}

fn spent(operation: &'static str) -> Error {
    Error::Generic {
        store: STORE,
        source: format!("An upload was used after its end: {operation}").into(),
    }
}
