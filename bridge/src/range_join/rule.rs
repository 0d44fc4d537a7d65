//! The physical rule that finds range joins.

use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{NullEquality, Result};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, PartitionMode};

use super::exec::RangeJoinExec;
use super::index::HostRangeIndex;

type Plan = Arc<dyn ExecutionPlan>;

/// Does nothing until the session has an index of the host.
#[derive(Clone, Debug, Default)]
pub struct RangeJoins {
    host: Arc<OnceLock<HostRangeIndex>>,
}

impl RangeJoins {
    /// False where there is one already.
    pub fn use_index(&self, host: HostRangeIndex) -> bool {
        self.host.set(host).is_ok()
    }
}

impl PhysicalOptimizerRule for RangeJoins {
    fn optimize(&self, plan: Plan, _config: &ConfigOptions) -> Result<Plan> {
        let Some(host) = self.host.get() else {
            return Ok(plan);
        };
        plan.transform_up(|node| {
            let Some(join) = collecting(&node)? else {
                return Ok(Transformed::no(node));
            };
            Ok(match RangeJoinExec::of(&join, host)? {
                Some(range) => Transformed::yes(Arc::new(range)),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &str {
        "range_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The node as a join that collects its left side, where it is one whose keys an index can hold.
fn collecting(node: &Plan) -> Result<Option<Plan>> {
    if let Some(nested) = node.downcast_ref::<NestedLoopJoinExec>() {
        let usable = nested.projection().is_none() && nested.filter().is_some();
        return Ok(usable.then(|| node.clone()));
    }
    let Some(hash) = node.downcast_ref::<HashJoinExec>() else {
        return Ok(None);
    };
    let usable = hash.filter().is_some()
        && !hash.contains_projection()
        && !hash.null_aware
        && hash.null_equality() == NullEquality::NullEqualsNothing
        && keys_are_usable(hash, &hash.left().schema(), &hash.right().schema())?;
    if !usable {
        return Ok(None);
    }
    let join = hash
        .builder()
        .with_partition_mode(PartitionMode::CollectLeft)
        .recompute_properties()
        .build_exec()?;
    Ok(Some(join))
}

fn keys_are_usable(hash: &HashJoinExec, left: &Schema, right: &Schema) -> Result<bool> {
    for (build, probe) in hash.on() {
        let kind = build.data_type(left)?;
        if !is_key(&kind) || kind != probe.data_type(right)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Types whose equality is that of the host: floats have two zeros here and one there.
pub fn is_key(kind: &DataType) -> bool {
    match kind {
        DataType::Boolean
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_)
        | DataType::Decimal32(_, _)
        | DataType::Decimal64(_, _)
        | DataType::Decimal128(_, _)
        | DataType::Decimal256(_, _) => true,
        DataType::Dictionary(_, values) => {
            !matches!(values.as_ref(), DataType::Dictionary(_, _)) && is_key(values)
        }
        _ => kind.is_integer() || kind.is_temporal() && !matches!(kind, DataType::Interval(_)),
    }
}
