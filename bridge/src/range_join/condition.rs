//! Which join conditions are ranges, and what is left of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Schema, SchemaRef, UInt64Type};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{JoinSide, Result};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, CastExpr, Column, Literal};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, conjunction, split_conjunction};
use datafusion::physical_plan::joins::utils::{ColumnIndex, JoinFilter};

type Expr = Arc<dyn PhysicalExpr>;

/// `build < probe` or `build > probe`, or equal where it says so; each side over its own schema.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub build: Expr,
    pub probe: Expr,
    pub or_equal: bool,
}

/// The build side is the left one.
#[derive(Clone, Debug)]
pub struct RangeCondition {
    pub below: Comparison,
    pub above: Comparison,
    /// What the comparisons do not say.
    pub residual: Option<JoinFilter>,
}

impl RangeCondition {
    /// None where the filter has no two comparisons that an index can answer.
    pub fn of(filter: &JoinFilter, left: &Schema, right: &Schema) -> Result<Option<Self>> {
        let mut below = None;
        let mut above = None;
        let mut rest = Vec::new();
        for part in split_conjunction(filter.expression()) {
            match comparison(part, filter, left, right)? {
                Some((true, found)) if below.is_none() => below = Some(found),
                Some((false, found)) if above.is_none() => above = Some(found),
                _ => rest.push(part.clone()),
            }
        }
        let (Some(below), Some(above)) = (below, above) else {
            return Ok(None);
        };
        let residual = match rest.is_empty() {
            true => None,
            false => Some(narrowed(filter, conjunction(rest))?),
        };
        Ok(Some(RangeCondition {
            below,
            above,
            residual,
        }))
    }
}

/// A comparison between the sides, and whether the left one is the lesser.
fn comparison(
    part: &Expr,
    filter: &JoinFilter,
    left: &Schema,
    right: &Schema,
) -> Result<Option<(bool, Comparison)>> {
    let Some(binary) = part.downcast_ref::<BinaryExpr>() else {
        return Ok(None);
    };
    let (lesser, or_equal) = match binary.op() {
        Operator::Lt => (true, false),
        Operator::LtEq => (true, true),
        Operator::Gt => (false, false),
        Operator::GtEq => (false, true),
        _ => return Ok(None),
    };
    let first = (binary.left(), side_of(binary.left(), filter));
    let second = (binary.right(), side_of(binary.right(), filter));
    let (build, probe, lesser) = match (first, second) {
        ((l, Some(JoinSide::Left)), (r, Some(JoinSide::Right))) => (l, r, lesser),
        ((r, Some(JoinSide::Right)), (l, Some(JoinSide::Left))) => (l, r, !lesser),
        _ => return Ok(None),
    };
    let build = of_side(build, filter)?;
    let probe = of_side(probe, filter)?;
    let kind = build.data_type(left)?;
    let orders = is_bound(&kind) && kind == probe.data_type(right)?;
    if !orders || !is_plain(&build, left)? || !is_plain(&probe, right)? {
        return Ok(None);
    }
    let found = Comparison {
        build,
        probe,
        or_equal,
    };
    Ok(Some((lesser, found)))
}

/// The side that all columns of the expression are of.
fn side_of(expr: &Expr, filter: &JoinFilter) -> Option<JoinSide> {
    let mut sides = collect_columns(expr).into_iter().map(|column| {
        filter
            .column_indices()
            .get(column.index())
            .map(|at| at.side)
    });
    let first = sides.next()??;
    sides.all(|side| side == Some(first)).then_some(first)
}

/// The expression over the schema of its side.
fn of_side(expr: &Expr, filter: &JoinFilter) -> Result<Expr> {
    let own = |expr: Expr| {
        let Some(column) = expr.downcast_ref::<Column>() else {
            return Ok(Transformed::no(expr));
        };
        Ok(match filter.column_indices().get(column.index()) {
            Some(at) => {
                let own: Expr = Arc::new(Column::new(column.name(), at.index));
                Transformed::yes(own)
            }
            None => Transformed::no(expr),
        })
    };
    expr.clone().transform_down(own).data()
}

/// The filter over the columns that are left in it.
fn narrowed(filter: &JoinFilter, expression: Expr) -> Result<JoinFilter> {
    let mut used: Vec<usize> = collect_columns(&expression)
        .into_iter()
        .map(|column| column.index())
        .collect();
    used.sort_unstable();
    let schema: SchemaRef = Arc::new(filter.schema().project(&used)?);
    let indices: Vec<ColumnIndex> = used
        .iter()
        .filter_map(|at| filter.column_indices().get(*at).cloned())
        .collect();
    let moved = |expr: Expr| {
        let Some(column) = expr.downcast_ref::<Column>() else {
            return Ok(Transformed::no(expr));
        };
        let at = used.partition_point(|index| *index < column.index());
        let moved: Expr = Arc::new(Column::new(column.name(), at));
        Ok(Transformed::yes(moved))
    };
    let expression = expression.transform_down(moved).data()?;
    Ok(JoinFilter::new(expression, indices, schema))
}

/// Types whose values are as 64-bit integers in the order of their comparison.
fn is_bound(kind: &DataType) -> bool {
    kind.is_integer()
        || matches!(kind, DataType::Float32 | DataType::Float64)
        || matches!(
            kind,
            DataType::Date32
                | DataType::Date64
                | DataType::Time32(_)
                | DataType::Time64(_)
                | DataType::Timestamp(_, _)
                | DataType::Duration(_)
        )
}

/// Whether the expression can be worked out for every row: a plan that looks at pairs might never
/// do so for some, and would not fail.
fn is_plain(expr: &Expr, schema: &Schema) -> Result<bool> {
    if expr.is::<Column>() || expr.is::<Literal>() {
        return Ok(true);
    }
    if let Some(widened) = expr.downcast_ref::<CastExpr>() {
        let from = widened.expr().data_type(schema)?;
        return Ok(widens(&from, widened.cast_type()) && is_plain(widened.expr(), schema)?);
    }
    let Some(binary) = expr.downcast_ref::<BinaryExpr>() else {
        return Ok(false);
    };
    let kind = expr.data_type(schema)?;
    let arithmetic = matches!(binary.op(), Operator::Plus | Operator::Minus);
    let number = kind.is_integer() || kind.is_floating();
    Ok(arithmetic
        && number
        && is_plain(binary.left(), schema)?
        && is_plain(binary.right(), schema)?)
}

/// Casts that no value fails.
fn widens(from: &DataType, to: &DataType) -> bool {
    let width = |kind: &DataType| kind.primitive_width().unwrap_or(0);
    if from == to {
        return true;
    }
    if to.is_floating() {
        return from.is_integer() || matches!(from, DataType::Float32);
    }
    if from.is_unsigned_integer() {
        return to.is_integer() && width(to) > width(from)
            || to.is_unsigned_integer() && width(to) >= width(from);
    }
    from.is_signed_integer() && to.is_signed_integer() && width(to) >= width(from)
}

/// The values of a bound as 64-bit integers in the same order; nulls stay.
pub fn ordered(expr: &Expr, batch: &RecordBatch) -> Result<ArrayRef> {
    let values = expr.evaluate(batch)?.into_array(batch.num_rows())?;
    const SIGN: u64 = 1 << 63;
    let ordered: Int64Array = match values.data_type() {
        DataType::UInt64 => values
            .as_primitive::<UInt64Type>()
            .unary(|value| (value ^ SIGN).cast_signed()),
        // Below zero, the greater bits are the lesser value: the order of `total_cmp`, by which
        // the library compares.
        DataType::Float64 => values.as_primitive::<Float64Type>().unary(|value| {
            let bits = value.to_bits().cast_signed();
            bits ^ (bits >> 63).cast_unsigned().wrapping_shr(1).cast_signed()
        }),
        DataType::Float32 => values.as_primitive::<Float32Type>().unary(|value| {
            let bits = value.to_bits().cast_signed();
            i64::from(bits ^ (bits >> 31).cast_unsigned().wrapping_shr(1).cast_signed())
        }),
        // Numbers of 32 bits go by way of themselves.
        DataType::Date32 | DataType::Time32(_) => {
            let narrow = cast(&values, &DataType::Int32)?;
            return Ok(cast(&narrow, &DataType::Int64)?);
        }
        _ => return Ok(cast(&values, &DataType::Int64)?),
    };
    Ok(Arc::new(ordered))
}
