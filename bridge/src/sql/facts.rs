//! What statements are and name, read off the AST alone; docs/FACTS.md describes the result.

mod ignored;
mod nesting;
mod scope;
mod statement_kind;
mod targets;
mod visitor;

use std::ops::ControlFlow;

use datafusion::sql::parser::{
    CopyToSource, CopyToStatement, CreateExternalTable, ResetStatement, Statement,
};
use datafusion::sql::sqlparser::ast::{
    Ident, ObjectName, ObjectNamePart, Statement as SqlStatement, Visit,
};
use datafusion::sql::sqlparser::tokenizer::{Location, TokenWithSpan};
use serde::Serialize;

use super::caps::{self, Limits};
use super::judged;
use super::{PLAN_RECURSION, Statements, parse};
use crate::abi::LgStr;
use crate::cancel::Cancel;
use crate::error::{BridgeError, Kind, Result};
use crate::text::Text;
use crate::{fence, large_stack};

use nesting::AstSize;
use visitor::Collector;

/// The parser's own default; fewer levels would refuse everyday statements.
const MIN_RECURSION: usize = 50;
/// Texts whose trees are shallow whatever they say: read on the caller's stack.
const SMALL_TOKENS: usize = 1000;
const SMALL_NESTING: usize = 16;

#[derive(Serialize)]
struct Facts {
    bytes: usize,
    tokens: usize,
    nesting: usize,
    statements: Vec<StatementFacts>,
}

#[derive(Serialize, Default)]
struct StatementFacts {
    kind: String,
    class: &'static str,
    line: u64,
    column: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Explain>,
    relations: Vec<Relation>,
    functions: Vec<Named>,
    table_functions: Vec<TableFunction>,
    placeholders: Vec<Named>,
    settings: Vec<Named>,
    locations: Vec<Place>,
    named_arguments: bool,
    nested: Vec<Nested>,
    ignored_clauses: Vec<Named>,
    ast: AstSize,
}

#[derive(Serialize)]
struct Explain {
    analyze: bool,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
enum Role {
    Read,
    Write,
    Create,
}

#[derive(Serialize)]
struct Relation {
    name: Vec<String>,
    role: Role,
    alias_of_cte: bool,
    /// "VERSION AS OF 3", "TIMESTAMP AS OF '…'"; "" is the table as it is.
    at: String,
    line: u64,
    column: u64,
}

#[derive(Serialize)]
struct Named {
    name: String,
    line: u64,
    column: u64,
}

#[derive(Serialize)]
struct TableFunction {
    name: String,
    /// Positional ones; null where one is no text literal.
    arguments: Vec<Option<String>>,
    line: u64,
    column: u64,
}

#[derive(Serialize)]
struct Place {
    text: String,
    line: u64,
    column: u64,
}

#[derive(Serialize)]
struct Nested {
    kind: String,
    class: &'static str,
    line: u64,
    column: u64,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_sql_facts(
    sql: LgStr,
    limits: LgStr,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let limits: Limits = unsafe { fence::options(limits, "limits") }?;
        let sql = unsafe { fence::text(sql, "sql") }?;
        unsafe { fence::give(out, Text::json(&read(sql, limits)?)?) }
    })
}

fn read(sql: &str, limits: Limits) -> Result<Facts> {
    let tokens = caps::tokenise(sql, &limits)?;
    let (bytes, count, nesting) = (sql.len(), tokens.count, tokens.nesting);
    let cancel = Cancel::never();
    let short = sql.len() <= judged::SHORT_BYTES;
    let small = short && count <= SMALL_TOKENS && nesting <= SMALL_NESTING;
    let stack = limits.plan_stack_bytes;
    let described = large_stack::run_small(small, stack, &cancel, move || {
        let split = Statements::find(&tokens.tokens);
        let facts = split.ranges.iter().map(|range| {
            let tokens = split.tokens_of(range);
            let start = tokens
                .first()
                .map_or(Location { line: 1, column: 1 }, |t| t.span.start);
            statement(tokens, start, &limits)
        });
        let mut described = facts.collect::<Result<Vec<_>>>()?;
        if !short {
            // Dropped here, on this stack.
            described.iter_mut().for_each(|(_, parsed)| *parsed = None);
        }
        Ok(described)
    })?;
    let (statements, mut parsed): (Vec<_>, Vec<_>) = described.into_iter().unzip();
    if let (1, Some(Some(parsed))) = (parsed.len(), parsed.pop()) {
        judged::keep(sql, parsed);
    }
    Ok(Facts {
        bytes,
        tokens: count,
        nesting,
        statements,
    })
}

fn statement(
    tokens: &[TokenWithSpan],
    at: Location,
    limits: &Limits,
) -> Result<(StatementFacts, Option<Statement>)> {
    let recursion = limits.max_nesting.clamp(MIN_RECURSION, PLAN_RECURSION);
    let end = tokens.last().map_or(at, |token| token.span.end);
    let mut parsed = parse(tokens.to_vec(), recursion).map_err(|error| {
        // At the end of its input the parser names no place.
        if error.line == 0 {
            return error.with_position(end.line, end.column);
        }
        error
    })?;
    let (Some(parsed), true) = (parsed.pop_front(), parsed.is_empty()) else {
        let message = "the text between two semicolons is not one statement";
        return Err(BridgeError::new(Kind::InvalidSql, message).with_position(at.line, at.column));
    };
    let mut collector = Collector::new(limits, at);
    collector.facts.line = at.line;
    collector.facts.column = at.column;
    describe(&parsed, &mut collector)?;
    Ok((collector.finish(), Some(parsed)))
}

/// Takes EXPLAIN off, names the statement, and visits what it is made of.
fn describe(mut statement: &Statement, collector: &mut Collector) -> Result<()> {
    let mut explain: Option<Explain> = None;
    while let Statement::Explain(outer) = statement {
        let analyze = outer.options.analyze || explain.is_some_and(|seen| seen.analyze);
        explain = Some(Explain { analyze });
        statement = &outer.statement;
    }
    collector.facts.explain = explain;
    match statement {
        Statement::Statement(inner) => describe_sql(inner, collector),
        Statement::CreateExternalTable(create) => {
            describe_external(create, collector);
            Ok(())
        }
        Statement::CopyTo(copy) => describe_copy(copy, collector),
        Statement::Reset(ResetStatement::Variable(name)) => {
            collector.kind("reset", "statement");
            let at = collector.place_of(name);
            collector.setting(dotted(name), at);
            Ok(())
        }
        Statement::Explain(_) => Err(BridgeError::internal("EXPLAIN was not taken off")),
    }
}

fn describe_sql(mut statement: &SqlStatement, collector: &mut Collector) -> Result<()> {
    // DESCRIBE and DESC of a query arrive here.
    while let SqlStatement::Explain {
        analyze,
        statement: inner,
        ..
    } = statement
    {
        let seen = collector
            .facts
            .explain
            .take()
            .is_some_and(|seen| seen.analyze);
        collector.facts.explain = Some(Explain {
            analyze: *analyze || seen,
        });
        statement = inner;
    }
    match statement.visit(collector) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

fn describe_external(create: &CreateExternalTable, collector: &mut Collector) {
    collector.kind("create_external_table", "ddl");
    collector.relation(&create.name, Role::Create);
    let at = collector.place_of(&create.name);
    for location in &create.locations {
        collector.location(location.clone(), at);
    }
}

fn describe_copy(copy: &CopyToStatement, collector: &mut Collector) -> Result<()> {
    collector.kind("copy_to", "copy");
    let at = collector.here();
    collector.location(copy.target.clone(), at);
    match &copy.source {
        CopyToSource::Relation(name) => {
            collector.relation(name, Role::Read);
            Ok(())
        }
        CopyToSource::Query(query) => match query.visit(collector) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        },
    }
}

/// The engine folds what is not quoted to lower case.
fn normalise(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

pub(super) fn last_part(name: &ObjectName) -> String {
    parts(name).pop().unwrap_or_default()
}

pub(super) fn parts(name: &ObjectName) -> Vec<String> {
    let parts = name.0.iter().map(|part| match part {
        ObjectNamePart::Identifier(ident) => normalise(ident),
        ObjectNamePart::Function(function) => function.to_string(),
    });
    parts.collect()
}

fn dotted(name: &ObjectName) -> String {
    parts(name).join(".")
}
