//! Functions that can make much of little, with a limit that is looked at before they begin.
//!
//! Neither the planner, which runs functions over constants, nor a scalar function accounts for
//! what it allocates. So the size of an answer is worked out from the arguments first.

mod constants;
mod growth;
mod planned;
mod string_concat;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::config::ConfigOptions;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature,
};

use crate::error::{BridgeError, Kind};
use growth::Growth;
use planned::PlanBounded;

pub use constants::check as check_constants;
pub use string_concat::NAME as STRING_CONCAT;

/// Replaces the functions of `state` that grow by ones that make at most `limit` bytes a call.
pub fn bound(state: &mut SessionState, limit: u64) -> Result<()> {
    let mut functions = HashMap::new();
    for name in state.udfs() {
        if let Some(growth) = Growth::of(&name) {
            let inner = state.udf(&name)?;
            // An alias leads to the same function; it is replaced once, under its name.
            if inner.name() == name {
                let aliases: Vec<String> = inner.aliases().to_vec();
                let bounded = Arc::new(ScalarUDF::from(Bounded {
                    inner,
                    aliases,
                    growth,
                    limit,
                }));
                functions.insert(name, bounded.clone());
                state.register_udf(bounded)?;
            }
        }
    }
    let concat = string_concat::function(limit);
    state.add_analyzer_rule(Arc::new(PlanBounded { concat, functions }));
    Ok(())
}

pub fn check(function: &str, bytes: u64, limit: u64) -> Result<()> {
    if bytes <= limit {
        return Ok(());
    }
    Err(BridgeError::new(
        Kind::ResourceLimit,
        format!(
            "the function {function} would make {bytes} bytes of one batch, and may make {limit}"
        ),
    )
    .with_subject("function_limit_bytes")
    .into_datafusion())
}

#[derive(Debug)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    aliases: Vec<String>,
    growth: Growth,
    limit: u64,
}

impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner && self.limit == other.limit
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
        self.limit.hash(state);
    }
}

impl ScalarUDFImpl for Bounded {
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let bytes = self.growth.bytes(&args, self.limit)?;
        check(self.inner.name(), bytes, self.limit)?;
        self.inner.invoke_with_args(args)
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let inner = self.inner.inner().with_updated_config(config)?;
        Some(ScalarUDF::from(Bounded {
            inner: Arc::new(inner),
            aliases: self.aliases.clone(),
            growth: self.growth,
            limit: self.limit,
        }))
    }

    /// Some functions simplify to a call of themselves, which would lose the limit.
    fn simplify(&self, args: Vec<Expr>, _info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(ExprSimplifyResult::Original(args))
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}
