//! What an expanded plan is made of: kinds of nodes, tables with their providers, functions.

use std::collections::BTreeSet;
use std::fmt::Write;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::expr::WindowFunctionDefinition;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan, Volatility};
use serde::Serialize;

use crate::bounded::STRING_CONCAT;
use crate::error::Result;

#[derive(Serialize, Default)]
pub struct PlanFacts {
    nodes: Vec<Node>,
    functions: BTreeSet<Function>,
    node_count: usize,
}

#[derive(Serialize)]
struct Node {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Function {
    name: String,
    kind: &'static str,
    volatility: &'static str,
}

pub fn read(plan: &LogicalPlan) -> Result<PlanFacts> {
    let mut facts = PlanFacts::default();
    plan.apply_with_subqueries(|node| {
        facts.node_count += 1;
        facts.nodes.push(describe(node));
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Some(function) = function(expr) {
                    facts.functions.insert(function);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(facts)
}

fn describe(node: &LogicalPlan) -> Node {
    let mut described = Node {
        kind: kind(node),
        table: None,
        provider: None,
    };
    match node {
        LogicalPlan::TableScan(scan) => {
            described.table = Some(scan.table_name.to_string());
            described.provider = Some(provider(scan));
        }
        LogicalPlan::Dml(dml) => described.table = Some(dml.table_name.to_string()),
        LogicalPlan::Copy(copy) => described.table = Some(copy.output_url.clone()),
        LogicalPlan::DescribeTable(_) | LogicalPlan::Extension(_) | LogicalPlan::Ddl(_) => {}
        _ => {}
    }
    described
}

fn kind(node: &LogicalPlan) -> String {
    let name = match node {
        LogicalPlan::Projection(_) => "projection",
        LogicalPlan::Filter(_) => "filter",
        LogicalPlan::Window(_) => "window",
        LogicalPlan::Aggregate(_) => "aggregate",
        LogicalPlan::Sort(_) => "sort",
        LogicalPlan::Join(_) => "join",
        LogicalPlan::Repartition(_) => "repartition",
        LogicalPlan::Union(_) => "union",
        LogicalPlan::TableScan(_) => "table_scan",
        LogicalPlan::EmptyRelation(_) => "empty_relation",
        LogicalPlan::Subquery(_) => "subquery",
        LogicalPlan::SubqueryAlias(_) => "subquery_alias",
        LogicalPlan::Limit(_) => "limit",
        LogicalPlan::Statement(statement) => return format!("statement:{}", statement.name()),
        LogicalPlan::Values(_) => "values",
        LogicalPlan::Explain(_) => "explain",
        LogicalPlan::Analyze(_) => "analyze",
        LogicalPlan::Extension(extension) => {
            return format!("extension:{}", extension.node.name());
        }
        LogicalPlan::Distinct(_) => "distinct",
        LogicalPlan::Dml(dml) => return format!("dml:{}", dml.op.name()),
        LogicalPlan::Ddl(ddl) => return format!("ddl:{}", ddl.name()),
        LogicalPlan::Copy(_) => "copy",
        LogicalPlan::DescribeTable(_) => "describe_table",
        LogicalPlan::Unnest(_) => "unnest",
        LogicalPlan::RecursiveQuery(_) => "recursive_query",
    };
    name.to_owned()
}

/// The type's own name; its path would change with every move inside a library.
fn provider(scan: &TableScan) -> String {
    match source_as_provider(&scan.source) {
        Ok(provider) => short_name(provider.as_ref()),
        Err(_) => "unknown".to_owned(),
    }
}

fn short_name(provider: &dyn datafusion::catalog::TableProvider) -> String {
    // The debug text of a provider starts with its type, and may go on for megabytes.
    let mut word = FirstWord(String::new());
    let _stopped = write!(word, "{provider:?}");
    word.0
}

/// Takes text up to the first character that is not part of a word, then stops the writer.
struct FirstWord(String);

impl std::fmt::Write for FirstWord {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        self.0.extend(text.chars().take_while(|c| is_word(*c)));
        if text.chars().all(is_word) {
            Ok(())
        } else {
            Err(std::fmt::Error)
        }
    }
}

fn function(expr: &Expr) -> Option<Function> {
    let (name, kind, volatility) = match expr {
        // An operator that this build plans as a function.
        Expr::ScalarFunction(call) if call.func.name() == STRING_CONCAT => return None,
        Expr::ScalarFunction(call) => {
            let volatility = call.func.signature().volatility;
            (call.func.name(), "scalar", volatility)
        }
        Expr::AggregateFunction(call) => {
            let volatility = call.func.signature().volatility;
            (call.func.name(), "aggregate", volatility)
        }
        Expr::WindowFunction(call) => match &call.fun {
            WindowFunctionDefinition::AggregateUDF(udf) => {
                (udf.name(), "aggregate", udf.signature().volatility)
            }
            WindowFunctionDefinition::WindowUDF(udf) => {
                (udf.name(), "window", udf.signature().volatility)
            }
        },
        Expr::HigherOrderFunction(call) => {
            let volatility = call.func.signature().volatility;
            (call.func.name(), "higher_order", volatility)
        }
        _ => return None,
    };
    let volatility = match volatility {
        Volatility::Immutable => "immutable",
        Volatility::Stable => "stable",
        Volatility::Volatile => "volatile",
    };
    Some(Function {
        name: name.to_owned(),
        kind,
        volatility,
    })
}
