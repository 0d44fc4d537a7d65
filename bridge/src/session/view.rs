//! A view: its query is planned when it is added and inlined where it is named.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::sql::parser::Statement as EngineStatement;
use datafusion::sql::sqlparser::ast::Statement;

use super::Session;
use crate::cancel::Cancel;
use crate::error::{BridgeError, Kind, Result};
use crate::large_stack;
use crate::sql::parse_one;

pub fn plan(session: &Session, sql: &str) -> Result<Arc<dyn TableProvider>> {
    let sql = sql.to_owned();
    let session = session.clone();
    let stack = session.engine.plan_stack_bytes();
    large_stack::run(stack, &Cancel::never(), move || {
        let statement = parse_one(&sql)?;
        let is_query = matches!(
            &statement,
            EngineStatement::Statement(inner) if matches!(inner.as_ref(), Statement::Query(_))
        );
        if !is_query {
            return Err(BridgeError::new(Kind::InvalidSql, "a view must be a query"));
        }
        let (statement, state) = session.prepare(statement)?;
        let plan = session
            .engine
            .handle()
            .block_on(state.statement_to_plan(statement))?;
        let view: Arc<dyn TableProvider> = Arc::new(ViewTable::new(plan, Some(sql)));
        Ok(view)
    })
}
