//! Delta tables as SQL sees them: fixed to one version, read only.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result as EngineResult, Statistics};
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use deltalake_core::DeltaTable;
use deltalake_core::delta_datafusion::{
    DeltaCdfTableProvider, DeltaScanConfig, DeltaScanNext, FileSelection,
};
use deltalake_core::kernel::EagerSnapshot;
use serde::Deserialize;

use super::location::{DeltaLocation, LOG_FOLDER};
use super::snapshot::DeltaTableHandle;
use crate::engine::Engine;
use crate::error::{BridgeError, Result};

/// delta-rs' own provider commits an `INSERT` by itself and checks no constraint; this one
/// refuses. Deletes, updates and merges are refused by the defaults of the trait.
#[derive(Debug)]
pub struct DeltaReader {
    scan: DeltaScanNext,
    root: PathBuf,
    snapshot: EagerSnapshot,
}

/// What a scan shows other than the rows of all files.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeltaView {
    /// A column more: the URL of each row's file.
    #[serde(default)]
    file_column: Option<String>,
    /// Only these files, by their paths as the log spells them.
    #[serde(default)]
    files: Option<Vec<String>>,
    /// The changes of rows instead of the rows.
    #[serde(default)]
    changes: Option<Changes>,
}

/// Versions, both included.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    from: u64,
    to: u64,
}

pub struct OpenedDelta {
    pub provider: Arc<dyn TableProvider>,
    pub version: i64,
    pub files: usize,
    pub bytes: i64,
}

/// Later commits stay invisible to the provider.
pub fn open_provider(
    engine: &Engine,
    location: &DeltaLocation,
    view: Option<&DeltaView>,
) -> Result<OpenedDelta> {
    let table = DeltaTableHandle::open(engine, location)?;
    let (files, bytes) = table.file_totals()?;
    let version = table.version();
    let provider: Arc<dyn TableProvider> = match view.and_then(|view| view.changes) {
        Some(changes) => Arc::new(changes_of(table, changes)?),
        None => Arc::new(rows_of(engine, &table, view)?),
    };
    Ok(OpenedDelta {
        provider,
        version,
        files,
        bytes,
    })
}

fn rows_of(
    engine: &Engine,
    table: &DeltaTableHandle,
    view: Option<&DeltaView>,
) -> Result<DeltaReader> {
    // Dictionaries for partition columns would leak into result schemas.
    let mut config =
        DeltaScanConfig::new_from_session(engine.template()).with_wrap_partition_values(false);
    if let Some(name) = view.and_then(|view| view.file_column.as_ref()) {
        config = config.with_file_column_name(name);
    }
    let snapshot = table.state.snapshot().clone();
    let mut scan = DeltaScanNext::new(snapshot.clone(), config)?;
    if let Some(files) = view.and_then(|view| view.files.as_ref()) {
        scan = scan.with_file_selection(FileSelection::from_file_paths(files));
    }
    Ok(DeltaReader {
        scan,
        root: table.root.path.clone(),
        snapshot,
    })
}

fn changes_of(table: DeltaTableHandle, changes: Changes) -> Result<DeltaCdfTableProvider> {
    let mut delta = DeltaTable::new(table.root.log_store);
    delta.state = Some(table.state);
    let builder = delta
        .scan_cdf()
        .with_starting_version(changes.from)
        .with_ending_version(changes.to);
    Ok(DeltaCdfTableProvider::try_new(builder)?)
}

impl DeltaReader {
    /// Statistics in the log are read as JSON when a scan asks for them.
    pub fn explain_log(&self, error: &BridgeError) -> Option<BridgeError> {
        let of_log = error.subject.is_empty() && error.message.contains("JSON");
        let folder = self.root.join(LOG_FOLDER);
        of_log.then(|| error.clone().about_file(&folder.to_string_lossy()))
    }

    /// Where the rows lie; none where that cannot be told any more.
    pub fn data_files(&self) -> Vec<PathBuf> {
        let Ok(files) = self.snapshot.try_log_data() else {
            return Vec::new();
        };
        files
            .iter()
            .map(|file| self.root.join(file.path().as_ref()))
            .collect()
    }
}

#[async_trait]
impl TableProvider for DeltaReader {
    fn schema(&self) -> SchemaRef {
        self.scan.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        None
    }

    fn statistics(&self) -> Option<Statistics> {
        self.scan.statistics()
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        self.scan.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        self.scan.scan(state, projection, filters, limit).await
    }

    async fn insert_into(
        &self,
        _state: &dyn Session,
        _input: Arc<dyn ExecutionPlan>,
        _operation: InsertOp,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        Err(BridgeError::unsupported(
            "A Delta table cannot be changed by SQL INSERT; use a write with a Delta destination",
        )
        .into_datafusion())
    }
}
