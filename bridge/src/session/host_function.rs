//! Table functions of the host: bound while a statement is planned, read like host streams.

use std::collections::HashMap;
use std::fmt::{Debug, Formatter};
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::Array;
use arrow::ffi::FFI_ArrowSchema;
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, TableFactor, Value, VisitMut, VisitorMut,
};
use serde_json::{Map, Value as Json, json};

use super::host_stream::{self, HostSource};
use crate::abi::{LgStr, LgStreamSource, LgTableFunction};
use crate::arrow_in;
use crate::error::{BridgeError, Kind, Result};
use crate::host::Host;

#[derive(Clone)]
pub struct HostFunction(Arc<Host<LgTableFunction>>);

impl HostFunction {
    pub fn new(function: LgTableFunction) -> Self {
        HostFunction(Arc::new(Host(function)))
    }
}

#[derive(Clone, Default)]
pub struct HostFunctions(HashMap<String, HostFunction>);

impl HostFunctions {
    pub fn add(&mut self, name: &str, function: HostFunction) -> Result<()> {
        if name.is_empty() {
            return Err(BridgeError::invalid_argument(
                "the name of a function is empty",
            ));
        }
        if self.0.contains_key(name) {
            return Err(BridgeError::new(
                Kind::AlreadyExists,
                format!("the name is in use in this session: {name}"),
            )
            .with_subject(name));
        }
        self.0.insert(name.to_owned(), function);
        Ok(())
    }

    pub fn prepare(
        &self,
        mut statement: Statement,
        state: &SessionState,
    ) -> Result<(Statement, SessionState)> {
        let mut state = state.clone();
        if self.0.is_empty() {
            return Ok((statement, state));
        }
        for (name, function) in &self.0 {
            let bound = BoundFunction {
                function: function.clone(),
                name: name.clone(),
            };
            state.register_udtf(name, Arc::new(bound));
        }
        let mut inner = &mut statement;
        while let Statement::Explain(explain) = inner {
            inner = &mut explain.statement;
        }
        if let Statement::Statement(sql) = inner {
            // The visitor never breaks.
            let _ = sql.visit(&mut NamedArguments(self));
        }
        Ok((statement, state))
    }
}

/// The planner knows positional arguments alone: named ones of host functions become the fields
/// of one struct behind them.
struct NamedArguments<'f>(&'f HostFunctions);

impl VisitorMut for NamedArguments<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table {
            name,
            args: Some(args),
            ..
        } = table
            && let [ObjectNamePart::Identifier(ident)] = name.0.as_slice()
            && self.0.0.contains_key(&ident.value)
        {
            args.args = gather_named(std::mem::take(&mut args.args));
        }
        ControlFlow::Continue(())
    }
}

fn gather_named(arguments: Vec<FunctionArg>) -> Vec<FunctionArg> {
    let mut kept = Vec::new();
    let mut fields = Vec::new();
    for argument in arguments {
        match argument {
            FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(value),
                ..
            } => {
                let key = SqlExpr::value(Value::SingleQuotedString(name.value));
                fields.push(unnamed(key));
                fields.push(unnamed(value));
            }
            other => kept.push(other),
        }
    }
    if !fields.is_empty() {
        kept.push(unnamed(SqlExpr::Function(Function {
            name: ObjectName(vec![ObjectNamePart::Identifier(Ident::new("named_struct"))]),
            uses_odbc_syntax: false,
            parameters: FunctionArguments::None,
            args: FunctionArguments::List(FunctionArgumentList {
                duplicate_treatment: None,
                args: fields,
                clauses: Vec::new(),
            }),
            filter: None,
            null_treatment: None,
            over: None,
            within_group: Vec::new(),
        })));
    }
    kept
}

fn unnamed(expr: SqlExpr) -> FunctionArg {
    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
}

struct BoundFunction {
    function: HostFunction,
    name: String,
}

impl Debug for BoundFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "HostFunction({})", self.name)
    }
}

impl TableFunctionImpl for BoundFunction {
    fn call_with_args(
        &self,
        args: TableFunctionArgs,
    ) -> datafusion::error::Result<Arc<dyn TableProvider>> {
        self.bind(args.exprs())
            .map_err(BridgeError::into_datafusion)
    }
}

impl BoundFunction {
    fn bind(&self, arguments: &[Expr]) -> Result<Arc<dyn TableProvider>> {
        let text = self.arguments_json(arguments)?;
        let mut schema = FFI_ArrowSchema::empty();
        let mut source = LgStreamSource {
            data: std::ptr::null_mut(),
            open: None,
            release: None,
        };
        let host = &self.function.0;
        let code = match host.bind {
            Some(bind) => unsafe { bind(host.data, LgStr::of(&text), &mut schema, &mut source) },
            None => Kind::InvalidArgument as i32,
        };
        if code != 0 {
            // Whatever a failed call left in the structs is not ours to release.
            std::mem::forget(schema);
            return Err(self.refused(Kind::InvalidArgument, "the host refused the call"));
        }
        let source = HostSource::new(source);
        let schema = arrow_in::borrowed_schema(&schema, &self.name)?;
        host_stream::table(source, schema, &self.name)
    }

    fn arguments_json(&self, arguments: &[Expr]) -> Result<String> {
        let mut positional = Vec::new();
        let mut named = Map::new();
        for argument in arguments {
            let Expr::Literal(value, _) = argument else {
                return Err(self.refused(
                    Kind::InvalidSql,
                    &format!("an argument is no literal: {argument}"),
                ));
            };
            if let ScalarValue::Struct(fields) = value {
                for (name, column) in fields.column_names().iter().zip(fields.columns()) {
                    let field = ScalarValue::try_from_array(column, 0)?;
                    named.insert((*name).to_owned(), self.json_of(&field)?);
                }
            } else {
                positional.push(self.json_of(value)?);
            }
        }
        Ok(json!({"positional": positional, "named": named}).to_string())
    }

    fn json_of(&self, value: &ScalarValue) -> Result<Json> {
        if value.is_null() {
            return Ok(Json::Null);
        }
        match value {
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)) => Ok(json!(text)),
            ScalarValue::Boolean(Some(flag)) => Ok(json!(flag)),
            ScalarValue::Int64(Some(number)) => Ok(json!(number)),
            ScalarValue::List(list) => {
                let items = list.value(0);
                (0..items.len())
                    .map(|i| self.json_of(&ScalarValue::try_from_array(&items, i)?))
                    .collect()
            }
            other => Err(self.refused(
                Kind::InvalidSql,
                &format!(
                    "an argument is no text, whole number, boolean or list: {}",
                    other.data_type()
                ),
            )),
        }
    }

    fn refused(&self, kind: Kind, reason: &str) -> BridgeError {
        BridgeError::new(kind, format!("{}: {reason}", self.name)).with_subject(&self.name)
    }
}
