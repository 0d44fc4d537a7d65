//! `lg_table`: a location opened for reading. Its list of files is fixed when it is opened.

mod diagnose;
mod files;
mod formats;
mod ipc_check;
mod null_regex;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::ffi::FFI_ArrowSchema;
use datafusion::catalog::TableProvider;
use serde::Deserialize;
use serde_json::json;

use crate::abi::LgStr;
use crate::delta;
use crate::engine::Engine;
use crate::error::{BridgeError, Kind, Result};
use crate::text::Text;
use crate::{arrow_in, arrow_out, fence};

use files::DataFiles;
use formats::TableOptions;

#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Delta,
    Parquet,
    Csv,
    Ndjson,
    Arrow,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Delta => "delta",
            Format::Parquet => "parquet",
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Arrow => "arrow",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Location {
    format: Format,
    paths: Vec<String>,
    #[serde(default)]
    partition_columns: Vec<String>,
    #[serde(default)]
    version: Option<u64>,
    #[serde(default)]
    timestamp_ms: Option<i64>,
    #[serde(default)]
    options: TableOptions,
    #[serde(default)]
    view: Option<delta::DeltaView>,
}

pub struct OpenTable {
    _engine: Engine,
    provider: Arc<dyn TableProvider>,
    format: Format,
    files: DataFiles,
    version: Option<i64>,
    file_count: usize,
    bytes: i64,
}

pub type Table = Arc<OpenTable>;

impl OpenTable {
    fn open(engine: &Engine, location: Location, schema: Option<SchemaRef>) -> Result<Table> {
        match location.format {
            Format::Delta => Self::open_delta(engine, &location, schema),
            _ => Self::open_files(engine, &location, schema),
        }
    }

    fn open_delta(
        engine: &Engine,
        location: &Location,
        schema: Option<SchemaRef>,
    ) -> Result<Table> {
        let [path] = location.paths.as_slice() else {
            return Err(BridgeError::invalid_argument(
                "a Delta table has exactly one path",
            ));
        };
        if schema.is_some() || !location.partition_columns.is_empty() {
            return Err(BridgeError::invalid_argument(
                "a Delta table brings its own schema and partition_columns",
            ));
        }
        location.options.refuse_all_but(&[], location.format)?;
        let place = delta::DeltaLocation {
            path: path.clone(),
            version: location.version,
            timestamp_ms: location.timestamp_ms,
        };
        let opened = delta::open_provider(engine, &place, location.view.as_ref())?;
        Ok(Arc::new(OpenTable {
            _engine: engine.clone(),
            provider: opened.provider,
            format: location.format,
            files: DataFiles::default(),
            version: Some(opened.version),
            file_count: opened.files,
            bytes: opened.bytes,
        }))
    }

    fn open_files(
        engine: &Engine,
        location: &Location,
        schema: Option<SchemaRef>,
    ) -> Result<Table> {
        if location.version.is_some() || location.timestamp_ms.is_some() {
            return Err(BridgeError::invalid_argument(
                "version and timestamp_ms are for Delta tables",
            ));
        }
        if location.view.is_some() {
            return Err(BridgeError::invalid_argument("a view is for Delta tables"));
        }
        let files = DataFiles::find(&location.paths, location.format)?;
        if files.is_empty() && schema.is_none() {
            return Err(files.nothing_to_read(&location.paths, location.format));
        }
        let provider = formats::listing_table(engine, location, &files, schema)?;
        Ok(Arc::new(OpenTable {
            _engine: engine.clone(),
            provider,
            format: location.format,
            version: None,
            file_count: files.len(),
            bytes: files.bytes(),
            files,
        }))
    }

    pub fn provider(&self) -> &Arc<dyn TableProvider> {
        &self.provider
    }

    /// Says more about an error of a scan, where this table can: the file, the line.
    pub fn explain(&self, error: &BridgeError, alone: bool) -> Option<BridgeError> {
        let schema = self.provider.schema();
        match self.provider.downcast_ref::<delta::DeltaReader>() {
            Some(reader) if error.kind == Kind::CorruptData => {
                let files = reader.data_files();
                let found = diagnose::explain(error, self.format, &files, None, alone);
                found.or_else(|| reader.explain_log(error))
            }
            _ => {
                let files = self.files.paths();
                diagnose::explain(error, self.format, files, Some(schema.as_ref()), alone)
            }
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_table_open(
    engine: *const Engine,
    location: LgStr,
    schema: *mut FFI_ArrowSchema,
    out: *mut *mut Table,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let schema = unsafe { arrow_in::take_schema(schema) };
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let location: Location = unsafe { fence::options(location, "table location") }?;
        let schema = arrow_in::optional_schema(schema, "schema")?;
        unsafe { fence::give(out, OpenTable::open(engine, location, schema)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_table_schema(
    table: *const Table,
    out: *mut FFI_ArrowSchema,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let table = unsafe { fence::borrow(table, "table") }?;
        unsafe { arrow_out::put_schema(&table.provider.schema(), out) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_table_info(
    table: *const Table,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let table = unsafe { fence::borrow(table, "table") }?;
        let mut info = json!({
            "format": table.format.name(),
            "files": table.file_count,
            "bytes": table.bytes,
        });
        if let (Some(version), Some(fields)) = (table.version, info.as_object_mut()) {
            fields.insert("version".to_owned(), json!(version));
        }
        unsafe { fence::give(out, Text::json(&info)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_table_free(table: *mut Table) {
    unsafe { fence::free(table) };
}
