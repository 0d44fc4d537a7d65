//! Plans whose row order depends on their inputs alone: wherever partitions would be merged
//! as they arrive, they are read one after the other.

use std::fmt::Formatter;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::limit::LimitStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties,
};
use futures::StreamExt;

/// The last physical rule of an ordered session.
#[derive(Debug)]
pub struct OrderedPartitions;

impl PhysicalOptimizerRule for OrderedPartitions {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.transform_up(reorder).data()?;
        if plan.output_partitioning().partition_count() > 1 {
            return Ok(Arc::new(OrderedPartitionsExec::new(plan, None)));
        }
        Ok(plan)
    }

    fn name(&self) -> &str {
        "ordered_partitions"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn reorder(node: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    if let Some(merge) = node.downcast_ref::<CoalescePartitionsExec>() {
        let ordered = OrderedPartitionsExec::new(merge.input().clone(), merge.fetch());
        return Ok(Transformed::yes(Arc::new(ordered)));
    }
    if let Some(merge) = node.downcast_ref::<SortPreservingMergeExec>() {
        // Otherwise ties go to the partition that was polled least.
        let merge = merge.clone().with_round_robin_repartition(false);
        return Ok(Transformed::yes(Arc::new(merge)));
    }
    if let Some(spread) = node.downcast_ref::<RepartitionExec>() {
        let input = spread.input().clone();
        if input.output_partitioning().partition_count() > 1 && !spread.preserve_order() {
            let input = Arc::new(OrderedPartitionsExec::new(input, None));
            let spread = RepartitionExec::try_new(input, spread.partitioning().clone())?;
            return Ok(Transformed::yes(Arc::new(spread)));
        }
    }
    Ok(Transformed::no(node))
}

/// One partition out of many, each read to its end before the next is started.
#[derive(Debug)]
pub struct OrderedPartitionsExec {
    input: Arc<dyn ExecutionPlan>,
    fetch: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl OrderedPartitionsExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, fetch: Option<usize>) -> Self {
        let mut equivalence = input.equivalence_properties().clone();
        if input.output_partitioning().partition_count() > 1 {
            equivalence.clear_orderings();
            equivalence.clear_per_partition_constants();
        }
        let properties = PlanProperties::new(
            equivalence,
            Partitioning::UnknownPartitioning(1),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        OrderedPartitionsExec {
            input,
            fetch,
            properties: Arc::new(properties),
        }
    }
}

impl DisplayAs for OrderedPartitionsExec {
    fn fmt_as(&self, _type: DisplayFormatType, f: &mut Formatter) -> std::fmt::Result {
        match self.fetch {
            Some(fetch) => write!(f, "OrderedPartitionsExec: fetch={fetch}"),
            None => write!(f, "OrderedPartitionsExec"),
        }
    }
}

impl ExecutionPlan for OrderedPartitionsExec {
    fn name(&self) -> &str {
        "OrderedPartitionsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) => Ok(Arc::new(Self::new(input, self.fetch))),
            None => Ok(self),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return datafusion::common::internal_err!("OrderedPartitionsExec has one partition");
        }
        let schema: SchemaRef = self.input.schema();
        let input = self.input.clone();
        let partitions = input.output_partitioning().partition_count();
        let started = futures::stream::iter(0..partitions)
            .map(move |index| input.execute(index, context.clone()));
        let rows = started.flat_map(|stream| match stream {
            Ok(stream) => stream,
            Err(error) => failed(error),
        });
        let stream = Box::pin(RecordBatchStreamAdapter::new(schema.clone(), rows));
        match self.fetch {
            Some(fetch) => {
                let metrics = BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), partition);
                Ok(Box::pin(LimitStream::new(stream, 0, Some(fetch), metrics)))
            }
            None => Ok(stream),
        }
    }
}

fn failed(error: datafusion::error::DataFusionError) -> SendableRecordBatchStream {
    let once = futures::stream::once(async move { Err(error) });
    let schema = Arc::new(arrow::datatypes::Schema::empty());
    Box::pin(RecordBatchStreamAdapter::new(schema, once))
}
