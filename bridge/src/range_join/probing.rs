//! The side of a join that streams past the other.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::{RecordBatch, UInt32Array, UInt32Builder};
use datafusion::common::{JoinType, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_expr::PhysicalExpr;
use futures::StreamExt;

use super::building::{Building, Built, JoinMetrics, SharedBuild, columns_of};
use super::condition::RangeCondition;
use super::index::Pairs;
use super::rows::{Output, Wanted, Which, kept};
use crate::error::BridgeError;

type Expr = Arc<dyn PhysicalExpr>;

/// A probe batch whose pairs are being listed.
struct Current {
    batch: RecordBatch,
    pairs: Pairs,
    /// Rows before this one have had their pairs, or are known to have none.
    next_row: usize,
    /// By row, where only that matters.
    matched: Vec<bool>,
}

/// One partition of the probe side on its way past the build side.
pub struct Probing {
    shared: SharedBuild,
    building: Building,
    input: SendableRecordBatchStream,
    keys: Vec<Expr>,
    condition: RangeCondition,
    wanted: Wanted,
    output: Output,
    batch_rows: usize,
    current: Option<Current>,
    /// The next build row to look at when all probe rows have passed.
    left_over: Option<usize>,
    metrics: JoinMetrics,
}

impl Probing {
    pub fn new(
        shared: SharedBuild,
        building: Building,
        input: SendableRecordBatchStream,
        keys: Vec<Expr>,
        kind: JoinType,
        output: Output,
    ) -> Self {
        Probing {
            shared,
            input,
            keys,
            condition: building.condition.clone(),
            wanted: Wanted::of(kind),
            output,
            batch_rows: building.context.session_config().batch_size().max(1),
            current: None,
            left_over: None,
            metrics: building.metrics.clone(),
            building,
        }
    }

    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let built = self.shared.get(&self.building).await?;
        let elapsed = self.metrics.baseline.elapsed_compute().clone();
        loop {
            if let Some(row) = self.left_over {
                let _timer = elapsed.timer();
                return self.left_over(&built, row);
            }
            if let Some(current) = self.current.take() {
                let rows = {
                    let _timer = elapsed.timer();
                    self.advance(&built, current)?
                };
                if let Some(rows) = rows.filter(|rows| rows.num_rows() > 0) {
                    self.metrics.baseline.record_output(rows.num_rows());
                    return Ok(Some(rows));
                }
                // A stopped statement is dropped here, however long it finds nothing.
                tokio::task::yield_now().await;
                continue;
            }
            match self.input.next().await {
                Some(batch) => {
                    let batch = batch?;
                    let _timer = elapsed.timer();
                    self.metrics.probe_rows.add(batch.num_rows());
                    self.current = Some(self.begin(&built, batch)?);
                }
                None => {
                    let last = built.probes.fetch_sub(1, Ordering::AcqRel) == 1;
                    let from_here = last && self.wanted.marks_build();
                    self.left_over = Some(if from_here { 0 } else { built.batch.num_rows() });
                }
            }
        }
    }

    fn begin(&self, built: &Built, batch: RecordBatch) -> Result<Current> {
        let RangeCondition {
            below,
            above,
            residual,
        } = &self.condition;
        let columns = columns_of(&batch, &self.keys, &below.probe, &above.probe)?;
        let probe_alone = self.wanted.probe_alone().is_some();
        let pairs = built
            .index
            .probe(columns, probe_alone && residual.is_none())
            .map_err(BridgeError::into_datafusion)?;
        let matched = if probe_alone { batch.num_rows() } else { 0 };
        Ok(Current {
            batch,
            pairs,
            next_row: 0,
            matched: vec![false; matched],
        })
    }

    /// The next pairs of the batch, and what is to be given of them.
    fn advance(&mut self, built: &Built, mut current: Current) -> Result<Option<RecordBatch>> {
        let (probe, build) = current
            .pairs
            .next(self.batch_rows)
            .map_err(BridgeError::into_datafusion)?;
        let ended = probe.len() < self.batch_rows;
        self.metrics.pairs.add(probe.len());
        let (mut probe, mut build) = (UInt32Array::from(probe), UInt32Array::from(build));
        if let Some(residual) = &self.condition.residual {
            (build, probe) = kept(residual, (&built.batch, build), (&current.batch, probe))?;
        }
        if self.wanted.marks_build() {
            build.values().iter().for_each(|row| built.mark(*row));
        }
        let rows = if self.wanted.pairs {
            if self.wanted.lone_probe {
                (build, probe) = with_lone_rows(&build, &probe, &mut current, ended);
            }
            let (build, probe) = ((&built.batch, &build), (&current.batch, &probe));
            Some(self.output.rows(build, probe, None)?)
        } else if let Some(which) = self.wanted.probe_alone() {
            for row in probe.values() {
                if let Some(matched) = current.matched.get_mut(*row as usize) {
                    *matched = true;
                }
            }
            match ended {
                true => Some(self.probe_rows(built, &current, which)?),
                false => None,
            }
        } else {
            None
        };
        if !ended {
            self.current = Some(current);
        }
        Ok(rows)
    }

    fn probe_rows(&self, built: &Built, current: &Current, which: Which) -> Result<RecordBatch> {
        let is_matched = |row: usize| current.matched.get(row).copied().unwrap_or(false);
        let (rows, mark) = which.rows(0, current.batch.num_rows(), is_matched);
        let none = UInt32Array::new_null(rows.len());
        self.output
            .rows((&built.batch, &none), (&current.batch, &rows), mark)
    }

    /// Rows of the build side, when it is known which have a match.
    fn left_over(&mut self, built: &Built, first: usize) -> Result<Option<RecordBatch>> {
        let which = match self.wanted.one_side {
            Some(side) => side.which,
            None => Which::Unmatched,
        };
        let probe = RecordBatch::new_empty(self.input.schema());
        let mut first = first;
        while first < built.batch.num_rows() {
            let last = built.batch.num_rows().min(first + self.batch_rows);
            let (rows, mark) = which.rows(first, last, |row| built.is_matched(row));
            first = last;
            self.left_over = Some(first);
            if rows.is_empty() {
                continue;
            }
            let none = UInt32Array::new_null(rows.len());
            let rows = self
                .output
                .rows((&built.batch, &rows), (&probe, &none), mark)?;
            self.metrics.baseline.record_output(rows.num_rows());
            return Ok(Some(rows));
        }
        Ok(None)
    }
}

/// Pairs with the probe rows that have none between them, where they stand.
fn with_lone_rows(
    build: &UInt32Array,
    probe: &UInt32Array,
    current: &mut Current,
    ended: bool,
) -> (UInt32Array, UInt32Array) {
    let mut builds = UInt32Builder::with_capacity(build.len());
    let mut probes = UInt32Builder::with_capacity(build.len());
    let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
    let alone = |rows: Range<usize>, builds: &mut UInt32Builder, probes: &mut UInt32Builder| {
        for row in rows {
            builds.append_null();
            probes.append_value(number(row));
        }
    };
    for (build, probe) in build.values().iter().zip(probe.values()) {
        let row = *probe as usize;
        alone(current.next_row..row, &mut builds, &mut probes);
        builds.append_value(*build);
        probes.append_value(*probe);
        current.next_row = current.next_row.max(row + 1);
    }
    if ended {
        let rows = current.next_row..current.batch.num_rows();
        alone(rows, &mut builds, &mut probes);
    }
    (builds.finish(), probes.finish())
}
