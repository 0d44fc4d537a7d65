//! The CSV option `null_regex`, which the library applies when it infers a schema and forgets
//! when it reads: columns are read as text, matches become null, the rest is cast.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, Operator, binary_expr, cast, lit, when};

use crate::error::Result;

const SOURCE: &str = "csv";

pub fn as_text(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter();
    let fields: Vec<Field> = fields
        .map(|field| Field::new(field.name(), DataType::Utf8, true))
        .collect();
    Arc::new(Schema::new(fields))
}

/// `wanted` are the file's columns with their types; partition columns pass as they are.
pub fn apply(
    text: Arc<dyn TableProvider>,
    wanted: &SchemaRef,
    pattern: &str,
) -> Result<Arc<dyn TableProvider>> {
    let schema = text.schema();
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = Expr::Column(Column::new(Some(SOURCE), field.name()));
        columns.push(match wanted.field_with_name(field.name()) {
            Ok(typed) => {
                let is_null = binary_expr(
                    column.clone(),
                    Operator::RegexMatch,
                    lit(pattern.to_owned()),
                );
                let value = when(is_null, lit(ScalarValue::Utf8(None))).otherwise(column)?;
                cast(value, typed.data_type().clone()).alias(field.name())
            }
            Err(_) => column,
        });
    }
    let plan = LogicalPlanBuilder::scan(SOURCE, provider_as_source(text), None)?
        .project(columns)?
        .build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}
