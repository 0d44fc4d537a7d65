//! Constants that a plan writes down for every row of a batch.
//!
//! A literal is held once until an operator needs it as a column: `SELECT repeat('x', 1000000) FROM
//! t` is folded to one value, and then copied for each row. No memory pool sees it.

use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, InListExpr, LikeExpr, Literal};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

use crate::error::{BridgeError, Kind};

/// An error where the constants of an operator take more than `limit` bytes in one batch; 0 is no
/// limit.
pub fn check(plan: &Arc<dyn ExecutionPlan>, batch_rows: usize, limit: u64) -> Result<()> {
    if limit == 0 {
        return Ok(());
    }
    plan.apply(|node| {
        let mut bytes = 0_u64;
        node.apply_expressions(&mut |expr| {
            bytes = bytes.saturating_add(spread_bytes(expr));
            Ok(TreeNodeRecursion::Continue)
        })?;
        if bytes.saturating_mul(batch_rows as u64) <= limit {
            return Ok(TreeNodeRecursion::Continue);
        }
        let rows = rows_of_batch(node, batch_rows) as u64;
        let all = bytes.saturating_mul(rows);
        if all > limit {
            return Err(too_large(bytes, rows, all, limit));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

fn too_large(bytes: u64, rows: u64, all: u64, limit: u64) -> datafusion::error::DataFusionError {
    BridgeError::new(
        Kind::ResourceLimit,
        format!(
            "constants of {bytes} bytes would be written down for each of up to {rows} rows of a \
             batch, {all} bytes in all, and may take {limit}"
        ),
    )
    .with_subject("function_limit_bytes")
    .into_datafusion()
}

/// The most rows that come at once: fewer than a batch where the inputs are known to be short.
fn rows_of_batch(node: &Arc<dyn ExecutionPlan>, batch_rows: usize) -> usize {
    let statistics = StatisticsContext::new();
    let inputs = node.children();
    let known = |input: &&Arc<dyn ExecutionPlan>| {
        let known = statistics.compute(input.as_ref(), &StatisticsArgs::new());
        let rows = known.ok().and_then(|known| match known.num_rows {
            Precision::Exact(rows) => Some(rows),
            _ => None,
        });
        rows.unwrap_or(batch_rows)
    };
    let most = inputs.iter().map(known).max();
    most.unwrap_or(batch_rows).min(batch_rows)
}

/// What the constants of an expression take once; those that are compared are never copied.
fn spread_bytes(expr: &Arc<dyn PhysicalExpr>) -> u64 {
    if let Some(literal) = expr.downcast_ref::<Literal>() {
        return own_bytes(literal.value());
    }
    let compares = match expr.downcast_ref::<BinaryExpr>() {
        // Comparisons, patterns among them.
        Some(binary) => binary.op().supports_propagation(),
        None => expr.is::<InListExpr>() || expr.is::<LikeExpr>(),
    };
    let children = expr.children().into_iter();
    children
        .filter(|child| !(compares && child.is::<Literal>()))
        .map(spread_bytes)
        .fold(0, u64::saturating_add)
}

/// Beyond what any value takes.
fn own_bytes(value: &ScalarValue) -> u64 {
    value.size().saturating_sub(size_of::<ScalarValue>()) as u64
}
