//! The side of a join that is collected and indexed.

use std::fmt::{Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use datafusion::common::utils::memory::get_record_batch_memory_size;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, Gauge, MetricBuilder, Time,
};
use futures::StreamExt;
use tokio::sync::OnceCell;

use super::condition::{self, RangeCondition};
use super::index::{HostRangeIndex, Index};
use crate::abi::LgRangeConditions;
use crate::error::BridgeError;

type Plan = Arc<dyn ExecutionPlan>;
type Expr = Arc<dyn PhysicalExpr>;

/// Beside its batches, what a row of the build side takes in the index, before that is known.
const INDEX_ROW_BYTES: usize = 128;

#[derive(Clone)]
pub struct JoinMetrics {
    pub baseline: BaselineMetrics,
    pub build_time: Time,
    pub build_rows: Count,
    pub build_bytes: Gauge,
    pub probe_rows: Count,
    pub pairs: Count,
}

impl JoinMetrics {
    pub fn new(partition: usize, metrics: &ExecutionPlanMetricsSet) -> Self {
        let counter = |name: &'static str| MetricBuilder::new(metrics).counter(name, partition);
        JoinMetrics {
            baseline: BaselineMetrics::new(metrics, partition),
            build_time: MetricBuilder::new(metrics).subset_time("build_time", partition),
            build_rows: counter("build_input_rows"),
            build_bytes: MetricBuilder::new(metrics).gauge("build_mem_used", partition),
            probe_rows: counter("input_rows"),
            pairs: counter("pairs"),
        }
    }
}

/// Made by the partition that needs it first, for all of them.
#[derive(Clone, Default)]
pub struct SharedBuild(Arc<OnceCell<std::result::Result<Arc<Built>, Arc<DataFusionError>>>>);

impl Debug for SharedBuild {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "SharedBuild")
    }
}

impl SharedBuild {
    pub async fn get(&self, building: &Building) -> Result<Arc<Built>> {
        let made = self.0.get_or_init(|| async {
            let built = building.run().await;
            built.map(Arc::new).map_err(Arc::new)
        });
        made.await.clone().map_err(DataFusionError::Shared)
    }
}

/// The build side: its rows in one batch, their index, and which of them have a match.
pub struct Built {
    pub batch: RecordBatch,
    pub index: Arc<Index>,
    matched: Vec<AtomicU64>,
    /// Partitions of the probe side that have not come to their end.
    pub probes: AtomicUsize,
    /// Held for as long as the rest.
    _memory: MemoryReservation,
}

impl Built {
    pub fn mark(&self, row: u32) {
        if let Some(word) = self.matched.get(row as usize / 64) {
            let bit = 1_u64 << (row % 64);
            if word.load(Ordering::Relaxed) & bit == 0 {
                word.fetch_or(bit, Ordering::Relaxed);
            }
        }
    }

    pub fn is_matched(&self, row: usize) -> bool {
        let word = self.matched.get(row / 64);
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (row % 64) & 1 == 1)
    }
}

/// What makes the build side.
pub struct Building {
    pub left: Plan,
    pub host: HostRangeIndex,
    pub conditions: LgRangeConditions,
    pub keys: Vec<Expr>,
    pub condition: RangeCondition,
    pub probes: usize,
    pub context: Arc<TaskContext>,
    pub metrics: JoinMetrics,
}

impl Building {
    async fn run(&self) -> Result<Built> {
        let memory = MemoryConsumer::new("RangeJoin").register(self.context.memory_pool());
        let schema = self.left.schema();
        let mut input = self.left.execute(0, self.context.clone())?;
        let mut batches = Vec::new();
        let mut rows = 0;
        while let Some(batch) = input.next().await {
            let batch = batch?;
            // Twice: all of them are then written into one, and its rows are indexed.
            let bytes = get_record_batch_memory_size(&batch);
            memory.try_grow(2 * bytes + INDEX_ROW_BYTES * batch.num_rows())?;
            rows += batch.num_rows();
            batches.push(batch);
        }
        let _timer = self.metrics.build_time.timer();
        let host = self.host.clone();
        let conditions = self.conditions;
        let keys = self.keys.clone();
        let condition = self.condition.clone();
        let made = tokio::task::spawn_blocking(move || {
            let batch = concat_batches(&schema, &batches)?;
            drop(batches);
            let columns = columns_of(
                &batch,
                &keys,
                &condition.below.build,
                &condition.above.build,
            )?;
            let index = host
                .build(&conditions, columns)
                .map_err(BridgeError::into_datafusion)?;
            Ok::<_, DataFusionError>((batch, Arc::new(index)))
        });
        let (batch, index) = made
            .await
            .map_err(|error| BridgeError::from(error).into_datafusion())??;
        memory.try_resize(get_record_batch_memory_size(&batch) + index.bytes())?;
        self.metrics.build_rows.add(rows);
        self.metrics.build_bytes.add(memory.size());
        Ok(Built {
            batch,
            index,
            matched: (0..rows.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            probes: AtomicUsize::new(self.probes),
            _memory: memory,
        })
    }
}

/// Keys, then the two bounds, as the host wants them.
pub fn columns_of(
    batch: &RecordBatch,
    keys: &[Expr],
    below: &Expr,
    above: &Expr,
) -> Result<Vec<ArrayRef>> {
    let mut columns = Vec::with_capacity(keys.len() + 2);
    for key in keys {
        columns.push(key.evaluate(batch)?.into_array(batch.num_rows())?);
    }
    columns.push(condition::ordered(below, batch)?);
    columns.push(condition::ordered(above, batch)?);
    Ok(columns)
}
