//! Joins that notice a cancelled statement. The library's own check points are at leaves and
//! exchanges; a join with a high fan-out can work for minutes between two of them.

use std::fmt::Formatter;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Schema};
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;

use crate::cancel::StopFlag;
use crate::error::BridgeError;
use crate::range_join::RangeJoinExec;

type Plan = Arc<dyn ExecutionPlan>;

/// Every join asks the flag before it filters candidates and after each batch it has made.
pub fn wrap(plan: Plan, flag: &StopFlag) -> Result<Plan> {
    plan.transform_up(|node| {
        let join: Plan = if let Some(join) = node.downcast_ref::<HashJoinExec>() {
            match join.filter() {
                Some(filter) => {
                    let filter = Some(checked(filter, flag));
                    join.builder().with_filter(filter).build_exec()?
                }
                None => node,
            }
        } else if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
            match join.filter() {
                Some(filter) => {
                    let filter = Some(checked(filter, flag));
                    let builder = NestedLoopJoinExecBuilder::from(join);
                    Arc::new(builder.with_filter(filter).build()?)
                }
                None => node,
            }
        } else if node.is::<CrossJoinExec>() || node.is::<RangeJoinExec>() {
            node
        } else {
            return Ok(Transformed::no(node));
        };
        let check: Plan = Arc::new(StopCheckExec {
            input: join,
            flag: flag.clone(),
        });
        Ok(Transformed::yes(check))
    })
    .data()
}

fn checked(filter: &JoinFilter, flag: &StopFlag) -> JoinFilter {
    let expression = Arc::new(StopCheckExpr {
        inner: filter.expression().clone(),
        flag: flag.clone(),
    });
    JoinFilter::new(
        expression,
        filter.column_indices().to_vec(),
        filter.schema().clone(),
    )
}

/// The condition of a join, which is an error once the flag is set.
#[derive(Debug)]
struct StopCheckExpr {
    inner: Arc<dyn PhysicalExpr>,
    flag: StopFlag,
}

impl std::fmt::Display for StopCheckExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

impl PartialEq for StopCheckExpr {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for StopCheckExpr {}

impl Hash for StopCheckExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl PhysicalExpr for StopCheckExpr {
    fn return_field(&self, input_schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(input_schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.flag.is_set() {
            return Err(BridgeError::cancelled().into_datafusion());
        }
        self.inner.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        match children.pop() {
            Some(inner) => Ok(Arc::new(StopCheckExpr {
                inner,
                flag: self.flag.clone(),
            })),
            None => Ok(self),
        }
    }

    fn fmt_sql(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt_sql(f)
    }
}

/// Passes batches through until the flag is set.
#[derive(Debug)]
struct StopCheckExec {
    input: Plan,
    flag: StopFlag,
}

impl DisplayAs for StopCheckExec {
    fn fmt_as(&self, _type: DisplayFormatType, f: &mut Formatter) -> std::fmt::Result {
        write!(f, "StopCheckExec")
    }
}

impl ExecutionPlan for StopCheckExec {
    fn name(&self) -> &str {
        "StopCheckExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
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
            Some(input) => Ok(Arc::new(StopCheckExec {
                input,
                flag: self.flag.clone(),
            })),
            None => Ok(self),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let schema = input.schema();
        let flag = self.flag.clone();
        let checked = input.then(move |batch| {
            let stopped = flag.is_set();
            async move {
                if stopped {
                    return Err(BridgeError::cancelled().into_datafusion());
                }
                // The join would otherwise make its next batch in the same poll.
                tokio::task::yield_now().await;
                batch
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, checked)))
    }
}
