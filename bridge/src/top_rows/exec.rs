//! The operator: hands its input to the host and numbers what comes back.

use std::fmt::Formatter;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan,
    InputDistributionRequirements, Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;
use serde_json::json;
use tokio::sync::mpsc::{Receiver, channel};

use crate::arrow_out::BatchSource;
use crate::error::{BridgeError, Result as BridgeResult};
use crate::fence;
use crate::host_operator::HostOperator;
use crate::range_join::ordered;

type Plan = Arc<dyn ExecutionPlan>;

/// Batches that wait between the plan and the host, each way.
const CHANNEL_BATCHES: usize = 2;
const NAME: &str = "top_rows";

/// Of each group the row that comes first, with its number, which is 1.
#[derive(Debug)]
pub struct TopRowsExec {
    input: Plan,
    host: HostOperator,
    keys: Vec<Column>,
    /// Over columns alone.
    order: Vec<PhysicalSortExpr>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl TopRowsExec {
    /// `schema` is the input's with a column of numbers behind it.
    pub fn new(
        input: Plan,
        host: HostOperator,
        keys: Vec<Column>,
        order: Vec<PhysicalSortExpr>,
        schema: SchemaRef,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        TopRowsExec {
            input,
            host,
            keys,
            order,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// The columns of the host's rows by number: those of the input, then the floats that order
    /// them as integers, because the host knows one zero and one NaN.
    fn handed_over(&self) -> Result<HandedOver> {
        let input = self.input.schema();
        let mut ordering = Vec::with_capacity(self.order.len());
        let mut floats = Vec::new();
        for key in &self.order {
            let Some(column) = key.expr.downcast_ref::<Column>() else {
                return internal_err!("rows are ordered by columns");
            };
            let field = input.field(column.index());
            let at = if field.data_type().is_floating() {
                floats.push(key.expr.clone());
                input.fields().len() + floats.len() - 1
            } else {
                column.index()
            };
            ordering.push(json!({
                "column": at.to_string(),
                "descending": key.options.descending,
                "nulls_first": key.options.nulls_first,
            }));
        }
        let types = input.fields().iter().map(|field| field.data_type().clone());
        let fields: Vec<Field> = types
            .chain(floats.iter().map(|_| DataType::Int64))
            .enumerate()
            .map(|(at, kind)| Field::new(at.to_string(), kind, true))
            .collect();
        let keys = self.keys.iter().map(|key| key.index().to_string());
        let keys: Vec<String> = keys.collect();
        Ok(HandedOver {
            schema: Arc::new(Schema::new(fields)),
            floats,
            specification: json!({"operator": NAME, "keys": keys, "order": ordering}).to_string(),
        })
    }
}

struct HandedOver {
    schema: SchemaRef,
    floats: Vec<Arc<dyn PhysicalExpr>>,
    specification: String,
}

impl HandedOver {
    fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut columns = batch.columns().to_vec();
        for expr in &self.floats {
            columns.push(ordered(expr, batch)?);
        }
        with_rows(self.schema.clone(), columns, batch.num_rows())
    }
}

fn with_rows(schema: SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        schema, columns, &options,
    )?)
}

/// The input as the host reads it. It ends with `None`; where the sender goes before that, the
/// statement was stopped, and the host must not take what it has for everything.
struct Rows {
    schema: SchemaRef,
    batches: Receiver<BridgeResult<Option<RecordBatch>>>,
}

impl BatchSource for Rows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn next(&mut self) -> BridgeResult<Option<RecordBatch>> {
        match self.batches.blocking_recv() {
            Some(batch) => batch,
            None => Err(BridgeError::cancelled()),
        }
    }
}

impl DisplayAs for TopRowsExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut Formatter) -> std::fmt::Result {
        // A tree has the name already.
        if kind != DisplayFormatType::TreeRender {
            write!(f, "TopRowsExec: ")?;
        }
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        let order: Vec<String> = self.order.iter().map(ToString::to_string).collect();
        write!(
            f,
            "keys=[{}], order=[{}]",
            keys.join(", "),
            order.join(", ")
        )
    }
}

impl ExecutionPlan for TopRowsExec {
    fn name(&self) -> &str {
        "TopRowsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
    }

    fn children(&self) -> Vec<&Plan> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for key in &self.key_expressions() {
            if f(key)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Plan>) -> Result<Plan> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Plan>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Plan> {
        let Some(input) = children.pop() else {
            return internal_err!("an operator on rows has one input");
        };
        Ok(Arc::new(TopRowsExec::new(
            input,
            self.host.clone(),
            self.keys.clone(),
            self.order.clone(),
            self.schema(),
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let handed_over = self.handed_over()?;
        let schema = self.schema();
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let input_rows = MetricBuilder::new(&self.metrics).counter("input_rows", partition);
        let mut input = self.input.execute(0, context)?;
        let (to_host, batches) = channel(CHANNEL_BATCHES);
        let rows = Rows {
            schema: handed_over.schema.clone(),
            batches,
        };
        let host = self.host.clone();
        let specification = handed_over.specification.clone();
        let mut builder = RecordBatchReceiverStreamBuilder::new(schema.clone(), CHANNEL_BATCHES);
        let out = builder.tx();
        builder.spawn(async move {
            while let Some(batch) = input.next().await {
                let batch = batch.and_then(|batch| {
                    input_rows.add(batch.num_rows());
                    handed_over.batch(&batch)
                });
                let failed = batch.is_err();
                let batch = batch.map(Some).map_err(BridgeError::from);
                if to_host.send(batch).await.is_err() || failed {
                    return Ok(());
                }
            }
            // The host may have stopped reading.
            drop(to_host.send(Ok(None)).await);
            Ok(())
        });
        builder.spawn_blocking(move || {
            let host_schema = rows.schema.clone();
            let read = fence::catch(|| {
                let mut made = host.run(&specification, Box::new(rows), host_schema, NAME)?;
                while let Some(batch) = made.next_batch()? {
                    let numbered = numbered(&schema, &batch).map_err(BridgeError::from)?;
                    baseline.record_output(numbered.num_rows());
                    if out.blocking_send(Ok(numbered)).is_err() {
                        // The plan needs no more rows.
                        break;
                    }
                }
                Ok(())
            });
            read.map_err(BridgeError::into_datafusion)
        });
        Ok(builder.build())
    }
}

impl TopRowsExec {
    fn key_expressions(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        let keys = self.keys.iter().cloned();
        let keys = keys.map(|key| Arc::new(key) as Arc<dyn PhysicalExpr>);
        let order = self.order.iter().map(|key| key.expr.clone());
        keys.chain(order).collect()
    }
}

/// The input's columns and the number.
fn numbered(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let own = schema.fields().len().saturating_sub(1);
    let mut columns: Vec<ArrayRef> = batch.columns().iter().take(own).cloned().collect();
    columns.push(Arc::new(UInt64Array::from(vec![1; batch.num_rows()])));
    with_rows(schema.clone(), columns, batch.num_rows())
}
