//! `lg_delta_writer`: batches become Parquet files under the table, named by no commit yet.
//!
//! Encoding runs on the engine's runtime behind a short queue, so that the caller can fetch
//! the next batch meanwhile. An encoding error surfaces at the next call.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow::record_batch::RecordBatch;
use delta_kernel::table_properties::DataSkippingNumIndexedCols;
use deltalake_core::kernel::{Add, StructType};
use deltalake_core::operations::get_num_idx_cols_and_stats_columns;
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::{ColumnPath, SchemaDescriptor};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::encoder::{Encoder, bytes_of};
use super::file_series::FilesOfTable;
use super::location::TableRoot;
use super::schema::{CastPlan, check_partition_columns, file_schema, stored_columns};
use super::staging::{Staging, TrackedStore};
use super::statistics::StatsColumns;
use crate::abi::LgStr;
use crate::arrow_in::{batch, schema, take_array, take_schema};
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{BridgeError, Result};
use crate::fence;
use crate::text::Text;

/// Lots of rows that wait for the encoder: one under way, one to overlap with.
const QUEUED_LOTS: usize = 2;
/// Batches go to the encoder in lots of about so many rows, or fewer where they are large.
const LOT_ROWS: usize = 1 << 15;
const LOT_BYTES: usize = 8 << 20;
const DEFAULT_ROW_GROUP_ROWS: usize = 1 << 20;
const UNLIMITED_STATS: &str = "-1";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WriterOptions {
    path: String,
    #[serde(default)]
    partition_columns: Vec<String>,
    #[serde(default)]
    target_file_bytes: u64,
    #[serde(default)]
    compression: String,
    #[serde(default)]
    stats_columns: Option<Vec<String>>,
    #[serde(default)]
    configuration: HashMap<String, String>,
    #[serde(default)]
    max_row_group_rows: usize,
    /// The table's own schema (`metadata.schemaString`): rows are cast to it, exactly.
    #[serde(default)]
    schema_string: Option<String>,
    /// Columns that the rows lack are null.
    #[serde(default)]
    missing_as_null: bool,
    /// A folder below the table that the files go to; paths are told relative to it.
    #[serde(default)]
    folder: String,
    /// What single columns are written with, by name.
    #[serde(default)]
    columns: HashMap<String, ColumnOptions>,
}

/// Of a column and all that is nested in it; what is absent is as for every column.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ColumnOptions {
    compression: Option<String>,
    dictionary: Option<bool>,
    /// "none", "chunk" or "page".
    statistics: Option<String>,
    bloom_filter_fpp: Option<f64>,
    bloom_filter_ndv: Option<u64>,
}

enum Message {
    Rows(Vec<RecordBatch>),
    Finish,
}

/// Batches that are not yet worth waking the encoder.
#[derive(Default)]
struct Lot {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

struct Running {
    queue: mpsc::Sender<Message>,
    encoding: JoinHandle<Result<Vec<Add>>>,
}

pub struct DeltaWriterHandle {
    engine: Engine,
    plan: CastPlan,
    staging: Staging,
    lot: Lot,
    running: Option<Running>,
}

impl DeltaWriterHandle {
    fn open(
        engine: &Engine,
        options: WriterOptions,
        incoming: &arrow::datatypes::Schema,
    ) -> Result<Self> {
        let root = TableRoot::new(engine, &options.path)?;
        if root.path.exists() && !root.path.is_dir() {
            return Err(BridgeError::invalid_argument(format!(
                "A file is where the Delta table should be: {}",
                options.path
            )));
        }
        if options
            .configuration
            .get("delta.columnMapping.mode")
            .is_some_and(|mode| mode != "none")
        {
            return Err(super::error::feature("columnMapping", "writing the table"));
        }
        let columns: StructType = match &options.schema_string {
            None => stored_columns(incoming)?,
            Some(text) => serde_json::from_str(text).map_err(|error| {
                BridgeError::invalid_argument(format!("invalid schema_string: {error}"))
            })?,
        };
        let target = file_schema(&columns)?;
        check_partition_columns(&target, &options.partition_columns)?;
        let plan = CastPlan::new(
            incoming,
            target,
            &options.partition_columns,
            options.missing_as_null,
        )?;
        let staging = Staging::below(&root, &options.folder)?;
        let files = files_of_table(&options, &plan, staging.store.clone())?;
        let threads = engine.handle().metrics().num_workers();
        let mut encoder = Encoder::new(files, options.partition_columns, threads)?;
        let (queue, mut waiting) = mpsc::channel(QUEUED_LOTS);
        let encoding = engine.handle().spawn(async move {
            while let Some(message) = waiting.recv().await {
                match message {
                    Message::Rows(lot) => {
                        if let Err(error) = encoder.write(lot).await {
                            encoder.abort().await;
                            return Err(error);
                        }
                    }
                    Message::Finish => return encoder.finish().await,
                }
            }
            // The handle was freed without an end.
            encoder.abort().await;
            Ok(Vec::new())
        });
        Ok(Self {
            engine: engine.clone(),
            plan,
            staging,
            lot: Lot::default(),
            running: Some(Running { queue, encoding }),
        })
    }

    fn write(&mut self, array: FFI_ArrowArray) -> Result<()> {
        if self.running.is_none() {
            return Err(spent());
        }
        let rows = batch(array, self.plan.incoming())?;
        let rows = self.plan.apply(&rows)?;
        self.lot.rows += rows.num_rows();
        self.lot.bytes += bytes_of(&rows)?;
        self.lot.batches.push(rows);
        if self.lot.rows < LOT_ROWS && self.lot.bytes < LOT_BYTES {
            return Ok(());
        }
        let lot = std::mem::take(&mut self.lot);
        self.send(Message::Rows(lot.batches))
    }

    fn finish(&mut self) -> Result<Vec<Add>> {
        let rest = std::mem::take(&mut self.lot);
        self.send(Message::Rows(rest.batches))?;
        self.send(Message::Finish)?;
        let Some(running) = self.running.take() else {
            return Err(spent());
        };
        self.join(running)
    }

    fn send(&mut self, message: Message) -> Result<()> {
        let Some(running) = &self.running else {
            return Err(spent());
        };
        let queue = running.queue.clone();
        let sent = self.engine.handle().block_on(queue.send(message));
        if sent.is_ok() {
            return Ok(());
        }
        // The encoder ended before its time: its result says why.
        let Some(running) = self.running.take() else {
            return Err(spent());
        };
        self.join(running)?;
        Err(BridgeError::internal("the encoder ended without an error"))
    }

    /// Waits for the encoder; what a failed one staged is removed.
    fn join(&self, running: Running) -> Result<Vec<Add>> {
        drop(running.queue);
        let encoding = running.encoding;
        let ended = self
            .engine
            .run(&Cancel::never(), async move { encoding.await? });
        if ended.is_err() {
            self.discard();
        }
        ended
    }

    fn discard(&self) {
        let staging = self.staging.clone();
        let discarded = self.engine.run(&Cancel::never(), async move {
            staging.discard().await;
            Ok(())
        });
        // An orphan is invisible to readers; there is nobody to tell.
        drop(discarded);
    }
}

impl Drop for DeltaWriterHandle {
    fn drop(&mut self) {
        if let Some(running) = self.running.take()
            && self.join(running).is_ok()
        {
            self.discard();
        }
    }
}

fn spent() -> BridgeError {
    BridgeError::invalid_argument("The Delta writer is finished or has failed; open a new one")
}

fn row_group_rows(options: &WriterOptions) -> usize {
    match options.max_row_group_rows {
        0 => DEFAULT_ROW_GROUP_ROWS,
        rows => rows,
    }
}

fn files_of_table(
    options: &WriterOptions,
    plan: &CastPlan,
    store: Arc<TrackedStore>,
) -> Result<FilesOfTable> {
    let schema = plan.carried().clone();
    let row_group_rows = row_group_rows(options);
    let parquet = ArrowSchemaConverter::new().convert(&schema)?;
    let mut builder =
        properties(&options.compression)?.set_max_row_group_row_count(Some(row_group_rows));
    for (name, column) in &options.columns {
        builder = column_properties(builder, &parquet, name, column)?;
    }
    Ok(FilesOfTable {
        store,
        schema,
        properties: Arc::new(builder.build()),
        compression: compression(&options.compression)?,
        target_bytes: usize::try_from(options.target_file_bytes).unwrap_or(usize::MAX),
        group_rows: row_group_rows,
        statistics: stats_columns(options.stats_columns.as_deref(), &options.configuration),
    })
}

/// Properties have their place at the leaves.
fn column_properties(
    mut builder: WriterPropertiesBuilder,
    schema: &SchemaDescriptor,
    name: &str,
    column: &ColumnOptions,
) -> Result<WriterPropertiesBuilder> {
    let leaves: Vec<ColumnPath> = schema
        .columns()
        .iter()
        .map(|leaf| leaf.path().clone())
        .filter(|path| path.parts().first().is_some_and(|top| top == name))
        .collect();
    if leaves.is_empty() {
        return Err(BridgeError::not_found(format!(
            "The rows have no column to write in a way of its own: {name}"
        ))
        .with_subject(name));
    }
    let statistics = column
        .statistics
        .as_deref()
        .map(statistics_level)
        .transpose()?;
    let codec = column.compression.as_deref().map(compression).transpose()?;
    for leaf in leaves {
        if let Some(codec) = codec {
            builder = builder.set_column_compression(leaf.clone(), codec);
        }
        if let Some(enabled) = column.dictionary {
            builder = builder.set_column_dictionary_enabled(leaf.clone(), enabled);
        }
        if let Some(level) = statistics {
            builder = builder.set_column_statistics_enabled(leaf.clone(), level);
        }
        if let Some(fpp) = column.bloom_filter_fpp {
            builder = builder.set_column_bloom_filter_fpp(leaf.clone(), fpp);
        }
        if let Some(ndv) = column.bloom_filter_ndv {
            builder = builder.set_column_bloom_filter_max_ndv(leaf.clone(), ndv);
        }
    }
    Ok(builder)
}

fn statistics_level(text: &str) -> Result<EnabledStatistics> {
    match text {
        "none" => Ok(EnabledStatistics::None),
        "chunk" => Ok(EnabledStatistics::Chunk),
        "page" => Ok(EnabledStatistics::Page),
        other => Err(BridgeError::invalid_argument(format!(
            "Statistics are none, chunk or page: {other}"
        ))
        .with_subject("statistics")),
    }
}

/// What every file of a table is written with.
pub fn properties(codec: &str) -> Result<WriterPropertiesBuilder> {
    Ok(WriterProperties::builder()
        .set_compression(compression(codec)?)
        .set_created_by(super::engine_info()))
}

/// Explicit columns win over the table's properties; an empty list means no statistics.
pub fn stats_columns(
    explicit: Option<&[String]>,
    configuration: &HashMap<String, String>,
) -> StatsColumns {
    if let Some(columns) = explicit {
        return StatsColumns::Named(columns.iter().map(|name| vec![name.clone()]).collect());
    }
    let properties = configuration
        .iter()
        .map(|(key, value)| (key.clone(), Some(value.clone())))
        .collect();
    let (indexed, configured) = get_num_idx_cols_and_stats_columns(None, properties);
    let unlimited = configuration
        .get("delta.dataSkippingNumIndexedCols")
        .is_some_and(|value| value == UNLIMITED_STATS);
    match (configured, indexed) {
        (Some(columns), _) => {
            StatsColumns::Named(columns.iter().map(|column| column_path(column)).collect())
        }
        (None, DataSkippingNumIndexedCols::NumColumns(most)) if !unlimited => {
            StatsColumns::Leading(usize::try_from(most).unwrap_or(usize::MAX))
        }
        (None, _) => StatsColumns::All,
    }
}

/// `a.b` and `` `a.b`.c ``: the names on the way to a column.
fn column_path(text: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    for letter in text.trim().chars() {
        match letter {
            '`' => quoted = !quoted,
            '.' if !quoted => names.push(String::new()),
            other => {
                if let Some(name) = names.last_mut() {
                    name.push(other);
                }
            }
        }
    }
    names
}

fn compression(text: &str) -> Result<Compression> {
    match text.to_ascii_lowercase().as_str() {
        "" | "zstd" => Ok(Compression::ZSTD(ZstdLevel::default())),
        "none" => Ok(Compression::UNCOMPRESSED),
        // The name stands for a framing of its own that few readers know.
        "lz4" => Ok(Compression::LZ4_RAW),
        "gzip" => Ok(Compression::GZIP(Default::default())),
        "brotli" => Ok(Compression::BROTLI(Default::default())),
        other => other.parse().map_err(|_| {
            BridgeError::invalid_argument(format!(
                "The compression is not known: {text}; it is none, snappy, zstd, zstd(LEVEL), \
                 gzip, lz4_raw or brotli"
            ))
            .with_subject("compression")
        }),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_writer_open(
    engine: *const Engine,
    options: LgStr,
    incoming: *mut FFI_ArrowSchema,
    out: *mut *mut DeltaWriterHandle,
    err: *mut *mut BridgeError,
) -> i32 {
    let incoming = unsafe { take_schema(incoming) };
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let incoming = schema(incoming, "schema")?;
        let options: WriterOptions = unsafe { fence::options(options, "writer options") }?;
        let writer = DeltaWriterHandle::open(engine, options, &incoming)?;
        unsafe { fence::give(out, writer) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_writer_write(
    writer: *mut DeltaWriterHandle,
    rows: *mut FFI_ArrowArray,
    err: *mut *mut BridgeError,
) -> i32 {
    let rows = unsafe { take_array(rows) };
    fence::export(err, || {
        let writer = unsafe { fence::borrow_mut(writer, "writer") }?;
        let rows = rows.ok_or_else(|| BridgeError::invalid_argument("a pointer is null: batch"))?;
        writer.write(rows)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_writer_finish(
    writer: *mut DeltaWriterHandle,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let writer = unsafe { fence::borrow_mut(writer, "writer") }?;
        let adds = writer.finish()?;
        unsafe { fence::give(out, Text::json(&adds)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_writer_free(writer: *mut DeltaWriterHandle) {
    unsafe { fence::free(writer) };
}
