//! Work that changes no row: compaction (staged, for the caller to commit), checkpoints, and
//! the removal of files that were staged in vain.

use std::num::NonZeroU64;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::execution::SessionState;
use deltalake_core::kernel::Remove;
use deltalake_core::kernel::transaction::PROTOCOL;
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::operations::optimize::OptimizeType;
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaTable, checkpoints};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::location::{LOG_FOLDER, TableRoot};
use super::snapshot::DeltaTableHandle;
use super::staging::{Staging, remove_empty_folders};
use super::watched_log::{Put, WatchedLog};
use super::writer::properties;
use crate::abi::LgStr;
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{BridgeError, Result};
use crate::fence;
use crate::text::Text;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CompactOptions {
    #[serde(default)]
    target_file_bytes: u64,
    #[serde(default)]
    compression: String,
    /// Rows are brought together by these columns, along a z-order curve.
    #[serde(default)]
    z_order: Vec<String>,
    #[serde(default)]
    time_limit_ms: Option<u64>,
}

/// delta-rs would commit by itself, with retries that can double rows: its commit is kept
/// back, and the caller commits the actions against the version they were made from.
async fn compact(
    session: SessionState,
    root: TableRoot,
    state: DeltaTableState,
    staging: Staging,
    options: CompactOptions,
) -> Result<Value> {
    PROTOCOL
        .can_write_to(&state)
        .map_err(|error| super::error::transaction_error(&error))?;
    let deleted_rows = state
        .snapshot()
        .try_log_data()?
        .iter()
        .any(|file| file.deletion_vector_descriptor().is_some());
    if deleted_rows {
        return Err(super::error::feature("deletionVectors", "compaction"));
    }
    let data: Arc<dyn ObjectStore> = staging.store.clone();
    let log = WatchedLog::capturing(root.log_store.clone(), data);
    let store: LogStoreRef = log.clone();
    let mut table = DeltaTable::new(store);
    table.state = Some(state);
    let mut builder = table
        .optimize()
        .with_session_state(Arc::new(session))
        .with_writer_properties(properties(&options.compression)?.build());
    if let Some(target) = NonZeroU64::new(options.target_file_bytes) {
        builder = builder.with_target_size(target);
    }
    if !options.z_order.is_empty() {
        builder = builder.with_type(OptimizeType::ZOrder(options.z_order));
    }
    let outcome = builder.await;
    match (log.take(), outcome) {
        (Put::Captured(entry), _) => captured(&entry),
        (_, Ok((_, metrics))) => {
            let metrics = serde_json::to_value(metrics).unwrap_or_default();
            Ok(json!({"actions": [], "metrics": metrics}))
        }
        (_, Err(error)) => Err(error.into()),
    }
}

fn captured(entry: &Bytes) -> Result<Value> {
    let mut actions = Vec::new();
    let mut metrics = Value::Null;
    for line in entry
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let action: Value = serde_json::from_slice(line)
            .map_err(|error| BridgeError::internal(format!("a captured action: {error}")))?;
        match action.get("commitInfo") {
            Some(info) => metrics = info["operationMetrics"].clone(),
            None => actions.push(action),
        }
    }
    Ok(json!({"actions": actions, "metrics": metrics}))
}

/// Paths as Add actions spell them: URL-encoded and relative to the table.
fn staged_paths(files: &[String]) -> Result<Vec<Path>> {
    let refused = |file: &str| {
        BridgeError::invalid_argument(format!(
            "Only data files below the table can be discarded: {file}"
        ))
        .with_subject(file)
    };
    let mut paths = Vec::with_capacity(files.len());
    for file in files {
        // delta-rs decodes the path of an action as it reads one.
        let action = json!({"path": file, "dataChange": false});
        let Ok(Remove { path: decoded, .. }) = serde_json::from_value(action) else {
            return Err(refused(file));
        };
        let path = Path::parse(&decoded).map_err(|_| refused(file))?;
        let leaves =
            decoded.starts_with('/') || decoded.split('/').any(|part| part == ".." || part == ".");
        let in_log = path
            .parts()
            .next()
            .is_none_or(|part| part.as_ref() == LOG_FOLDER);
        if leaves || in_log {
            return Err(refused(file));
        }
        paths.push(path);
    }
    Ok(paths)
}

async fn discard(root: TableRoot, paths: Vec<Path>) -> Result<()> {
    let store = root.log_store.object_store(None);
    let mut first = None;
    for path in paths {
        match store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {
                remove_empty_folders(&root.path, &path);
            }
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_discard(
    engine: *const Engine,
    path: LgStr,
    files: LgStr,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let root = TableRoot::new(engine, unsafe { fence::text(path, "path") }?)?;
        let files: Vec<String> = serde_json::from_str(unsafe { fence::text(files, "files") }?)
            .map_err(|error| BridgeError::invalid_argument(format!("invalid files: {error}")))?;
        let paths = staged_paths(&files)?;
        engine.run(&Cancel::never(), discard(root, paths))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_compact(
    engine: *const Engine,
    base: *const DeltaTableHandle,
    options: LgStr,
    cancel: crate::abi::LgCancelSource,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    let mut cancel = Cancel::new(cancel);
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let base = unsafe { fence::borrow(base, "base") }?;
        let options: CompactOptions = unsafe { fence::options(options, "compact options") }?;
        cancel.set_time_limit_ms(options.time_limit_ms);
        let staging = Staging::new(&base.root);
        let work = compact(
            engine.template().clone(),
            base.root.clone(),
            base.state.clone(),
            staging.clone(),
            options,
        );
        match engine.run(&cancel, work) {
            Ok(result) => unsafe { fence::give(out, Text::json(&result)?) },
            Err(error) => {
                let swept = engine.run(&Cancel::never(), async move {
                    staging.discard().await;
                    Ok(())
                });
                // The failure that led here is the one to report.
                drop(swept);
                Err(error)
            }
        }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_checkpoint(
    delta: *const DeltaTableHandle,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let delta = unsafe { fence::borrow(delta, "delta") }?;
        let mut table = DeltaTable::new(delta.root.log_store.clone());
        table.state = Some(delta.state.clone());
        delta.engine.run(&Cancel::never(), async move {
            checkpoints::create_checkpoint(&table, None).await?;
            Ok(())
        })
    })
}
