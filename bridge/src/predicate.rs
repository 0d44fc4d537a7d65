//! `lg_predicate`: SQL conditions over batches, compiled once.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use datafusion::common::DFSchema;
use datafusion::logical_expr::ExprSchemable;
use datafusion::physical_expr::PhysicalExpr;

use crate::abi::LgStr;
use crate::cancel::Cancel;
use crate::error::{BridgeError, Kind, Result};
use crate::session::Session;
use crate::{arrow_in, arrow_out, fence, large_stack};

pub struct Predicate {
    _session: Session,
    input: SchemaRef,
    output: SchemaRef,
    conditions: Vec<Arc<dyn PhysicalExpr>>,
}

impl Predicate {
    fn compile(
        session: &Session,
        input: SchemaRef,
        expressions: Vec<(String, String)>,
    ) -> Result<Predicate> {
        let fields: Vec<Field> = expressions
            .iter()
            .map(|(name, _)| Field::new(name, DataType::Boolean, true))
            .collect();
        let compiling = session.clone();
        let schema = input.clone();
        let stack = session.engine.plan_stack_bytes();
        let conditions = large_stack::run(stack, &Cancel::never(), move || {
            let schema = DFSchema::try_from(schema)?;
            let compiled = expressions.iter().map(|(name, sql)| {
                condition(&compiling, &schema, sql).map_err(|error| error.context(name))
            });
            compiled.collect::<Result<Vec<_>>>()
        })?;
        Ok(Predicate {
            _session: session.clone(),
            input,
            output: Arc::new(Schema::new(fields)),
            conditions,
        })
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            let value = condition.evaluate(batch)?;
            let column = value.into_array(batch.num_rows())?;
            // A condition that is always null has the type null.
            columns.push(arrow::compute::cast(&column, &DataType::Boolean)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            self.output.clone(),
            columns,
            &options,
        )?)
    }
}

fn condition(session: &Session, schema: &DFSchema, sql: &str) -> Result<Arc<dyn PhysicalExpr>> {
    let expr = session.state.create_logical_expr(sql, schema)?;
    let data_type = expr.get_type(schema)?;
    if !matches!(data_type, DataType::Boolean | DataType::Null) {
        return Err(BridgeError::new(
            Kind::SchemaMismatch,
            format!("a condition must be boolean, this is {data_type}: {sql}"),
        ));
    }
    Ok(session.state.create_physical_expr(expr, schema)?)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_predicate_open(
    session: *const Session,
    schema: *const FFI_ArrowSchema,
    expressions: LgStr,
    out: *mut *mut Predicate,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let session = unsafe { fence::borrow(session, "session") }?;
        let schema = unsafe { fence::borrow(schema, "schema") }?;
        let schema = arrow_in::borrowed_schema(schema, "schema")?;
        let expressions: Vec<(String, String)> =
            unsafe { fence::options(expressions, "expressions") }?;
        unsafe { fence::give(out, Predicate::compile(session, schema, expressions)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_predicate_evaluate(
    predicate: *const Predicate,
    batch: *mut FFI_ArrowArray,
    out: *mut FFI_ArrowArray,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let batch = unsafe { arrow_in::take_array(batch) };
        fence::check_out(out, "out")?;
        let predicate = unsafe { fence::borrow(predicate, "predicate") }?;
        let batch = arrow_in::given_batch(batch, &predicate.input)?;
        unsafe { arrow_out::put_batch(predicate.evaluate(&batch)?, out) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_predicate_free(predicate: *mut Predicate) {
    unsafe { fence::free(predicate) };
}
