//! SQL text: one tokeniser, one splitter, one parser and one dialect for everything.

mod caps;
mod change;
mod facts;
mod judged;
mod split;
mod versions;

use std::collections::VecDeque;

use datafusion::sql::parser::{DFParserBuilder, ParserInput, Statement};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{TokenWithSpan, Tokenizer};

use crate::error::{BridgeError, Kind, Result};

pub use judged::{SHORT_BYTES, take as take_judged};
pub use split::Statements;
pub use versions::give_names;

pub static DIALECT: GenericDialect = GenericDialect {};

/// Enough for every text that passed the caps; the stack it needs is the planning thread's.
const PLAN_RECURSION: usize = 1000;

/// The one statement of a text that has passed the caps. On a large stack only.
pub fn parse_one(sql: &str) -> Result<Statement> {
    let mut found = parse(tokens_of(sql)?, PLAN_RECURSION)?;
    match (found.pop_front(), found.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (None, _) => Err(BridgeError::new(Kind::InvalidSql, "there is no statement")),
        (Some(_), false) => Err(BridgeError::new(
            Kind::InvalidSql,
            "one statement is planned at a time, here are several",
        )),
    }
}

fn tokens_of(sql: &str) -> Result<Vec<TokenWithSpan>> {
    Tokenizer::new(&DIALECT, sql)
        .tokenize_with_location()
        .map_err(|error| {
            BridgeError::new(Kind::InvalidSql, error.message)
                .with_position(error.location.line, error.location.column)
        })
}

fn parse(tokens: Vec<TokenWithSpan>, recursion: usize) -> Result<VecDeque<Statement>> {
    if let Some((marked, count)) = versions::mark(&tokens)
        && let Ok(mut statements) = parse_plain(marked, recursion)
        && statements.iter_mut().map(versions::restore).sum::<usize>() == count
    {
        return Ok(statements);
    }
    // What is wrong with a marked text is told in the words of its author.
    parse_plain(tokens, recursion)
}

fn parse_plain(tokens: Vec<TokenWithSpan>, recursion: usize) -> Result<VecDeque<Statement>> {
    let mut parser = DFParserBuilder::new(ParserInput::Tokens(tokens))
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
