//! Rows into the files of a table, with bounded memory, also when they go to very many
//! partitions.
//!
//! Rows of a partitioned table are gathered first and go to their partitions' files in bulk. The
//! files stay open and grow to the target size, until what they hold in unfinished row groups
//! passes a budget: then the largest are closed. Within a partition rows keep the order they
//! came in.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use deltalake_core::kernel::Add;
use futures::{StreamExt, TryStreamExt, stream};

use super::file_series::{FileSeries, FilesOfTable};
use crate::error::{BridgeError, Result};

const GATHERED_BYTES: usize = 96 << 20;
/// What unfinished row groups of all files may hold together.
const OPEN_BYTES: usize = 128 << 20;
/// A file that has sent a row group has a descriptor.
const OPEN_FILES: usize = 256;

pub struct Encoder {
    files: Arc<FilesOfTable>,
    threads: usize,
    whole: Option<FileSeries>,
    partitions: Option<Partitions>,
    adds: Vec<Add>,
}

impl Encoder {
    pub fn new(
        mut files: FilesOfTable,
        partition_columns: Vec<String>,
        threads: usize,
    ) -> Result<Self> {
        let partitions = match partition_columns.is_empty() {
            true => None,
            false => Some(Partitions::new(partition_columns, &mut files.schema)?),
        };
        Ok(Self {
            files: Arc::new(files),
            threads,
            whole: None,
            partitions,
            adds: Vec::new(),
        })
    }

    pub async fn write(&mut self, lot: Vec<RecordBatch>) -> Result<()> {
        for rows in lot {
            self.write_batch(rows).await?;
        }
        Ok(())
    }

    async fn write_batch(&mut self, rows: RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let Some(partitions) = &mut self.partitions else {
            let files = &self.files;
            let series = self
                .whole
                .get_or_insert_with(|| FileSeries::unpartitioned(files));
            return series.write(rows, self.threads > 1).await;
        };
        if partitions.gather(rows)? < GATHERED_BYTES {
            return Ok(());
        }
        self.flush().await
    }

    pub async fn finish(mut self) -> Result<Vec<Add>> {
        // A failure drops open files; what they staged is removed by name.
        self.flush().await?;
        if let Some(series) = self.whole.take() {
            self.adds.extend(series.finish(self.threads > 1).await?);
        }
        if let Some(partitions) = self.partitions.take() {
            let finishing = partitions
                .open
                .into_values()
                .map(|series| series.finish(false));
            let finished: Vec<Vec<Add>> = stream::iter(finishing)
                .buffer_unordered(self.threads)
                .try_collect()
                .await?;
            self.adds.extend(finished.into_iter().flatten());
            // By partition, and within one in the order of the rows.
            self.adds.sort_by(|left, right| left.path.cmp(&right.path));
        }
        Ok(self.adds)
    }

    pub async fn abort(self) {
        let open = self
            .partitions
            .into_iter()
            .flat_map(|partitions| partitions.open.into_values());
        for series in self.whole.into_iter().chain(open) {
            series.abort().await;
        }
    }

    async fn flush(&mut self) -> Result<()> {
        let Some(partitions) = &mut self.partitions else {
            return Ok(());
        };
        let gathered = partitions.take()?;
        let batches = Arc::new(gathered.batches);
        let mut work = Vec::with_capacity(gathered.groups.len());
        for group in gathered.groups {
            let series = match partitions.open.remove(&group.key) {
                Some(series) => series,
                None => FileSeries::of_partition(&self.files, group.values)?,
            };
            work.push((group.key, group.rows, series));
        }
        let tasks = work.into_iter().map(|(key, rows, mut series)| {
            let batches = batches.clone();
            let task = tokio::spawn(async move {
                let batches: Vec<&RecordBatch> = batches.iter().collect();
                let rows = interleave_record_batch(&batches, &rows)?;
                series.write(rows, false).await?;
                // Nothing waits: what waits is not counted against the budget.
                series.encode(false).await?;
                Ok::<_, BridgeError>((key, series))
            });
            async move { task.await? }
        });
        let mut written = stream::iter(tasks).buffer_unordered(self.threads);
        while let Some((key, series)) = written.try_next().await? {
            partitions.open.insert(key, series);
        }
        drop(written);
        partitions.close_largest().await
    }
}

struct Group {
    key: OwnedRow,
    /// The columns of the partition, one row of them.
    values: RecordBatch,
    /// Batch and row.
    rows: Vec<(usize, usize)>,
}

struct Gathered {
    batches: Vec<RecordBatch>,
    groups: Vec<Group>,
}

/// Rows that wait, and the files of their partitions.
struct Partitions {
    /// Where the partition columns are among those of a batch, in their own order.
    keys: Vec<usize>,
    /// Where the columns of the files are.
    kept: Vec<usize>,
    converter: RowConverter,
    waiting: Vec<(RecordBatch, Rows)>,
    bytes: usize,
    open: HashMap<OwnedRow, FileSeries>,
}

impl Partitions {
    /// Takes the partition columns out of the schema of the files.
    fn new(columns: Vec<String>, schema: &mut SchemaRef) -> Result<Self> {
        let mut keys = Vec::with_capacity(columns.len());
        for name in &columns {
            keys.push(schema.index_of(name)?);
        }
        let kept: Vec<usize> = (0..schema.fields().len())
            .filter(|index| !keys.contains(index))
            .collect();
        let types = schema.project(&keys)?;
        let fields = types
            .fields()
            .iter()
            .map(|field| SortField::new(field.data_type().clone()));
        let converter = RowConverter::new(fields.collect())?;
        *schema = Arc::new(schema.project(&kept)?);
        Ok(Self {
            keys,
            kept,
            converter,
            waiting: Vec::new(),
            bytes: 0,
            open: HashMap::new(),
        })
    }

    /// The bytes that wait by now.
    fn gather(&mut self, rows: RecordBatch) -> Result<usize> {
        let values: Vec<ArrayRef> = self
            .keys
            .iter()
            .map(|index| rows.column(*index).clone())
            .collect();
        let keys = self.converter.convert_columns(&values)?;
        self.bytes += keys.size() + bytes_of(&rows)?;
        self.waiting.push((rows, keys));
        Ok(self.bytes)
    }

    /// What waited, its rows grouped by partition in the order of the keys.
    fn take(&mut self) -> Result<Gathered> {
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let mut places: Vec<(u32, u32)> = Vec::new();
        for (batch, (_, keys)) in waiting.iter().enumerate() {
            let batch = index(batch)?;
            let rows = index(keys.num_rows())?;
            places.extend((0..rows).map(|row| (batch, row)));
        }
        let key = |place: &(u32, u32)| waiting[place.0 as usize].1.row(place.1 as usize);
        // Stable: rows of a partition stay in order.
        places.sort_by(|left, right| key(left).cmp(&key(right)));
        let mut groups = Vec::new();
        for run in places.chunk_by(|left, right| key(left) == key(right)) {
            let Some(first) = run.first() else {
                continue;
            };
            let (batch, _) = &waiting[first.0 as usize];
            let values = batch.slice(first.1 as usize, 1).project(&self.keys)?;
            let rows = run.iter().map(|place| (place.0 as usize, place.1 as usize));
            groups.push(Group {
                key: key(first).owned(),
                values,
                rows: rows.collect(),
            });
        }
        let batches = waiting.iter().map(|(batch, _)| batch.project(&self.kept));
        Ok(Gathered {
            batches: batches.collect::<std::result::Result<_, _>>()?,
            groups,
        })
    }

    /// Until the rest is within the budget, with room for more.
    async fn close_largest(&mut self) -> Result<()> {
        let mut held: Vec<(usize, OwnedRow)> = self
            .open
            .iter()
            .map(|(key, series)| (series.memory(), key.clone()))
            .collect();
        let mut sum: usize = held.iter().map(|(bytes, _)| bytes).sum();
        let mut count = self
            .open
            .values()
            .filter(|series| series.is_sending())
            .count();
        if sum <= OPEN_BYTES && count <= OPEN_FILES {
            return Ok(());
        }
        held.sort();
        while let Some((bytes, key)) = held.pop() {
            if sum <= OPEN_BYTES / 2 && count <= OPEN_FILES / 2 {
                break;
            }
            if let Some(series) = self.open.get_mut(&key) {
                count -= usize::from(series.is_sending());
                series.close(false).await?;
            }
            sum -= bytes;
        }
        Ok(())
    }
}

/// Of the rows alone, whatever they are a slice of.
pub fn bytes_of(rows: &RecordBatch) -> Result<usize> {
    let mut bytes = 0;
    for column in rows.columns() {
        bytes += column.to_data().get_slice_memory_size()?;
    }
    Ok(bytes)
}

fn index(value: usize) -> Result<u32> {
    u32::try_from(value).map_err(|_| BridgeError::internal("too many rows waited"))
}
