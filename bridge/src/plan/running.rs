//! A plan that runs: one task on the runtime, a short channel, and the thread that pulls.

use std::panic::AssertUnwindSafe;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::physical_plan::execute_stream;
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::AbortHandle;

use super::Physical;
use crate::arrow_out::BatchSource;
use crate::cancel::Cancel;
use crate::error::{BridgeError, Result};
use crate::fence::panic_error;
use crate::session::Session;
use crate::wait::wait;

/// Batches that wait for the caller.
const CHANNEL_BATCHES: usize = 2;

pub struct RunningPlan {
    session: Session,
    schema: SchemaRef,
    batches: Receiver<Result<RecordBatch>>,
    cancel: Cancel,
    task: AbortHandle,
}

impl RunningPlan {
    pub fn start(
        session: &Session,
        physical: Physical,
        state: &SessionState,
        cancel: Cancel,
    ) -> Result<Self> {
        let schema = physical.schema();
        let context = state.task_ctx();
        let (sender, batches) = channel(CHANNEL_BATCHES);
        let task = session.engine.handle().spawn(async move {
            let pumped = AssertUnwindSafe(async {
                let stream = execute_stream(physical, context)?;
                pump(stream, &sender).await;
                Ok(())
            })
            .catch_unwind()
            .await
            .unwrap_or_else(|payload| Err(panic_error(payload.as_ref())));
            if let Err(error) = pumped {
                // Nobody to tell when the caller has gone.
                drop(sender.send(Err(error)).await);
            }
        });
        Ok(RunningPlan {
            session: session.clone(),
            schema,
            batches,
            cancel,
            task: task.abort_handle(),
        })
    }

    fn wait(&mut self) -> Result<Option<RecordBatch>> {
        let waited = wait(&self.cancel, self.batches.recv());
        waited.inspect_err(|_| self.task.abort())?.transpose()
    }

    fn check(&self) -> Result<()> {
        self.cancel.check().inspect_err(|_| self.task.abort())
    }
}

/// Empty batches are left out: they say nothing and cost a crossing.
async fn pump(mut stream: SendableRecordBatchStream, sender: &Sender<Result<RecordBatch>>) {
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(BridgeError::from);
        let last = batch.is_err();
        let empty = matches!(&batch, Ok(batch) if batch.num_rows() == 0);
        if !empty && sender.send(batch).await.is_err() {
            return;
        }
        if last {
            return;
        }
    }
}

impl BatchSource for RunningPlan {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn next(&mut self) -> Result<Option<RecordBatch>> {
        self.check()?;
        let batch = match self.batches.try_recv() {
            Ok(batch) => batch.map(Some),
            Err(TryRecvError::Disconnected) => Ok(None),
            Err(TryRecvError::Empty) => self.wait(),
        };
        batch.map_err(|error| explain(error, &self.session))
    }
}

impl Drop for RunningPlan {
    fn drop(&mut self) {
        self.cancel.flag().stop();
        self.task.abort();
    }
}

/// Asks the statement's tables what they know about an error of their data.
pub fn explain(error: BridgeError, session: &Session) -> BridgeError {
    let tables = session.tables();
    let alone = tables.len() == 1;
    let explained = tables.iter().find_map(|table| table.explain(&error, alone));
    explained.unwrap_or(error)
}
