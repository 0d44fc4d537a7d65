//! Encoding with bounded memory, also when rows go to very many partitions.
//!
//! Each open partition holds a row group in the making. When together they pass a budget, all
//! files are closed and new ones begun: smaller files instead of more memory.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::record_batch::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, SortField};
use deltalake_core::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake_core::kernel::Add;

use super::schema::row_bytes;
use super::staging::TrackedStore;
use crate::error::{BridgeError, Result};

const OPEN_BYTES_BUDGET: usize = 192 << 20;
/// What an open column costs before it holds a value.
const OPEN_COLUMN_BYTES: usize = 24 << 10;

pub struct Encoder {
    store: Arc<TrackedStore>,
    config: WriterConfig,
    writer: Option<DeltaWriter>,
    gauge: Option<PartitionGauge>,
    adds: Vec<Add>,
}

impl Encoder {
    pub fn new(
        store: Arc<TrackedStore>,
        config: WriterConfig,
        partition_columns: Vec<String>,
        row_group_rows: usize,
    ) -> Result<Self> {
        let gauge = match partition_columns.is_empty() {
            true => None,
            false => Some(PartitionGauge::new(partition_columns, row_group_rows)),
        };
        Ok(Self {
            store,
            config,
            writer: None,
            gauge,
            adds: Vec::new(),
        })
    }

    pub async fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let (store, config) = (&self.store, &self.config);
        let writer = self
            .writer
            .get_or_insert_with(|| DeltaWriter::new(store.clone(), config.clone()));
        writer.write(rows).await?;
        let over = match &mut self.gauge {
            Some(gauge) => gauge.add(rows)? > OPEN_BYTES_BUDGET,
            None => false,
        };
        if over {
            self.close_files().await?;
        }
        Ok(())
    }

    pub async fn finish(mut self) -> Result<Vec<Add>> {
        self.close_files().await?;
        Ok(self.adds)
    }

    pub async fn abort(self) {
        if let Some(writer) = self.writer {
            // The staged files are removed by name afterwards.
            let _ = writer.abort().await;
        }
    }

    async fn close_files(&mut self) -> Result<()> {
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        if let Some(gauge) = &mut self.gauge {
            gauge.open.clear();
        }
        let mut closed = writer.close().await?;
        // The writer keeps partitions in a hash map; by path, equal rows give equal order.
        closed.sort_by(|left, right| left.path.cmp(&right.path));
        self.adds.append(&mut closed);
        Ok(())
    }
}

/// Estimates what the open files of a partitioned write hold.
struct PartitionGauge {
    columns: Vec<String>,
    row_group_rows: usize,
    converter: Option<RowConverter>,
    open: HashMap<OwnedRow, usize>,
    row_bytes: usize,
}

impl PartitionGauge {
    fn new(columns: Vec<String>, row_group_rows: usize) -> Self {
        Self {
            columns,
            row_group_rows: row_group_rows.max(1),
            converter: None,
            open: HashMap::new(),
            row_bytes: 1,
        }
    }

    fn add(&mut self, rows: &RecordBatch) -> Result<usize> {
        let keys: Vec<ArrayRef> = self
            .columns
            .iter()
            .filter_map(|name| rows.column_by_name(name).cloned())
            .collect();
        let converter = match &mut self.converter {
            Some(converter) => converter,
            None => {
                let fields = keys
                    .iter()
                    .map(|key| SortField::new(key.data_type().clone()));
                self.converter.insert(RowConverter::new(fields.collect())?)
            }
        };
        let converted = converter.convert_columns(&keys)?;
        let mut start = 0;
        while start < converted.num_rows() {
            // Rows often come in runs of one partition.
            let key = converted.row(start);
            let mut end = start + 1;
            while end < converted.num_rows() && converted.row(end) == key {
                end += 1;
            }
            *self.open.entry(key.owned()).or_insert(0) += end - start;
            start = end;
        }
        self.row_bytes = self.row_bytes.max(row_bytes(rows));
        let waiting: usize = self
            .open
            .values()
            .map(|rows| rows % self.row_group_rows)
            .sum();
        let idle = self.open.len() * rows.num_columns() * OPEN_COLUMN_BYTES;
        waiting
            .checked_mul(self.row_bytes)
            .and_then(|bytes| bytes.checked_add(idle))
            .ok_or_else(|| BridgeError::internal("the size of open files overflowed"))
    }
}
