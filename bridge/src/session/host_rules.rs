//! The physical rules of a session that put operators of the host into plans.

use std::sync::Arc;

use datafusion::physical_optimizer::PhysicalOptimizerRule;

use crate::error::{BridgeError, Kind, Result};
use crate::host_operator::HostOperator;
use crate::range_join::{HostRangeIndex, RangeJoins};
use crate::top_rows::TopRows;

type Rule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// Behind the rule that decides which side of a join is collected, before the one that distributes
/// and orders inputs.
const BEHIND: &str = "join_selection";

#[derive(Default)]
pub struct HostRules {
    range_joins: RangeJoins,
    top_rows: TopRows,
}

impl HostRules {
    /// The rules with these among them.
    pub fn among(&self, rules: &[Rule]) -> Vec<Rule> {
        let mut rules = rules.to_vec();
        let behind = rules.iter().position(|rule| rule.name() == BEHIND);
        let at = behind.map_or(0, |at| at + 1);
        let own: [Rule; 2] = [
            Arc::new(self.range_joins.clone()),
            Arc::new(self.top_rows.clone()),
        ];
        rules.splice(at..at, own);
        rules
    }

    pub fn use_range_index(&self, index: HostRangeIndex) -> Result<()> {
        once(self.range_joins.use_index(index), "a range index")
    }

    pub fn use_operator(&self, operator: HostOperator) -> Result<()> {
        once(self.top_rows.use_operator(operator), "an operator on rows")
    }
}

fn once(is_first: bool, what: &str) -> Result<()> {
    if is_first {
        return Ok(());
    }
    Err(BridgeError::new(
        Kind::AlreadyExists,
        format!("the session has {what} already"),
    ))
}
