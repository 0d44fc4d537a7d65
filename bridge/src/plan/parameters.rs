//! Values bound to placeholders: typed values, never text pasted into SQL.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::datatypes::DataType;
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan};
use serde::Deserialize;

use crate::error::{BridgeError, Result};

#[derive(Deserialize, Default)]
pub struct Parameters(BTreeMap<String, Parameter>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    #[serde(rename = "type")]
    kind: Type,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Type {
    Null,
    Boolean,
    Int64,
    Uint64,
    Float64,
    Utf8,
    Date32,
    #[serde(rename = "timestamp_us")]
    TimestampUs,
}

impl Parameters {
    /// Every placeholder needs a value and every value a placeholder.
    pub fn bind(self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let wanted = placeholders(&plan)?;
        if wanted.is_empty() && self.0.is_empty() {
            return Ok(plan);
        }
        if let Some(id) = wanted.iter().find(|id| id.as_str() == "?") {
            return Err(BridgeError::unsupported(format!(
                "a placeholder needs a number or a name, such as $1 or $name: {id}"
            )));
        }
        let mut values = HashMap::new();
        for (name, parameter) in self.0 {
            let name = name.trim_start_matches('$').to_owned();
            if !wanted.contains(&format!("${name}")) {
                return Err(BridgeError::invalid_argument(format!(
                    "the statement has no placeholder for the parameter: {name}"
                ))
                .with_subject(name));
            }
            let value = parameter.scalar(&name)?;
            values.insert(name, ScalarAndMetadata::from(value));
        }
        for id in &wanted {
            if !values.contains_key(id.trim_start_matches('$')) {
                return Err(BridgeError::invalid_argument(format!(
                    "the placeholder has no value: {id}"
                ))
                .with_subject(id));
            }
        }
        Ok(plan.with_param_values(ParamValues::Map(values))?)
    }
}

fn placeholders(plan: &LogicalPlan) -> Result<HashSet<String>> {
    let mut found = HashSet::new();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Placeholder(placeholder) = expr {
                    found.insert(placeholder.id.clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}

impl Parameter {
    fn scalar(&self, name: &str) -> Result<ScalarValue> {
        let data_type = match self.kind {
            Type::Null => return Ok(ScalarValue::Null),
            Type::Boolean => DataType::Boolean,
            Type::Int64 => DataType::Int64,
            Type::Uint64 => DataType::UInt64,
            Type::Float64 => DataType::Float64,
            Type::Utf8 => DataType::Utf8,
            Type::Date32 => DataType::Date32,
            Type::TimestampUs => DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None),
        };
        let Some(text) = &self.value else {
            return Err(BridgeError::invalid_argument(format!(
                "the parameter has no value: {name}; a missing value has the type null"
            )));
        };
        // A number of microseconds and a date as text are both in use for timestamps.
        let parsed = match (self.kind, text.parse::<i64>()) {
            (Type::TimestampUs, Ok(micros)) => {
                Ok(ScalarValue::TimestampMicrosecond(Some(micros), None))
            }
            _ => ScalarValue::try_from_string(text.clone(), &data_type),
        };
        parsed.map_err(|_| {
            BridgeError::invalid_argument(format!(
                "the parameter's value is not of its type: {name}, {data_type}: {text}"
            ))
            .with_subject(name)
        })
    }
}
