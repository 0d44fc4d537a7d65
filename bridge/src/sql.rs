//! SQL text: one tokeniser, one splitter, one parser and one dialect for everything.

mod caps;
mod change;
mod facts;
mod judged;
mod split;

use std::collections::VecDeque;

use datafusion::sql::parser::{DFParserBuilder, ParserInput, Statement};
use datafusion::sql::sqlparser::dialect::GenericDialect;

use crate::error::{BridgeError, Kind, Result};

pub use judged::{SHORT_BYTES, take as take_judged};
pub use split::Statements;

pub static DIALECT: GenericDialect = GenericDialect {};

/// Enough for every text that passed the caps; the stack it needs is the planning thread's.
const PLAN_RECURSION: usize = 1000;

/// The one statement of a text that has passed the caps. On a large stack only.
pub fn parse_one(sql: &str) -> Result<Statement> {
    let mut found = parse(ParserInput::Sql(sql), PLAN_RECURSION)?;
    match (found.pop_front(), found.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (None, _) => Err(BridgeError::new(Kind::InvalidSql, "there is no statement")),
        (Some(_), false) => Err(BridgeError::new(
            Kind::InvalidSql,
            "one statement is planned at a time, here are several",
        )),
    }
}

fn parse(input: ParserInput, recursion: usize) -> Result<VecDeque<Statement>> {
    let mut parser = DFParserBuilder::new(input)
        .with_dialect(&DIALECT)
        .with_recursion_limit(recursion)
        .build()?;
    parser.parse_statements().map_err(|error| {
        let mut error = BridgeError::from(error);
        // A format of EXPLAIN that does not exist is a wrong configuration to the engine.
        if error.kind == Kind::InvalidArgument {
            error.kind = Kind::InvalidSql;
        }
        error
    })
}
