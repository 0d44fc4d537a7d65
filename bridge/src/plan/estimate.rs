//! What a plan would read, as far as the statistics of its tables tell.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

use super::Physical;
use crate::error::Result;

/// The rows of all scans together; one that does not know counts nothing.
pub fn scan_rows(plan: &Physical) -> Result<u64> {
    let statistics = StatisticsContext::new();
    let mut rows = 0_u64;
    plan.apply(|node| {
        if node.children().is_empty() {
            let known = statistics.compute(node.as_ref(), &StatisticsArgs::new())?;
            let found = known.num_rows.get_value().copied().unwrap_or(0);
            rows = rows.saturating_add(found as u64);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(rows)
}
