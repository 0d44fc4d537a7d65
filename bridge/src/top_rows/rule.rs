//! The physical rule that finds filters of the first row of each group.

use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
use datafusion::physical_expr::window::{StandardWindowExpr, WindowExpr};
use datafusion::physical_expr::{PhysicalExpr, conjunction, split_conjunction};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec, WindowUDFExpr};

use super::exec::TopRowsExec;
use crate::host_operator::HostOperator;
use crate::range_join::is_key;

type Plan = Arc<dyn ExecutionPlan>;
type Expr = Arc<dyn PhysicalExpr>;

/// Does nothing until the session has an operator of the host.
#[derive(Clone, Debug, Default)]
pub struct TopRows {
    host: Arc<OnceLock<HostOperator>>,
}

impl TopRows {
    /// False where there is one already.
    pub fn use_operator(&self, host: HostOperator) -> bool {
        self.host.set(host).is_ok()
    }
}

impl PhysicalOptimizerRule for TopRows {
    fn optimize(&self, plan: Plan, _config: &ConfigOptions) -> Result<Plan> {
        let Some(host) = self.host.get() else {
            return Ok(plan);
        };
        plan.transform_up(|node| {
            Ok(match first_rows(&node, host)? {
                Some(found) => Transformed::yes(found),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &str {
        "top_rows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// `node` as a plan with the operator, where it filters the first row of each group.
fn first_rows(node: &Plan, host: &HostOperator) -> Result<Option<Plan>> {
    let Some(filter) = node.downcast_ref::<FilterExec>() else {
        return Ok(None);
    };
    if filter.projection().is_some() || filter.fetch().is_some() {
        return Ok(None);
    }
    let projection = filter.input().downcast_ref::<ProjectionExec>();
    let window = projection.map_or(filter.input(), |projection| projection.input());
    let Some(numbering) = Numbering::of(window)? else {
        return Ok(None);
    };
    let number = numbering.input.schema().fields().len();
    let is_number = |column: &Column| match projection {
        None => column.index() == number,
        Some(projection) => projection
            .expr()
            .get(column.index())
            .and_then(|shown| shown.expr.downcast_ref::<Column>())
            .is_some_and(|shown| shown.index() == number),
    };
    let (first, rest): (Vec<&Expr>, Vec<&Expr>) = split_conjunction(filter.predicate())
        .into_iter()
        .partition(|part| says_first(part, &is_number));
    if first.is_empty() {
        return Ok(None);
    }
    let mut plan: Plan = Arc::new(TopRowsExec::new(
        numbering.input,
        host.clone(),
        numbering.keys,
        numbering.order,
        window.schema(),
    ));
    if let Some(projection) = projection {
        plan = Arc::new(ProjectionExec::try_new(projection.expr().to_vec(), plan)?);
    }
    if !rest.is_empty() {
        let rest = conjunction(rest.into_iter().cloned());
        plan = Arc::new(FilterExec::try_new(rest, plan)?);
    }
    Ok(Some(plan))
}

/// `ROW_NUMBER() OVER (PARTITION BY keys ORDER BY order)` behind the columns of `input`.
struct Numbering {
    input: Plan,
    keys: Vec<Column>,
    order: Vec<datafusion::physical_expr::PhysicalSortExpr>,
}

impl Numbering {
    fn of(node: &Plan) -> Result<Option<Self>> {
        let (expressions, input) = if let Some(window) = node.downcast_ref::<BoundedWindowAggExec>()
        {
            (window.window_expr(), window.input())
        } else if let Some(window) = node.downcast_ref::<WindowAggExec>() {
            (window.window_expr(), window.input())
        } else {
            return Ok(None);
        };
        let [expression] = expressions else {
            return Ok(None);
        };
        let schema = input.schema();
        if !is_row_number(expression) || !schema.fields().iter().all(|f| is_payload(f.data_type()))
        {
            return Ok(None);
        }
        let keys: Option<Vec<Column>> = expression
            .partition_by()
            .iter()
            .map(|key| usable(key, &schema, is_key))
            .collect();
        let ordered = expression
            .order_by()
            .iter()
            .all(|key| usable(&key.expr, &schema, is_order).is_some());
        Ok(keys
            .filter(|keys| !keys.is_empty() && ordered)
            .map(|keys| Numbering {
                input: input.clone(),
                keys,
                order: expression.order_by().to_vec(),
            }))
    }
}

fn is_row_number(expression: &Arc<dyn WindowExpr>) -> bool {
    expression
        .as_any()
        .downcast_ref::<StandardWindowExpr>()
        .and_then(|standard| {
            let function = standard.get_standard_func_expr().as_any();
            function.downcast_ref::<WindowUDFExpr>()
        })
        .is_some_and(|function| function.fun().name() == "row_number")
}

fn usable(expr: &Expr, schema: &Schema, is_usable: fn(&DataType) -> bool) -> Option<Column> {
    let column = expr.downcast_ref::<Column>()?;
    is_usable(schema.field(column.index()).data_type()).then(|| column.clone())
}

fn is_order(kind: &DataType) -> bool {
    is_key(kind) || matches!(kind, DataType::Float32 | DataType::Float64)
}

/// What the host can hand back.
fn is_payload(kind: &DataType) -> bool {
    match kind {
        DataType::Union(_, _) | DataType::RunEndEncoded(_, _) => false,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => is_payload(field.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_payload(field.data_type())),
        DataType::Dictionary(_, values) => is_payload(values),
        _ => true,
    }
}

/// `n = 1`, `n <= 1`, `n < 2`, whichever way round.
fn says_first(part: &Expr, is_number: &impl Fn(&Column) -> bool) -> bool {
    let Some(binary) = part.downcast_ref::<BinaryExpr>() else {
        return false;
    };
    let (left, right) = (binary.left(), binary.right());
    let (column, operator, literal) = match (
        left.downcast_ref::<Column>(),
        right.downcast_ref::<Literal>(),
    ) {
        (Some(column), Some(literal)) => (column, *binary.op(), literal),
        _ => match (
            left.downcast_ref::<Literal>(),
            right.downcast_ref::<Column>(),
        ) {
            (Some(literal), Some(column)) => match binary.op().swap() {
                Some(swapped) => (column, swapped, literal),
                None => return false,
            },
            _ => return false,
        },
    };
    let most = match literal.value() {
        ScalarValue::UInt64(Some(value)) => *value,
        _ => return false,
    };
    is_number(column)
        && match operator {
            Operator::Eq | Operator::LtEq => most == 1,
            Operator::Lt => most == 2,
            _ => false,
        }
}
