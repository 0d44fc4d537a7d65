//! `lg_delta`: one version of a table, with its live files.

use std::fs::File;
use std::path::Path;

use arrow::ffi::FFI_ArrowSchema;
use deltalake_core::kernel::Add;
use deltalake_core::kernel::transaction::PROTOCOL;
use deltalake_core::table::config::TablePropertiesExt;
use deltalake_core::table::state::DeltaTableState;
use futures::TryStreamExt;
use parquet::file::reader::SerializedFileReader;
use serde_json::{Value, json};

use super::location::{DeltaLocation, LogListing, TableRoot, no_log};
use crate::abi::LgStr;
use crate::arrow_out::put_schema;
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{BridgeError, Kind, Result};
use crate::fence;
use crate::text::Text;

pub struct DeltaTableHandle {
    pub engine: Engine,
    pub root: TableRoot,
    pub state: DeltaTableState,
}

impl DeltaTableHandle {
    pub fn open(engine: &Engine, location: &DeltaLocation) -> Result<Self> {
        let root = TableRoot::new(engine, &location.path)?;
        let listing = LogListing::read(&root)?.ok_or_else(|| no_log(&root))?;
        let version = listing.resolve(location)?;
        let log_store = root.log_store.clone();
        let opened = engine.run(&Cancel::never(), async move {
            let state = DeltaTableState::try_new(log_store.as_ref(), version).await?;
            PROTOCOL
                .can_read_from(&state)
                .map_err(|error| super::error::transaction_error(&error))?;
            Ok(state)
        });
        let state = opened.map_err(|error| explain(error, &root, &listing))?;
        Ok(Self {
            engine: engine.clone(),
            root,
            state,
        })
    }

    pub fn version(&self) -> i64 {
        i64::try_from(self.state.version()).unwrap_or(i64::MAX)
    }

    /// The live files by path.
    pub fn adds(&self) -> Result<Vec<Add>> {
        let files = self.state.snapshot().try_log_data()?;
        #[allow(deprecated)] // the Arrow form drops what a Remove must repeat
        let mut adds: Vec<Add> = files.iter().map(|file| file.add_action()).collect();
        adds.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(adds)
    }

    pub fn file_totals(&self) -> Result<(usize, i64)> {
        let files = self.state.snapshot().try_log_data()?;
        let bytes = files.iter().map(|file| file.size()).sum();
        Ok((files.num_files(), bytes))
    }

    fn info(&self) -> Result<Value> {
        let (files, bytes) = self.file_totals()?;
        let metadata = self.state.metadata();
        let config = self.state.table_config();
        let unwritable = PROTOCOL
            .can_write_to(&self.state)
            .map_err(|error| super::error::transaction_error(&error).message)
            .err();
        Ok(json!({
            "version": self.version(),
            "protocol": self.state.protocol(),
            "metadata": metadata,
            "files": files,
            "bytes": bytes,
            "partition_columns": metadata.partition_columns(),
            "configuration": metadata.configuration(),
            "removed_file_retention_ms": millis(config.deleted_file_retention_duration()),
            "log_retention_ms": millis(config.log_retention_duration()),
            "unwritable": unwritable,
        }))
    }

    /// The Remove actions that the log still has.
    fn tombstones(&self) -> Result<Vec<Value>> {
        let (state, log_store) = (self.state.clone(), self.root.log_store.clone());
        self.engine.run(&Cancel::never(), async move {
            let found = state
                .all_tombstones(log_store.as_ref())
                .map_ok(|removed| {
                    json!({"path": removed.path(), "removed_at_ms": removed.deletion_timestamp()})
                })
                .try_collect()
                .await?;
            Ok(found)
        })
    }
}

/// The path of an Add, encoded as it is in the log.
pub fn spelled(add: &Add) -> Result<String> {
    let action =
        serde_json::to_value(add).map_err(|error| BridgeError::internal(error.to_string()))?;
    match action["path"].as_str() {
        Some(path) => Ok(path.to_owned()),
        None => Err(BridgeError::internal("a file without a path")),
    }
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The kernel does not say which file it could not read: look for it.
fn explain(error: BridgeError, root: &TableRoot, listing: &LogListing) -> BridgeError {
    if !matches!(error.kind, Kind::CorruptData | Kind::Internal) {
        return error;
    }
    let broken = broken_commit(root, listing).or_else(|| broken_checkpoint(root));
    let (file, reason) = match broken {
        Some(found) => found,
        None if !error.subject.is_empty() => return error,
        None => (
            root.log_folder().display().to_string(),
            error.message.clone(),
        ),
    };
    BridgeError::corrupt(format!("The Delta log is corrupt: {file}: {reason}")).with_subject(file)
}

fn broken_commit(root: &TableRoot, listing: &LogListing) -> Option<(String, String)> {
    let mut expected = listing.commits.first().map(|(version, _)| *version);
    for (version, _) in &listing.commits {
        if let Some(gap) = expected.filter(|next| next != version) {
            let file = root.commit_file(gap).display().to_string();
            return Some((file, "the file is missing".to_owned()));
        }
        expected = version.checked_add(1);
        let path = root.commit_file(*version);
        if let Err(reason) = check_commit(&path) {
            return Some((path.display().to_string(), reason));
        }
    }
    None
}

fn check_commit(path: &Path) -> std::result::Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(_)) => {}
            Ok(_) => return Err(format!("line {} is not an action", index + 1)),
            Err(error) => return Err(format!("line {}: {error}", index + 1)),
        }
    }
    Ok(())
}

fn broken_checkpoint(root: &TableRoot) -> Option<(String, String)> {
    let entries = std::fs::read_dir(root.log_folder()).ok()?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name()?.to_str()?;
        if !name.contains(".checkpoint.") || !name.ends_with(".parquet") {
            continue;
        }
        let reason = match File::open(&path) {
            Ok(file) => match SerializedFileReader::new(file) {
                Ok(_) => continue,
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        return Some((path.display().to_string(), reason));
    }
    None
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_open(
    engine: *const Engine,
    location: LgStr,
    out: *mut *mut DeltaTableHandle,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let location: DeltaLocation = unsafe { fence::options(location, "location") }?;
        unsafe { fence::give(out, DeltaTableHandle::open(engine, &location)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_info(
    delta: *const DeltaTableHandle,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let delta = unsafe { fence::borrow(delta, "delta") }?;
        unsafe { fence::give(out, Text::json(&delta.info()?)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_schema(
    delta: *const DeltaTableHandle,
    out: *mut FFI_ArrowSchema,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let delta = unsafe { fence::borrow(delta, "delta") }?;
        unsafe { put_schema(&delta.state.snapshot().arrow_schema(), out) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_files(
    delta: *const DeltaTableHandle,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let delta = unsafe { fence::borrow(delta, "delta") }?;
        unsafe { fence::give(out, Text::json(&delta.adds()?)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_tombstones(
    delta: *const DeltaTableHandle,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let delta = unsafe { fence::borrow(delta, "delta") }?;
        unsafe { fence::give(out, Text::json(&delta.tombstones()?)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_app_version(
    delta: *const DeltaTableHandle,
    app_id: LgStr,
    out: *mut i64,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let delta = unsafe { fence::borrow(delta, "delta") }?;
        let app_id = unsafe { fence::text(app_id, "app_id") }?.to_owned();
        let (state, log_store) = (delta.state.clone(), delta.root.log_store.clone());
        let version = delta.engine.run(&Cancel::never(), async move {
            let found = state
                .transaction_version(log_store.as_ref(), app_id)
                .await?;
            Ok(found.unwrap_or(-1))
        })?;
        unsafe { fence::put(out, version) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_free(delta: *mut DeltaTableHandle) {
    unsafe { fence::free(delta) };
}
