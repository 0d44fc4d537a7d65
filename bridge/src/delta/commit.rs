//! One commit: prepared, put once, never retried or rebased.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::Utc;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::{
    CommitBuilder, CommitProperties, TableReference, TransactionError,
};
use deltalake_core::kernel::{Action, CommitInfo, Metadata, Protocol, StructType, StructTypeExt};
use deltalake_core::logstore::{LogStore, LogStoreRef};
use deltalake_core::protocol::{DeltaOperation, MergePredicate, SaveMode};
use deltalake_core::table::Constraint;
use deltalake_core::table::config::TablePropertiesExt;
use deltalake_core::table::state::DeltaTableState;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::location::{LogListing, TableRoot, no_log};
use super::snapshot::DeltaTableHandle;
use super::watched_log::{Put, WatchedLog};
use crate::abi::LgStr;
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{BridgeError, Kind, Result};
use crate::fence;
use crate::text::Text;

/// Keys of commitInfo that the commit itself decides.
const OWN_KEYS: [&str; 6] = [
    "timestamp",
    "operation",
    "operationParameters",
    "readVersion",
    "engineInfo",
    "inCommitTimestamp",
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitRequest {
    path: String,
    actions: Vec<Value>,
    operation: Operation,
    #[serde(default)]
    commit_info: HashMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    name: String,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    partition_by: Option<Vec<String>>,
    #[serde(default)]
    predicate: Option<String>,
    #[serde(default)]
    target_file_bytes: Option<i64>,
    #[serde(default)]
    properties: HashMap<String, String>,
    #[serde(default)]
    constraints: Vec<(String, String)>,
    #[serde(default)]
    version: Option<u64>,
    #[serde(default)]
    clauses: Clauses,
}

/// Of a MERGE.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clauses {
    matched: Vec<MergePredicate>,
    not_matched: Vec<MergePredicate>,
    not_matched_by_source: Vec<MergePredicate>,
}

impl Operation {
    fn to_delta(&self, url: &Url, actions: &[Action]) -> Result<DeltaOperation> {
        let predicate = self.predicate.clone();
        Ok(match self.name.as_str() {
            "WRITE" => DeltaOperation::Write {
                mode: self.save_mode()?,
                partition_by: self.partition_by.clone(),
                predicate,
            },
            "CREATE TABLE" => {
                let (protocol, metadata) = table_actions_of(actions)?;
                DeltaOperation::Create {
                    mode: SaveMode::ErrorIfExists,
                    location: url.clone(),
                    protocol,
                    metadata,
                }
            }
            "OPTIMIZE" => DeltaOperation::Optimize {
                predicate,
                target_size: self.target_file_bytes.unwrap_or(0),
            },
            "DELETE" => DeltaOperation::Delete { predicate },
            "UPDATE" => DeltaOperation::Update { predicate },
            "MERGE" => DeltaOperation::Merge {
                predicate: None,
                merge_predicate: predicate,
                matched_predicates: self.clauses.matched.clone(),
                not_matched_predicates: self.clauses.not_matched.clone(),
                not_matched_by_source_predicates: self.clauses.not_matched_by_source.clone(),
            },
            "RESTORE" => DeltaOperation::Restore {
                version: self.version,
                datetime: None,
            },
            "FSCK" => DeltaOperation::FileSystemCheck {},
            "SET TBLPROPERTIES" => DeltaOperation::SetTableProperties {
                properties: self.properties.clone(),
            },
            "ADD CONSTRAINT" => DeltaOperation::AddConstraint {
                constraints: self.constraints.iter().map(constraint).collect(),
            },
            "DROP CONSTRAINT" => DeltaOperation::DropConstraint {
                name: self
                    .constraints
                    .first()
                    .map_or_else(String::new, |named| named.0.clone()),
            },
            other => {
                return Err(BridgeError::invalid_argument(format!(
                    "The Delta operation is not known: {other}; it is WRITE, CREATE TABLE, \
                     OPTIMIZE, DELETE, UPDATE, MERGE, RESTORE, FSCK, SET TBLPROPERTIES, ADD \
                     CONSTRAINT or DROP CONSTRAINT"
                )));
            }
        })
    }

    fn save_mode(&self) -> Result<SaveMode> {
        match self.mode.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("append") => Ok(SaveMode::Append),
            Some("overwrite") => Ok(SaveMode::Overwrite),
            Some("error" | "errorifexists") => Ok(SaveMode::ErrorIfExists),
            Some("ignore") => Ok(SaveMode::Ignore),
            Some(other) => Err(BridgeError::invalid_argument(format!(
                "The mode of a WRITE is not known: {other}; it is append, overwrite, error or \
                 ignore"
            ))),
        }
    }
}

fn constraint((name, expression): &(String, String)) -> Constraint {
    Constraint::new(name, expression)
}

fn table_actions_of(actions: &[Action]) -> Result<(Protocol, Metadata)> {
    let mut found = (None, None);
    for action in actions {
        match action {
            Action::Protocol(protocol) => found.0 = Some(protocol.clone()),
            Action::Metadata(metadata) => found.1 = Some(metadata.clone()),
            _ => {}
        }
    }
    match found {
        (Some(protocol), Some(metadata)) => Ok((protocol, metadata)),
        _ => Err(BridgeError::invalid_argument(
            "A new Delta table needs one protocol and one metaData action",
        )),
    }
}

fn parse_actions(values: Vec<Value>) -> Result<Vec<Action>> {
    let mut actions = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let action: Action = serde_json::from_value(value).map_err(|error| {
            BridgeError::invalid_argument(format!("action {index} is not a Delta action: {error}"))
        })?;
        let welcome = matches!(
            action,
            Action::Protocol(_)
                | Action::Metadata(_)
                | Action::Add(_)
                | Action::Remove(_)
                | Action::Cdc(_)
                | Action::Txn(_)
        );
        if !welcome {
            return Err(BridgeError::invalid_argument(format!(
                "action {index} must be protocol, metaData, add, remove, cdc or txn"
            )));
        }
        actions.push(action);
    }
    Ok(actions)
}

/// New rows must meet what the table demands of every writer; what the caller cannot have
/// checked is refused here.
fn check_writable(columns: &StructType, mapping: Option<&str>, actions: &[Action]) -> Result<()> {
    let adds_rows = actions
        .iter()
        .any(|action| matches!(action, Action::Add(add) if add.data_change));
    if !adds_rows {
        return Ok(());
    }
    if mapping.is_some_and(|mode| mode != "none") {
        return Err(super::error::feature("columnMapping", "writing the table"));
    }
    let model =
        |error: deltalake_core::kernel::Error| BridgeError::from(DeltaTableError::from(error));
    if !columns.get_invariants().map_err(model)?.is_empty() {
        return Err(super::error::feature("invariants", "writing the table"));
    }
    if !columns.get_generated_columns().map_err(model)?.is_empty() {
        return Err(super::error::feature(
            "generatedColumns",
            "writing the table",
        ));
    }
    Ok(())
}

struct Commit {
    root: TableRoot,
    base: Option<DeltaTableState>,
    actions: Vec<Action>,
    operation: DeltaOperation,
    info: CommitInfo,
    extra: HashMap<String, Value>,
}

impl Commit {
    fn new(
        engine: &Engine,
        base: Option<&DeltaTableHandle>,
        request: CommitRequest,
    ) -> Result<Self> {
        let root = TableRoot::new(engine, &request.path)?;
        if base.is_some_and(|base| base.root.path != root.path) {
            return Err(BridgeError::invalid_argument(
                "The base of a commit is a snapshot of another path",
            ));
        }
        let actions = parse_actions(request.actions)?;
        let operation = request.operation.to_delta(&root.url, &actions)?;
        match base {
            None => {
                let (_, metadata) = table_actions_of(&actions)?;
                let columns = metadata.parse_schema().map_err(DeltaTableError::from)?;
                let mapping = metadata.configuration().get("delta.columnMapping.mode");
                check_writable(&columns, mapping.map(String::as_str), &actions)?;
            }
            Some(base) => {
                let mapping = base
                    .state
                    .metadata()
                    .configuration()
                    .get("delta.columnMapping.mode");
                check_writable(&base.state.schema(), mapping.map(String::as_str), &actions)?;
            }
        }
        if let Some(key) = request
            .commit_info
            .keys()
            .find(|key| OWN_KEYS.contains(&key.as_str()))
        {
            return Err(BridgeError::invalid_argument(format!(
                "This key of commit_info is written by the commit itself: {key}"
            )));
        }
        let mut info = operation.get_commit_info();
        info.timestamp = Some(Utc::now().timestamp_millis());
        info.engine_info = Some(super::engine_info());
        info.read_version = base.map(|base| base.state.version());
        Ok(Self {
            root,
            base: base.map(|base| base.state.clone()),
            actions,
            operation,
            info,
            extra: request.commit_info,
        })
    }

    async fn land(mut self) -> Result<i64> {
        let read_version = version_of(self.base.as_ref().map(DeltaTableState::version));
        if self.base.is_none()
            && let Some(listing) = LogListing::read(&self.root)?
        {
            return Err(conflict(read_version, version_of(Some(listing.latest()))));
        }
        let log = WatchedLog::observing(self.root.log_store.clone());
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_create_checkpoint(true)
            // Old log entries go when the caller's maintenance says so.
            .with_cleanup_expired_logs(Some(false))
            .with_metadata(std::mem::take(&mut self.extra));
        // First in the entry, as the protocol wants it.
        self.actions.insert(0, Action::CommitInfo(self.info));
        let store: LogStoreRef = log.clone();
        let table = self.base.as_ref().map(|state| state as &dyn TableReference);
        let prepared = CommitBuilder::from(properties)
            .with_actions(self.actions)
            .build(table, store, self.operation)
            .into_prepared_commit_future()
            .await?;
        let attempted = prepared.await;
        match log.take() {
            Put::Landed(version) => {
                if let Ok(posted) = attempted
                    && self.root.overlay.is_none()
                    && wants_checkpoint(self.base.as_ref(), version)
                {
                    // The commit stands whether or not the checkpoint does.
                    let _ = posted.await;
                }
                Ok(version_of(Some(version)))
            }
            Put::Taken(version) => {
                let latest = self.root.log_store.get_latest_version(version).await;
                let found = latest.unwrap_or(version).max(version);
                Err(conflict(read_version, version_of(Some(found))))
            }
            Put::Failed(error) => Err(error),
            Put::Unknown(error) => Err(BridgeError::new(
                Kind::CommitUnknown,
                format!(
                    "The commit failed in a way that may have landed: {}; read the log before \
                     anything is retried",
                    error.message
                ),
            )
            .with_subject(error.subject)
            .with_versions(read_version, -1)),
            Put::Captured(_) => Err(BridgeError::internal("a commit was captured")),
            Put::Never => Err(never_put(attempted.err(), read_version, &self.root).await),
        }
    }
}

/// Nothing was put: either somebody was faster, or the log could not be read.
async fn never_put(
    error: Option<DeltaTableError>,
    read_version: i64,
    root: &TableRoot,
) -> BridgeError {
    let lost = matches!(
        error,
        Some(DeltaTableError::Transaction {
            source: TransactionError::MaxCommitAttempts(_) | TransactionError::CommitConflict(_),
        })
    );
    if lost {
        let found = match LogListing::read(root) {
            Ok(Some(listing)) => version_of(Some(listing.latest())),
            _ => -1,
        };
        return conflict(read_version, found);
    }
    match error {
        Some(error) => error.into(),
        None => BridgeError::internal("a commit ended without being put"),
    }
}

fn conflict(read_version: i64, found_version: i64) -> BridgeError {
    let (sentence, reason) = match read_version {
        -1 => (
            "A table exists already where this commit would create one",
            "table_exists",
        ),
        _ => (
            "Another commit landed after the version this one read",
            "version_taken",
        ),
    };
    BridgeError::new(
        Kind::CommitConflict,
        format!("{sentence}: read {read_version}, found {found_version}"),
    )
    .with_subject(reason)
    .with_versions(read_version, found_version)
}

fn wants_checkpoint(base: Option<&DeltaTableState>, version: u64) -> bool {
    let Some(base) = base else {
        return false;
    };
    let interval = base.table_config().checkpoint_interval().get();
    (version + 1).is_multiple_of(interval)
}

fn version_of(version: Option<u64>) -> i64 {
    version
        .and_then(|version| i64::try_from(version).ok())
        .unwrap_or(-1)
}

/// One entry of the log, byte for byte.
async fn read_entry(root: TableRoot, version: u64) -> Result<Bytes> {
    if let Some(bytes) = root.log_store.read_commit_entry(version).await? {
        return Ok(bytes);
    }
    let listing = LogListing::read(&root)?.ok_or_else(|| no_log(&root))?;
    Err(BridgeError::not_found(format!(
        "The Delta log has no such entry: {version}; the newest is {}: {}",
        listing.latest(),
        root.path.display()
    ))
    .with_versions(-1, version_of(Some(listing.latest()))))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_commit(
    engine: *const Engine,
    base: *const DeltaTableHandle,
    request: LgStr,
    version: *mut i64,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(version, "version")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let request: CommitRequest = unsafe { fence::options(request, "commit request") }?;
        let commit = Commit::new(engine, unsafe { base.as_ref() }, request)?;
        let landed = engine.run(&Cancel::never(), commit.land())?;
        unsafe { fence::put(version, landed) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_read_commit(
    engine: *const Engine,
    path: LgStr,
    version: i64,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let root = TableRoot::new(engine, unsafe { fence::text(path, "path") }?)?;
        let version = u64::try_from(version).map_err(|_| {
            BridgeError::invalid_argument(format!("A version is never negative: {version}"))
        })?;
        let file = root.commit_file(version).display().to_string();
        let bytes = engine.run(&Cancel::never(), read_entry(root, version))?;
        let entry = String::from_utf8(bytes.to_vec()).map_err(|_| {
            BridgeError::corrupt(format!("The Delta log is corrupt: {file}: it is not UTF-8"))
                .with_subject(file)
        })?;
        unsafe { fence::give(out, Text::new(entry)) }
    })
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
