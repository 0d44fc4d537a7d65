//! A table whose rows the host produces: one stream for each scan, read on a blocking thread.

use std::fmt::{Debug, Formatter};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;

use crate::abi::LgStreamSource;
use crate::arrow_in::{ImportedStream, stream_error};
use crate::error::Result;
use crate::fence;
use crate::host::Host;

/// Batches that wait between the host and the plan.
const CHANNEL_BATCHES: usize = 2;

/// Opened once for each scan.
pub struct HostSource(Host<LgStreamSource>);

impl HostSource {
    pub fn new(source: LgStreamSource) -> Arc<Self> {
        Arc::new(HostSource(Host(source)))
    }

    fn open(&self, schema: SchemaRef, name: &str) -> Result<ImportedStream> {
        let mut stream = FFI_ArrowArrayStream::empty();
        let code = match self.0.open {
            Some(open) => unsafe { open(self.0.data, &mut stream) },
            None => libc::EINVAL,
        };
        if code != 0 {
            // Whatever a failed open left in the struct is not ours to release.
            std::mem::forget(stream);
            return Err(stream_error(name, code, ""));
        }
        ImportedStream::new(stream, schema, name)
    }
}

struct HostPartition {
    source: Arc<HostSource>,
    schema: SchemaRef,
    name: String,
}

impl Debug for HostPartition {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "HostPartition({})", self.name)
    }
}

impl PartitionStream for HostPartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder =
            RecordBatchReceiverStreamBuilder::new(self.schema.clone(), CHANNEL_BATCHES);
        let sender = builder.tx();
        let source = self.source.clone();
        let schema = self.schema.clone();
        let name = self.name.clone();
        builder.spawn_blocking(move || {
            let read = fence::catch(|| {
                let mut stream = source.open(schema, &name)?;
                while let Some(batch) = stream.next_batch()? {
                    if sender.blocking_send(Ok(batch)).is_err() {
                        // The plan needs no more rows.
                        break;
                    }
                }
                Ok(())
            });
            read.map_err(|error| error.into_datafusion())
        });
        builder.build()
    }
}

pub fn table(
    source: Arc<HostSource>,
    schema: SchemaRef,
    name: &str,
) -> Result<Arc<dyn TableProvider>> {
    let partition = HostPartition {
        source,
        schema: schema.clone(),
        name: name.to_owned(),
    };
    Ok(Arc::new(StreamingTable::try_new(
        schema,
        vec![Arc::new(partition)],
    )?))
}
