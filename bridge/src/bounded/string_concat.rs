//! `a || b` of texts, which is an operator: planned as a function that has a limit.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr as PhysicalBinary, Column};

use super::check;
use super::growth::Growth;

/// An operator to those who read plans, not a function that a policy could name.
pub const NAME: &str = "||";

pub fn function(limit: u64) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(StringConcat {
        signature: Signature::any(2, Volatility::Immutable),
        limit,
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct StringConcat {
    signature: Signature,
    limit: u64,
}

impl ScalarUDFImpl for StringConcat {
    fn name(&self) -> &str {
        NAME
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(args
            .iter()
            .map(|arg| arg.schema_name().to_string())
            .collect::<Vec<_>>()
            .join(" || "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types.first().cloned().unwrap_or(DataType::Utf8))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args
            .arg_fields
            .iter()
            .map(|field| field.data_type().clone())
            .collect();
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(
            NAME,
            self.return_type(&types)?,
            nullable,
        )))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        check(NAME, Growth::Sum.bytes(&args, self.limit)?, self.limit)?;
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let fields: Vec<Field> = arrays
            .iter()
            .enumerate()
            .map(|(i, array)| Field::new(i.to_string(), array.data_type().clone(), true))
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        let operator = PhysicalBinary::new(
            Arc::new(Column::new("0", 0)),
            Operator::StringConcat,
            Arc::new(Column::new("1", 1)),
        );
        let made = operator.evaluate(&batch)?.into_array(batch.num_rows())?;
        let all_scalar = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        if all_scalar && made.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &made, 0,
            )?));
        }
        Ok(ColumnarValue::Array(made))
    }
}
