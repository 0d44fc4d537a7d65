//! Encoding with bounded memory, also when rows go to very many partitions.
//!
//! Rows of a partitioned table are gathered first. Few partitions: their files stay open and
//! grow to the target size, until what they hold in unfinished row groups passes a budget.
//! Many: the gathered rows are sorted by partition, and only a few files are open at a time.
//! Within a partition rows keep the order they came in.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::interleave_record_batch;
use arrow::record_batch::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use deltalake_core::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake_core::kernel::Add;

use super::staging::TrackedStore;
use crate::error::{BridgeError, Result};

const GATHERED_BYTES: usize = 96 << 20;
const OPEN_PARTITIONS: usize = 32;
/// As rows in memory; encoded they take a fraction of it.
const OPEN_BYTES: usize = 384 << 20;

pub struct Encoder {
    store: Arc<TrackedStore>,
    config: WriterConfig,
    writer: Option<DeltaWriter>,
    partitions: Option<Partitions>,
    adds: Vec<Add>,
}

impl Encoder {
    pub fn new(
        store: Arc<TrackedStore>,
        config: WriterConfig,
        partition_columns: Vec<String>,
        row_group_rows: usize,
    ) -> Self {
        let partitions = match partition_columns.is_empty() {
            true => None,
            false => Some(Partitions::new(partition_columns, row_group_rows)),
        };
        Self {
            store,
            config,
            writer: None,
            partitions,
            adds: Vec::new(),
        }
    }

    pub async fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let Some(partitions) = &mut self.partitions else {
            return self.encode(rows).await;
        };
        if partitions.gather(rows)? < GATHERED_BYTES {
            return Ok(());
        }
        self.flush().await
    }

    pub async fn finish(mut self) -> Result<Vec<Add>> {
        // A failure drops open files; what they staged is removed by name.
        self.flush().await?;
        self.close().await?;
        Ok(self.adds)
    }

    pub async fn abort(self) {
        if let Some(writer) = self.writer {
            // The staged files are removed by name afterwards.
            let _ = writer.abort().await;
        }
    }

    async fn encode(&mut self, rows: &RecordBatch) -> Result<()> {
        let (store, config) = (&self.store, &self.config);
        let writer = self
            .writer
            .get_or_insert_with(|| DeltaWriter::new(store.clone(), config.clone()));
        writer.write(rows).await?;
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        let mut closed = writer.close().await?;
        // The writer keeps partitions in a hash map; by path, equal rows give equal order.
        closed.sort_by(|left, right| left.path.cmp(&right.path));
        self.adds.append(&mut closed);
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let Some(partitions) = &mut self.partitions else {
            return Ok(());
        };
        let gathered = partitions.take()?;
        if gathered.groups.len() <= OPEN_PARTITIONS {
            let over = partitions.open(&gathered) > OPEN_BYTES;
            for batch in &gathered.batches {
                self.encode(batch).await?;
            }
            return if over {
                self.close_open().await
            } else {
                Ok(())
            };
        }
        self.close_open().await?;
        let batches: Vec<&RecordBatch> = gathered.batches.iter().collect();
        for groups in gathered.groups.chunks(OPEN_PARTITIONS) {
            for group in groups {
                let rows = interleave_record_batch(&batches, &group.rows)?;
                self.encode(&rows).await?;
            }
            self.close().await?;
        }
        Ok(())
    }

    async fn close_open(&mut self) -> Result<()> {
        if let Some(partitions) = &mut self.partitions {
            partitions.open.clear();
        }
        self.close().await
    }
}

struct Group {
    key: OwnedRow,
    /// Batch and row.
    rows: Vec<(usize, usize)>,
}

struct Gathered {
    batches: Vec<RecordBatch>,
    groups: Vec<Group>,
    row_bytes: usize,
}

/// Rows that wait, and what the open files of their partitions hold.
struct Partitions {
    columns: Vec<String>,
    row_group_rows: usize,
    converter: Option<RowConverter>,
    batches: Vec<RecordBatch>,
    keys: Vec<Rows>,
    bytes: usize,
    open: HashMap<OwnedRow, usize>,
}

impl Partitions {
    fn new(columns: Vec<String>, row_group_rows: usize) -> Self {
        Self {
            columns,
            row_group_rows: row_group_rows.max(1),
            converter: None,
            batches: Vec::new(),
            keys: Vec::new(),
            bytes: 0,
            open: HashMap::new(),
        }
    }

    /// The bytes that wait by now.
    fn gather(&mut self, rows: &RecordBatch) -> Result<usize> {
        let values: Vec<ArrayRef> = self
            .columns
            .iter()
            .filter_map(|name| rows.column_by_name(name).cloned())
            .collect();
        let converter = match &mut self.converter {
            Some(converter) => converter,
            None => {
                let types = values.iter().map(|array| array.data_type().clone());
                let fields = types.map(SortField::new).collect();
                self.converter.insert(RowConverter::new(fields)?)
            }
        };
        let keys = converter.convert_columns(&values)?;
        self.bytes += keys.size();
        for column in rows.columns() {
            self.bytes += column.to_data().get_slice_memory_size()?;
        }
        self.keys.push(keys);
        self.batches.push(rows.clone());
        Ok(self.bytes)
    }

    /// What waited, its rows grouped by partition in the order of the keys.
    fn take(&mut self) -> Result<Gathered> {
        let keys = std::mem::take(&mut self.keys);
        let batches = std::mem::take(&mut self.batches);
        let bytes = std::mem::take(&mut self.bytes);
        let mut places: Vec<(u32, u32)> = Vec::new();
        for (batch, keys) in keys.iter().enumerate() {
            let batch = index(batch)?;
            let rows = index(keys.num_rows())?;
            places.extend((0..rows).map(|row| (batch, row)));
        }
        let row_bytes = bytes.checked_div(places.len()).unwrap_or(0).max(1);
        let key = |place: &(u32, u32)| keys[place.0 as usize].row(place.1 as usize);
        // Stable: rows of a partition stay in order.
        places.sort_by(|left, right| key(left).cmp(&key(right)));
        let groups = places
            .chunk_by(|left, right| key(left) == key(right))
            .filter_map(|run| {
                let first = run.first()?;
                let rows = run.iter().map(|place| (place.0 as usize, place.1 as usize));
                Some(Group {
                    key: key(first).owned(),
                    rows: rows.collect(),
                })
            })
            .collect();
        Ok(Gathered {
            batches,
            groups,
            row_bytes,
        })
    }

    /// Counts rows into open files; the bytes their unfinished row groups stand for.
    fn open(&mut self, gathered: &Gathered) -> usize {
        for group in &gathered.groups {
            *self.open.entry(group.key.clone()).or_insert(0) += group.rows.len();
        }
        let held: usize = self
            .open
            .values()
            .map(|rows| rows % self.row_group_rows)
            .sum();
        if self.open.len() > OPEN_PARTITIONS {
            return usize::MAX;
        }
        held.saturating_mul(gathered.row_bytes)
    }
}

fn index(value: usize) -> Result<u32> {
    u32::try_from(value).map_err(|_| BridgeError::internal("too many rows waited"))
}
