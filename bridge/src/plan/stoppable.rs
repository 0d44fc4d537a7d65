//! Joins that notice a cancelled statement. The library's own check points are at leaves and
//! exchanges; a join with a high fan-out can work for minutes between two of them.

use std::fmt::Formatter;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;

use crate::cancel::StopFlag;
use crate::error::BridgeError;

/// Puts a check above every join. A join yields each batch it has made, so a set flag stops
/// it at its next batch.
pub fn wrap(plan: Arc<dyn ExecutionPlan>, flag: &StopFlag) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let is_join = node.is::<HashJoinExec>()
            || node.is::<CrossJoinExec>()
            || node.is::<NestedLoopJoinExec>();
        if !is_join {
            return Ok(Transformed::no(node));
        }
        let check = StopCheckExec {
            input: node,
            flag: flag.clone(),
        };
        Ok(Transformed::yes(Arc::new(check) as Arc<dyn ExecutionPlan>))
    })
    .data()
}

/// Passes batches through until the flag is set.
#[derive(Debug)]
struct StopCheckExec {
    input: Arc<dyn ExecutionPlan>,
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
