//! One Parquet file of a table while it is written: columns are encoded side by side, finished
//! row groups go to the store, the rest stays in memory.

use std::collections::{BTreeSet, HashSet};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type, SchemaRef};
use arrow::record_batch::RecordBatch;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutPayload};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Encoding, PageType, Type};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats, ParquetMetaData};
use parquet::file::properties::{WriterPropertiesBuilder, WriterPropertiesPtr};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use tokio::task::JoinHandle;

use super::staging::TrackedStore;
use crate::error::{BridgeError, Result};

/// What has been written and is not yet in the store.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A file that is in the store, whole.
pub struct FinishedFile {
    pub bytes: u64,
    pub metadata: ParquetMetaData,
    /// Leaf columns, by place, that hold a NaN.
    pub with_nan: HashSet<usize>,
}

pub struct DataFile {
    store: Arc<TrackedStore>,
    path: Path,
    /// Begun with the first finished row group: a small file is put in one go.
    upload: Option<Box<dyn MultipartUpload>>,
    sending: Option<JoinHandle<object_store::Result<()>>>,
    buffer: Buffer,
    writer: SerializedFileWriter<Buffer>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    groups: usize,
    columns: Vec<Column>,
    group_rows: usize,
    with_nan: HashSet<usize>,
    /// Leaf columns, by place, whose values are too many for a dictionary.
    plain: BTreeSet<usize>,
}

/// One field of the schema and the writers of its leaves.
struct Column {
    field: FieldRef,
    writers: Vec<ArrowColumnWriter>,
    /// For each leaf, whether a NaN was seen in this row group.
    nan: Vec<bool>,
}

impl Column {
    fn write(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        for array in arrays {
            let leaves = compute_leaves(&self.field, array)?;
            for (writer, leaf) in self.writers.iter_mut().zip(&leaves) {
                writer.write(leaf)?;
            }
            note_nan(array, &mut self.nan.iter_mut());
        }
        Ok(())
    }

    /// Bounds that leave NaN out would have readers skip rows; they are taken off.
    fn close(self) -> Result<(Vec<ArrowColumnChunk>, Vec<bool>)> {
        let mut chunks = Vec::with_capacity(self.writers.len());
        for (writer, nan) in self.writers.into_iter().zip(&self.nan) {
            let mut chunk = writer.close()?;
            if *nan {
                leave_out_bounds(chunk.close_mut())?;
            }
            chunks.push(chunk);
        }
        Ok((chunks, self.nan))
    }

    fn memory(&self) -> usize {
        self.writers
            .iter()
            .map(ArrowColumnWriter::memory_size)
            .sum()
    }

    fn estimated_bytes(&self) -> usize {
        let estimates = self
            .writers
            .iter()
            .map(ArrowColumnWriter::get_estimated_total_bytes);
        estimates.sum()
    }
}

/// Of row groups with the properties of `file`, but without dictionaries for some leaves.
fn factory(
    file: &SerializedFileWriter<Buffer>,
    schema: &SchemaRef,
    plain: &BTreeSet<usize>,
) -> Result<ArrowRowGroupWriterFactory> {
    if plain.is_empty() {
        return Ok(ArrowRowGroupWriterFactory::new(file, schema.clone()));
    }
    let columns = file.schema_descr();
    let mut builder = WriterPropertiesBuilder::from(file.properties().as_ref().clone());
    for leaf in plain {
        let path = columns.column(*leaf).path().clone();
        builder = builder.set_column_dictionary_enabled(path, false);
    }
    // A writer is all that properties can be given to.
    let root = columns.root_schema_ptr();
    let other = SerializedFileWriter::new(Buffer::default(), root, Arc::new(builder.build()))?;
    Ok(ArrowRowGroupWriterFactory::new(&other, schema.clone()))
}

/// Whether a dictionary was begun and its pages were followed by plain ones.
fn gave_up_dictionary(column: &ColumnChunkMetaData) -> bool {
    let plain_page = |stats: &PageEncodingStats| {
        matches!(
            stats.page_type,
            PageType::DATA_PAGE | PageType::DATA_PAGE_V2
        ) && stats.encoding == Encoding::PLAIN
    };
    column.dictionary_page_offset().is_some()
        && column
            .page_encoding_stats()
            .is_some_and(|pages| pages.iter().any(plain_page))
}

fn leave_out_bounds(column: &mut ColumnCloseResult) -> Result<()> {
    let nulls = column
        .metadata
        .statistics()
        .and_then(Statistics::null_count_opt);
    let bare = match column.metadata.column_type() {
        Type::FLOAT => Statistics::float(None, None, None, nulls, false),
        _ => Statistics::double(None, None, None, nulls, false),
    };
    let builder = column.metadata.clone().into_builder();
    column.metadata = builder.set_statistics(bare).build()?;
    column.column_index = None;
    Ok(())
}

/// Marks the leaves of `array` that hold a NaN, in the order of the writers.
fn note_nan<'a>(array: &ArrayRef, leaves: &mut impl Iterator<Item = &'a mut bool>) {
    match array.data_type() {
        DataType::Struct(_) => {
            for column in array.as_struct().columns() {
                note_nan(column, leaves);
            }
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            let found = values.values().iter().any(|value| value.is_nan());
            mark(leaves, found && values.iter().flatten().any(f32::is_nan));
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            let found = values.values().iter().any(|value| value.is_nan());
            mark(leaves, found && values.iter().flatten().any(f64::is_nan));
        }
        nested => (0..leaves_of(nested)).for_each(|_| mark(leaves, false)),
    }
}

fn mark<'a>(leaves: &mut impl Iterator<Item = &'a mut bool>, found: bool) {
    if let Some(leaf) = leaves.next() {
        *leaf |= found;
    }
}

fn leaves_of(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields
            .iter()
            .map(|field| leaves_of(field.data_type()))
            .sum(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::Map(item, _) => leaves_of(item.data_type()),
        _ => 1,
    }
}

impl DataFile {
    /// Of batches with this schema; views and dictionaries may stand for texts in it.
    pub fn open(
        store: Arc<TrackedStore>,
        path: Path,
        schema: &SchemaRef,
        properties: &WriterPropertiesPtr,
        plain: &BTreeSet<usize>,
    ) -> Result<Self> {
        let parquet = ArrowSchemaConverter::new().convert(schema)?;
        let buffer = Buffer::default();
        let writer = SerializedFileWriter::new(
            buffer.clone(),
            parquet.root_schema_ptr(),
            properties.clone(),
        )?;
        let factory = factory(&writer, schema, plain)?;
        Ok(Self {
            store,
            path,
            upload: None,
            sending: None,
            buffer,
            writer,
            factory,
            schema: schema.clone(),
            groups: 0,
            columns: Vec::new(),
            group_rows: 0,
            with_nan: HashSet::new(),
            plain: plain.clone(),
        })
    }

    /// Leaf columns whose values are too many for a dictionary: trying again would be in vain.
    pub fn plain(&self) -> &BTreeSet<usize> {
        &self.plain
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a part of it is in the store.
    pub fn is_sending(&self) -> bool {
        self.upload.is_some()
    }

    /// Rows of the row group that is not finished.
    pub fn group_rows(&self) -> usize {
        self.group_rows
    }

    /// Bytes of finished row groups.
    pub fn written(&self) -> usize {
        self.writer.bytes_written()
    }

    /// About so many bytes the unfinished row group will be.
    pub fn estimated_group_bytes(&self) -> usize {
        self.columns.iter().map(Column::estimated_bytes).sum()
    }

    /// Bytes that the unfinished row group holds.
    pub fn memory(&self) -> usize {
        self.columns.iter().map(Column::memory).sum()
    }

    /// `side_by_side`: each column is a task of its own, and they share the threads there are.
    pub async fn write(&mut self, batches: &[RecordBatch], side_by_side: bool) -> Result<()> {
        self.open_group()?;
        let arrays_of = |index: usize| -> Vec<ArrayRef> {
            batches
                .iter()
                .map(|batch| batch.column(index).clone())
                .collect()
        };
        if side_by_side && self.columns.len() > 1 {
            let mut tasks = Vec::with_capacity(self.columns.len());
            for (index, mut column) in std::mem::take(&mut self.columns).into_iter().enumerate() {
                let arrays = arrays_of(index);
                tasks.push(tokio::spawn(async move {
                    column.write(&arrays)?;
                    Ok::<_, BridgeError>(column)
                }));
            }
            for task in tasks {
                self.columns.push(task.await??);
            }
        } else {
            for (index, column) in self.columns.iter_mut().enumerate() {
                column.write(&arrays_of(index))?;
            }
        }
        self.group_rows += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        Ok(())
    }

    fn open_group(&mut self) -> Result<()> {
        if !self.columns.is_empty() {
            return Ok(());
        }
        let mut writers = self.factory.create_column_writers(self.groups)?.into_iter();
        for field in self.schema.fields() {
            let leaves = leaves_of(field.data_type());
            self.columns.push(Column {
                field: field.clone(),
                writers: writers.by_ref().take(leaves).collect(),
                nan: vec![false; leaves],
            });
        }
        Ok(())
    }

    /// The row group becomes bytes of the file; how many.
    pub async fn end_group(&mut self, side_by_side: bool) -> Result<usize> {
        if self.columns.is_empty() {
            return Ok(0);
        }
        let columns = std::mem::take(&mut self.columns);
        let mut closed = Vec::with_capacity(columns.len());
        if side_by_side && columns.len() > 1 {
            let tasks: Vec<_> = columns
                .into_iter()
                .map(|column| tokio::spawn(async move { column.close() }))
                .collect();
            for task in tasks {
                closed.push(task.await??);
            }
        } else {
            for column in columns {
                closed.push(column.close()?);
            }
        }
        let before = self.written();
        let mut group = self.writer.next_row_group()?;
        let mut leaf = 0;
        let known = self.plain.len();
        for (chunks, nan) in closed {
            for (chunk, nan) in chunks.into_iter().zip(nan) {
                if nan {
                    self.with_nan.insert(leaf);
                }
                if gave_up_dictionary(&chunk.close().metadata) {
                    self.plain.insert(leaf);
                }
                leaf += 1;
                chunk.append_to_row_group(&mut group)?;
            }
        }
        group.close()?;
        if self.plain.len() > known {
            self.factory = factory(&self.writer, &self.schema, &self.plain)?;
        }
        self.groups += 1;
        self.group_rows = 0;
        Ok(self.written().saturating_sub(before))
    }

    /// What is finished goes to the store, while the next row group is encoded.
    pub async fn send(&mut self) -> Result<()> {
        self.writer.flush()?;
        let bytes = self.buffer.take();
        self.sent().await?;
        if bytes.is_empty() {
            return Ok(());
        }
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => {
                let options = PutMultipartOptions::default();
                none.insert(self.store.put_multipart_opts(&self.path, options).await?)
            }
        };
        self.sending = Some(tokio::spawn(upload.put_part(PutPayload::from(bytes))));
        Ok(())
    }

    async fn sent(&mut self) -> Result<()> {
        if let Some(sending) = self.sending.take() {
            sending.await??;
        }
        Ok(())
    }

    pub async fn finish(mut self, side_by_side: bool) -> Result<FinishedFile> {
        self.end_group(side_by_side).await?;
        let metadata = self.writer.finish()?;
        let bytes = self.written() as u64;
        if self.upload.is_some() {
            self.send().await?;
            self.sent().await?;
            if let Some(mut upload) = self.upload.take() {
                upload.complete().await?;
            }
        } else {
            let whole = PutPayload::from(self.buffer.take());
            self.store.put(&self.path, whole).await?;
        }
        Ok(FinishedFile {
            bytes,
            metadata,
            with_nan: self.with_nan,
        })
    }

    /// Nothing of the file stays.
    pub async fn abort(mut self) {
        let _ = self.sent().await;
        if let Some(mut upload) = self.upload.take() {
            // The staged files are removed by name afterwards.
            let _ = upload.abort().await;
        }
    }
}
