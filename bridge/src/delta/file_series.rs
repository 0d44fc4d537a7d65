//! The files that the rows of one partition go to, one after the other, each of about the
//! target size.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arrow::array::Array;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use delta_kernel::expressions::Scalar;
use deltalake_core::kernel::Add;
use deltalake_core::kernel::scalars::ScalarExt;
use object_store::path::Path;
use parquet::basic::Compression;
use parquet::file::properties::WriterPropertiesPtr;
use uuid::Uuid;

use super::data_file::{DataFile, FinishedFile};
use super::encoder::bytes_of;
use super::staging::TrackedStore;
use super::statistics::{self, StatsColumns};
use crate::error::{BridgeError, Result};

/// Rows are encoded in chunks of about so many, or fewer where they are large.
const CHUNK_ROWS: usize = 1 << 16;
const CHUNK_BYTES: usize = 16 << 20;
const LEAST_CHUNK_BYTES: usize = 64 << 10;
/// A row group ends here even if it has fewer rows than it may have.
const GROUP_BYTES: usize = 64 << 20;
/// Of its target size a file may lack this part.
const SLACK: f64 = 0.05;

/// How the files of one stage are written.
pub struct FilesOfTable {
    pub store: Arc<TrackedStore>,
    /// Of the files; partition columns are not in it.
    pub schema: SchemaRef,
    pub properties: WriterPropertiesPtr,
    pub compression: Compression,
    /// 0: one file for each partition.
    pub target_bytes: usize,
    pub group_rows: usize,
    pub statistics: StatsColumns,
}

impl FilesOfTable {
    fn chunk_bytes(&self) -> usize {
        match self.target_bytes {
            0 => CHUNK_BYTES,
            target => (target / 16).clamp(LEAST_CHUNK_BYTES, CHUNK_BYTES),
        }
    }

    /// How tools name a codec in the name of a file.
    fn suffix(&self) -> &'static str {
        match self.compression {
            Compression::UNCOMPRESSED => "",
            Compression::SNAPPY => ".snappy",
            Compression::GZIP(_) => ".gz",
            Compression::LZO => ".lzo",
            Compression::BROTLI(_) => ".br",
            Compression::LZ4 => ".lz4",
            Compression::ZSTD(_) => ".zstd",
            Compression::LZ4_RAW => ".lz4raw",
        }
    }
}

pub struct FileSeries {
    files: Arc<FilesOfTable>,
    folder: Path,
    /// Column and value as the log spells it.
    values: Vec<(String, Option<String>)>,
    id: Uuid,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    waiting_bytes: usize,
    current: Option<DataFile>,
    /// What the files so far have told of their columns.
    plain: BTreeSet<usize>,
    /// What a byte of an estimate was worth, in the row groups so far.
    worth: f64,
    adds: Vec<Add>,
}

impl FileSeries {
    pub fn unpartitioned(files: &Arc<FilesOfTable>) -> Self {
        Self::new(files, Path::default(), Vec::new())
    }

    /// `values`: one row of the partition's columns.
    pub fn of_partition(files: &Arc<FilesOfTable>, values: RecordBatch) -> Result<Self> {
        let mut spelled = Vec::with_capacity(values.num_columns());
        let mut folders = Vec::with_capacity(values.num_columns());
        for (field, column) in values.schema().fields().iter().zip(values.columns()) {
            let (text, folder) = match column.is_null(0) {
                true => (
                    None,
                    Scalar::Null(delta_kernel::schema::DataType::STRING).serialize_encoded(),
                ),
                false => {
                    let value = Scalar::from_array(column.as_ref(), 0).ok_or_else(|| {
                        BridgeError::unsupported(format!(
                            "A column of this type cannot be partitioned by: {}, {}",
                            field.name(),
                            field.data_type()
                        ))
                    })?;
                    (Some(value.serialize()), value.serialize_encoded())
                }
            };
            folders.push(format!("{}={folder}", field.name()));
            spelled.push((field.name().clone(), text));
        }
        let folder = Path::parse(folders.join("/"))
            .map_err(|error| BridgeError::invalid_argument(format!("A partition: {error}")))?;
        Ok(Self::new(files, folder, spelled))
    }

    fn new(files: &Arc<FilesOfTable>, folder: Path, values: Vec<(String, Option<String>)>) -> Self {
        Self {
            files: files.clone(),
            folder,
            values,
            id: Uuid::new_v4(),
            waiting: Vec::new(),
            waiting_rows: 0,
            waiting_bytes: 0,
            current: None,
            plain: BTreeSet::new(),
            worth: 1.0,
            adds: Vec::new(),
        }
    }

    /// Bytes that are held outside the store.
    pub fn memory(&self) -> usize {
        self.waiting_bytes + self.current.as_ref().map_or(0, DataFile::memory)
    }

    /// Whether a file is open in the store.
    pub fn is_sending(&self) -> bool {
        self.current.as_ref().is_some_and(DataFile::is_sending)
    }

    pub async fn write(&mut self, rows: RecordBatch, side_by_side: bool) -> Result<()> {
        let bytes = bytes_of(&rows)?;
        let most = self.files.chunk_bytes();
        // A batch that is more than a chunk is several.
        let parts = bytes
            .div_ceil(most)
            .max(rows.num_rows().div_ceil(CHUNK_ROWS))
            .max(1);
        let step = rows.num_rows().div_ceil(parts).max(1);
        for start in (0..rows.num_rows()).step_by(step) {
            let part = rows.slice(start, step.min(rows.num_rows() - start));
            self.waiting_rows += part.num_rows();
            self.waiting_bytes += bytes / parts;
            self.waiting.push(part);
            if self.waiting_rows >= CHUNK_ROWS || self.waiting_bytes >= most {
                self.encode(side_by_side).await?;
            }
        }
        Ok(())
    }

    /// What waits goes into files.
    pub async fn encode(&mut self, side_by_side: bool) -> Result<()> {
        self.waiting_rows = 0;
        self.waiting_bytes = 0;
        let mut chunk = Vec::new();
        let mut chunk_rows = 0;
        for rows in std::mem::take(&mut self.waiting) {
            let mut start = 0;
            while start < rows.num_rows() {
                let room = self.room() - chunk_rows;
                let part = rows.slice(start, room.min(rows.num_rows() - start));
                start += part.num_rows();
                chunk_rows += part.num_rows();
                let fills = part.num_rows() == room;
                chunk.push(part);
                if fills {
                    self.encode_chunk(&chunk, side_by_side).await?;
                    chunk.clear();
                    chunk_rows = 0;
                }
            }
        }
        match chunk.is_empty() {
            true => Ok(()),
            false => self.encode_chunk(&chunk, side_by_side).await,
        }
    }

    /// Rows that the row group may still take; never none.
    fn room(&self) -> usize {
        let taken = self.current.as_ref().map_or(0, DataFile::group_rows);
        self.files.group_rows.saturating_sub(taken).max(1)
    }

    /// A file ends when its size is near enough to the target. What an unfinished row group will
    /// take is a guess; finished, it tells what guesses are worth, and a file that turns out too
    /// small gets another one.
    async fn encode_chunk(&mut self, rows: &[RecordBatch], side_by_side: bool) -> Result<()> {
        let files = self.files.clone();
        let file = match &mut self.current {
            Some(file) => file,
            none => {
                let store = files.store.clone();
                let name = format!(
                    "part-{:0>5}-{}-c000{}.parquet",
                    self.adds.len(),
                    self.id,
                    files.suffix()
                );
                let path = self.folder.clone().join(name);
                none.insert(DataFile::open(
                    store,
                    path,
                    &files.schema,
                    &files.properties,
                    &self.plain,
                )?)
            }
        };
        file.write(rows, side_by_side).await?;
        let held = file.estimated_group_bytes();
        let target = files.target_bytes as f64;
        let full = target > 0.0 && file.written() as f64 + self.worth * held as f64 >= target;
        if full || file.group_rows() >= files.group_rows || held >= GROUP_BYTES {
            let bytes = file.end_group(side_by_side).await?;
            self.worth = bytes as f64 / held.max(1) as f64;
            if full && file.written() as f64 >= target * (1.0 - SLACK) {
                return self.close(side_by_side).await;
            }
            file.send().await?;
        }
        Ok(())
    }

    /// The current file is finished; the next rows begin another.
    pub async fn close(&mut self, side_by_side: bool) -> Result<()> {
        let Some(file) = self.current.take() else {
            return Ok(());
        };
        let path = file.path().clone();
        self.plain.clone_from(file.plain());
        let finished = file.finish(side_by_side).await?;
        let add = self.add_of(&path, &finished)?;
        self.adds.push(add);
        Ok(())
    }

    fn add_of(&self, path: &Path, finished: &FinishedFile) -> Result<Add> {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let FinishedFile {
            bytes,
            metadata,
            with_nan,
        } = finished;
        Ok(Add {
            path: path.to_string(),
            size: i64::try_from(*bytes).unwrap_or(i64::MAX),
            partition_values: self.values.iter().cloned().collect(),
            modification_time: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            data_change: true,
            stats: Some(statistics::of_file(
                metadata,
                &self.files.statistics,
                with_nan,
            )?),
            ..Add::default()
        })
    }

    pub async fn finish(mut self, side_by_side: bool) -> Result<Vec<Add>> {
        self.encode(side_by_side).await?;
        self.close(side_by_side).await?;
        Ok(self.adds)
    }

    pub async fn abort(self) {
        if let Some(file) = self.current {
            file.abort().await;
        }
    }
}
