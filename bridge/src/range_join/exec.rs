//! The operator: collects the left side, has it indexed, and streams the right side past it.

use std::fmt::Formatter;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, Result, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::joins::utils::build_join_schema;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, PlanProperties, ReplaceChildrenOptions,
};

use super::building::{Building, JoinMetrics, SharedBuild};
use super::condition::RangeCondition;
use super::index::HostRangeIndex;
use super::probing::Probing;
use super::rows::Output;
use crate::abi::LgRangeConditions;

type Plan = Arc<dyn ExecutionPlan>;
type Expr = Arc<dyn PhysicalExpr>;

/// The library's own join, which says all that a plan wants to know of it, run otherwise.
#[derive(Debug)]
pub struct RangeJoinExec {
    /// A `HashJoinExec` that collects its left side, or a `NestedLoopJoinExec`.
    stock: Plan,
    host: HostRangeIndex,
    keys: Vec<(Expr, Expr)>,
    condition: RangeCondition,
    kind: JoinType,
    /// Made by the partition that needs it first.
    built: SharedBuild,
    metrics: ExecutionPlanMetricsSet,
}

impl RangeJoinExec {
    /// None where `join` is no range join.
    pub fn of(join: &Plan, host: &HostRangeIndex) -> Result<Option<Self>> {
        if let Some(hash) = join.downcast_ref::<HashJoinExec>() {
            let Some(filter) = hash.filter() else {
                return Ok(None);
            };
            let (left, right) = (hash.left().schema(), hash.right().schema());
            let Some(condition) = RangeCondition::of(filter, &left, &right)? else {
                return Ok(None);
            };
            let keys = hash.on().to_vec();
            return Ok(Some(Self::over(
                join.clone(),
                host.clone(),
                keys,
                condition,
                *hash.join_type(),
            )));
        }
        let Some(nested) = join.downcast_ref::<NestedLoopJoinExec>() else {
            return Ok(None);
        };
        let Some(filter) = nested.filter() else {
            return Ok(None);
        };
        let (left, right) = (nested.left().schema(), nested.right().schema());
        let condition = RangeCondition::of(filter, &left, &right)?;
        Ok(condition.map(|condition| {
            let kind = *nested.join_type();
            Self::over(join.clone(), host.clone(), Vec::new(), condition, kind)
        }))
    }

    fn over(
        stock: Plan,
        host: HostRangeIndex,
        keys: Vec<(Expr, Expr)>,
        condition: RangeCondition,
        kind: JoinType,
    ) -> Self {
        RangeJoinExec {
            stock,
            host,
            keys,
            condition,
            kind,
            built: SharedBuild::default(),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    fn sides(&self) -> Result<(&Plan, &Plan)> {
        match self.stock.children().as_slice() {
            [left, right] => Ok((left, right)),
            _ => internal_err!("a join has two inputs"),
        }
    }

    fn conditions(&self) -> LgRangeConditions {
        LgRangeConditions {
            keys: self.keys.len() as u64,
            below_or_equal: i32::from(self.condition.below.or_equal),
            above_or_equal: i32::from(self.condition.above.or_equal),
        }
    }
}

impl DisplayAs for RangeJoinExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut Formatter) -> std::fmt::Result {
        let keys: Vec<String> = self
            .keys
            .iter()
            .map(|(l, r)| format!("({l}, {r})"))
            .collect();
        let RangeCondition {
            below,
            above,
            residual,
        } = &self.condition;
        let equal = |or_equal: bool| if or_equal { "=" } else { "" };
        // A tree has the name already.
        if kind != DisplayFormatType::TreeRender {
            write!(f, "RangeJoinExec: ")?;
        }
        write!(
            f,
            "join_type={:?}, on=[{}], range=[{} <{} {}, {} >{} {}]",
            self.kind,
            keys.join(", "),
            below.build,
            equal(below.or_equal),
            below.probe,
            above.build,
            equal(above.or_equal),
            above.probe,
        )?;
        match residual {
            Some(rest) => write!(f, ", filter={}", rest.expression()),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for RangeJoinExec {
    fn name(&self) -> &str {
        "RangeJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.stock.properties()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.stock.input_distribution_requirements()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.stock.maintains_input_order()
    }

    fn children(&self) -> Vec<&Plan> {
        self.stock.children()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Expr) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.stock.apply_expressions(f)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Plan>) -> Result<Plan> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Plan>,
        options: ReplaceChildrenOptions,
    ) -> Result<Plan> {
        Ok(Arc::new(Self::over(
            self.stock.clone().replace_children(children, options)?,
            self.host.clone(),
            self.keys.clone(),
            self.condition.clone(),
            self.kind,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        self.stock.child_stats_requests(partition)
    }

    fn statistics_from_inputs(
        &self,
        input_stats: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        self.stock.statistics_from_inputs(input_stats, args)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (left, right) = self.sides()?;
        let (left, right) = (left.clone(), right.clone());
        let (_, columns) = build_join_schema(&left.schema(), &right.schema(), &self.kind);
        let output = Output {
            schema: self.schema(),
            columns,
        };
        let building = Building {
            left,
            host: self.host.clone(),
            conditions: self.conditions(),
            keys: self.keys.iter().map(|(build, _)| build.clone()).collect(),
            condition: self.condition.clone(),
            probes: right.output_partitioning().partition_count(),
            context: context.clone(),
            metrics: JoinMetrics::new(partition, &self.metrics),
        };
        let probing = Probing::new(
            self.built.clone(),
            building,
            right.execute(partition, context)?,
            self.keys.iter().map(|(_, probe)| probe.clone()).collect(),
            self.kind,
            output,
        );
        let rows = futures::stream::try_unfold(probing, |mut probing| async move {
            let batch = probing.next().await?;
            Ok(batch.map(|batch| (batch, probing)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
