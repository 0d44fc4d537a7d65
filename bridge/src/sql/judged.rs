//! The statement whose facts a thread has asked for last: the same thread plans it next, and need not
//! have it parsed again.

use std::cell::RefCell;

use datafusion::sql::parser::Statement;

/// Statements of longer texts nest deeper than any stack but a large one can drop.
pub const SHORT_BYTES: usize = 4096;

thread_local! {
    static LAST: RefCell<Option<(String, Statement)>> = const { RefCell::new(None) };
}

pub fn keep(sql: &str, statement: Statement) {
    LAST.set(Some((sql.to_owned(), statement)));
}

/// Gives it once, for the very same text.
pub fn take(sql: &str) -> Option<Statement> {
    let (text, statement) = LAST.take()?;
    (text == sql).then_some(statement)
}
