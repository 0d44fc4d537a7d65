//! One INSERT, DELETE, UPDATE or MERGE, taken apart: texts for the host to judge and to run.
//!
//! Whatever a statement says beside the parts that are told (RETURNING, USING, LIMIT, ON CONFLICT,
//! …) is found by writing the parts down again: a statement that reads otherwise is refused.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, FromTable, Insert, Merge, MergeAction, MergeClause,
    MergeClauseKind, MergeInsertKind, ObjectName, Statement as SqlStatement, TableFactor,
    TableObject, TableWithJoins, Update,
};
use serde::Serialize;

use super::caps::{self, Limits};
use super::facts::{last_part, parts};
use super::{parse_one, versions};
use crate::abi::LgStr;
use crate::cancel::Cancel;
use crate::error::{BridgeError, Result};
use crate::text::Text;
use crate::{fence, large_stack};

#[derive(Serialize, Default)]
struct Change {
    kind: &'static str,
    table: Vec<String>,
    /// What expressions call the table, as it is written.
    alias: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
    /// A query: the rows of an INSERT, the source of a MERGE.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_alias: Option<String>,
    /// The condition of a DELETE or UPDATE, the ON of a MERGE.
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    set: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clauses: Vec<Clause>,
}

#[derive(Serialize)]
struct Clause {
    when: &'static str,
    then: &'static str,
    condition: String,
    /// Columns and expressions; an INSERT without columns has none of the first.
    columns: Vec<String>,
    values: Vec<String>,
}

fn unsupported(what: &str) -> BridgeError {
    BridgeError::unsupported(format!(
        "This is not supported in a statement that changes rows: {what}"
    ))
    .with_subject(what)
}

fn change(statement: &Statement) -> Result<Change> {
    let Statement::Statement(sql) = statement else {
        return Err(unsupported("a statement of this kind"));
    };
    let (change, plain) = match sql.as_ref() {
        SqlStatement::Insert(insert) => of_insert(insert)?,
        SqlStatement::Delete(delete) => of_delete(delete)?,
        SqlStatement::Update(update) => of_update(update)?,
        SqlStatement::Merge(merge) => of_merge(merge)?,
        _ => return Err(unsupported("a statement of this kind")),
    };
    let written = sql.to_string();
    if written == plain {
        return Ok(change);
    }
    Err(unsupported(&format!(
        "a clause of it; what can be run is {plain}"
    )))
}

fn of_insert(insert: &Insert) -> Result<(Change, String)> {
    let TableObject::TableName(table) = &insert.table else {
        return Err(unsupported("INSERT into anything but a table"));
    };
    let Some(source) = &insert.source else {
        return Err(unsupported("INSERT without a query or VALUES"));
    };
    let columns: Vec<String> = insert.columns.iter().map(ToString::to_string).collect();
    let listed = match columns.is_empty() {
        true => String::new(),
        false => format!("({}) ", columns.join(", ")),
    };
    let plain = format!("INSERT INTO {table} {listed}{source}");
    Ok((
        Change {
            kind: "insert",
            table: parts(table),
            alias: table.to_string(),
            columns: insert.columns.iter().map(last_part).collect(),
            source: Some(source.to_string()),
            ..Change::default()
        },
        plain,
    ))
}

fn of_delete(delete: &Delete) -> Result<(Change, String)> {
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let [table] = from.as_slice() else {
        return Err(unsupported("DELETE from several tables"));
    };
    let (name, alias) = plain_table(table)?;
    let condition = delete.selection.as_ref().map(ToString::to_string);
    let plain = format!("DELETE FROM {table}{}", where_text(condition.as_deref()));
    Ok((
        Change {
            kind: "delete",
            table: name,
            alias,
            condition,
            ..Change::default()
        },
        plain,
    ))
}

fn of_update(update: &Update) -> Result<(Change, String)> {
    let (name, alias) = plain_table(&update.table)?;
    let condition = update.selection.as_ref().map(ToString::to_string);
    let plain = format!(
        "UPDATE {} SET {}{}",
        update.table,
        joined(&update.assignments),
        where_text(condition.as_deref())
    );
    Ok((
        Change {
            kind: "update",
            table: name,
            alias,
            condition,
            set: assignments(&update.assignments)?,
            ..Change::default()
        },
        plain,
    ))
}

fn of_merge(merge: &Merge) -> Result<(Change, String)> {
    let (name, alias) = plain_factor(&merge.table)?;
    let (source, source_alias) = source_of(&merge.source)?;
    let clauses: Vec<String> = merge.clauses.iter().map(ToString::to_string).collect();
    let plain = format!(
        "MERGE{} {} USING {} ON {} {}",
        if merge.into { " INTO" } else { "" },
        merge.table,
        merge.source,
        merge.on,
        clauses.join(" ")
    );
    Ok((
        Change {
            kind: "merge",
            table: name,
            alias,
            source: Some(source),
            source_alias: Some(source_alias),
            condition: Some(merge.on.to_string()),
            clauses: merge.clauses.iter().map(clause).collect::<Result<_>>()?,
            ..Change::default()
        },
        plain,
    ))
}

fn clause(clause: &MergeClause) -> Result<Clause> {
    let when = match clause.clause_kind {
        MergeClauseKind::Matched => "matched",
        MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => "not_matched",
        MergeClauseKind::NotMatchedBySource => "not_matched_by_source",
    };
    let condition = clause.predicate.as_ref().map(ToString::to_string);
    let mut told = Clause {
        when,
        then: "delete",
        condition: condition.unwrap_or_default(),
        columns: Vec::new(),
        values: Vec::new(),
    };
    match &clause.action {
        MergeAction::Delete { .. } => {}
        MergeAction::Update(update) => {
            if update.update_predicate.is_some() || update.delete_predicate.is_some() {
                return Err(unsupported("WHERE behind the SET of a MERGE"));
            }
            told.then = "update";
            (told.columns, told.values) = assignments(&update.assignments)?.into_iter().unzip();
        }
        MergeAction::Insert(insert) => {
            if insert.insert_predicate.is_some() {
                return Err(unsupported("WHERE behind the INSERT of a MERGE"));
            }
            told.then = "insert";
            told.columns = insert.columns.iter().map(last_part).collect();
            if let MergeInsertKind::Values(values) = &insert.kind {
                let [row] = values.rows.as_slice() else {
                    return Err(unsupported("an INSERT of several rows in a MERGE"));
                };
                told.values = row.iter().map(ToString::to_string).collect();
            }
        }
    }
    Ok(told)
}

fn assignments(list: &[Assignment]) -> Result<Vec<(String, String)>> {
    list.iter()
        .map(|assignment| match &assignment.target {
            AssignmentTarget::ColumnName(column) => {
                Ok((last_part(column), assignment.value.to_string()))
            }
            AssignmentTarget::Tuple(_) => Err(unsupported("SET of several columns at once")),
        })
        .collect()
}

fn joined(list: &[Assignment]) -> String {
    let texts: Vec<String> = list.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn where_text(condition: Option<&str>) -> String {
    condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"))
}

fn plain_table(table: &TableWithJoins) -> Result<(Vec<String>, String)> {
    if !table.joins.is_empty() {
        return Err(unsupported("a join of the table that is changed"));
    }
    plain_factor(&table.relation)
}

/// The table's name, and what expressions call it.
fn plain_factor(factor: &TableFactor) -> Result<(Vec<String>, String)> {
    let TableFactor::Table { name, alias, .. } = factor else {
        return Err(unsupported("a change of anything but a table"));
    };
    let called = match alias {
        Some(alias) if alias.columns.is_empty() => alias.name.to_string(),
        Some(_) => return Err(unsupported("column names behind the alias of a table")),
        None => last_ident(name),
    };
    let bare = match alias {
        Some(_) => {
            format!("{name} AS {called}") == factor.to_string()
                || format!("{name} {called}") == factor.to_string()
        }
        None => name.to_string() == factor.to_string(),
    };
    if !bare {
        return Err(unsupported(
            "a version, a sample or hints of the table that is changed",
        ));
    }
    Ok((parts(name), called))
}

/// A query for the source of a MERGE, and what expressions call it.
fn source_of(factor: &TableFactor) -> Result<(String, String)> {
    match factor {
        TableFactor::Table { name, alias, .. } => {
            let called = alias
                .as_ref()
                .map_or_else(|| last_ident(name), |alias| alias.name.to_string());
            Ok((format!("SELECT * FROM {factor}"), called))
        }
        TableFactor::Derived { alias, .. } => match alias {
            Some(alias) => Ok((format!("SELECT * FROM {factor}"), alias.name.to_string())),
            None => Err(unsupported("a source of a MERGE without a name")),
        },
        _ => Err(unsupported(
            "a source of a MERGE that is no table and no query",
        )),
    }
}

fn last_ident(name: &ObjectName) -> String {
    name.0.last().map_or_else(String::new, ToString::to_string)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_sql_change(
    sql: LgStr,
    limits: LgStr,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let limits: Limits = unsafe { fence::options(limits, "limits") }?;
        let sql = unsafe { fence::text(sql, "sql") }?;
        caps::tokenise(sql, &limits)?;
        let stack = limits.plan_stack_bytes;
        let told = large_stack::run_small(false, stack, &Cancel::never(), move || {
            let mut statement = parse_one(sql)?;
            versions::set_apart(&mut statement);
            change(&statement)
        })?;
        unsafe { fence::give(out, Text::json(&told)?) }
    })
}
