//! Plans whose row order depends on their inputs alone: wherever partitions would be merged
//! as they arrive, they are read one after the other.

use std::fmt::Formatter;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::limit::LimitStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::union::UnionExec;
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
        if let Some(one) = one_after_the_other(merge) {
            return Ok(Transformed::yes(one));
        }
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

/// Files that are merged as they are read become one group of files. Below a scan of Delta files
/// with deletion vectors nothing but files may stand, and there they come in two lots, in no order
/// of their own.
fn one_after_the_other(merge: &CoalescePartitionsExec) -> Option<Arc<dyn ExecutionPlan>> {
    if merge.fetch().is_some() {
        return None;
    }
    let input = merge.input();
    let union = input.downcast_ref::<UnionExec>();
    let lots: Vec<&FileScanConfig> = match union {
        Some(union) => union.inputs().iter().map(files_of).collect::<Option<_>>()?,
        None => vec![files_of(input)?],
    };
    let (first, rest) = lots.split_first()?;
    let alike = rest.iter().all(|lot| {
        lot.object_store_url == first.object_store_url
            && lot.file_source.file_type() == first.file_source.file_type()
            && lot.projected_schema().ok() == first.projected_schema().ok()
    });
    if !alike {
        return None;
    }
    let groups = lots.iter().flat_map(|lot| &lot.file_groups);
    let mut files: Vec<PartitionedFile> = groups.flat_map(|group| group.iter().cloned()).collect();
    if union.is_some() {
        files.sort_by(|left, right| left.object_meta.location.cmp(&right.object_meta.location));
    }
    let one = FileScanConfigBuilder::from((*first).clone())
        .with_file_groups(vec![FileGroup::new(files)])
        .with_output_ordering(Vec::new())
        .with_output_partitioning(Some(Partitioning::UnknownPartitioning(1)))
        .build();
    Some(DataSourceExec::from_data_source(one))
}

fn files_of(plan: &Arc<dyn ExecutionPlan>) -> Option<&FileScanConfig> {
    let source = plan.downcast_ref::<DataSourceExec>()?;
    source.data_source().downcast_ref::<FileScanConfig>()
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
