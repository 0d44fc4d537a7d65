//! What the planner makes of operators by itself, `a || b` above all, made of functions that have a
//! limit: it takes the library's own, whatever the session knows by their names.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, ScalarUDF};
use datafusion::optimizer::analyzer::AnalyzerRule;

/// Runs after both sides of an operator have been given one type.
#[derive(Debug)]
pub struct PlanBounded {
    pub concat: Arc<ScalarUDF>,
    /// By their names.
    pub functions: HashMap<String, Arc<ScalarUDF>>,
}

impl AnalyzerRule for PlanBounded {
    fn name(&self) -> &str {
        "plan_bounded"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|node| self.rewrite(node))
            .map(|rewritten| rewritten.data)
    }
}

impl PlanBounded {
    fn rewrite(&self, node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        let mut schema = merge_schema(&node.inputs());
        if let LogicalPlan::TableScan(scan) = &node {
            schema.merge(&DFSchema::try_from_qualified_schema(
                scan.table_name.clone(),
                &scan.source.schema(),
            )?);
        }
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let rewritten = expr.transform_up(|expr| Ok(self.replace(expr, &schema)))?;
            Ok(rewritten.update_data(|expr| name.restore(expr)))
        })?
        .map_data(LogicalPlan::recompute_schema)
    }

    fn replace(&self, expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
        match expr {
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::StringConcat,
                right,
            }) if is_text(&left, schema) && is_text(&right, schema) => {
                Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(
                    self.concat.clone(),
                    vec![*left, *right],
                )))
            }
            Expr::ScalarFunction(call) => match self.functions.get(call.name()) {
                Some(bounded) if *bounded != call.func => Transformed::yes(Expr::ScalarFunction(
                    ScalarFunction::new_udf(bounded.clone(), call.args),
                )),
                _ => Transformed::no(Expr::ScalarFunction(call)),
            },
            other => Transformed::no(other),
        }
    }
}

fn is_text(expr: &Expr, schema: &DFSchema) -> bool {
    matches!(
        expr.get_type(schema),
        Ok(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
    )
}
