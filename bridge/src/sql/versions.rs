//! `name VERSION AS OF 3` and `name TIMESTAMP AS OF '…'`: a table as it was.
//!
//! The dialect has no such words. No statement that it knows has them in this order, so that
//! they pass the parser as a PARTITION clause which no text can spell, and stand in the AST
//! where the parser of other dialects puts them.

use std::ops::ControlFlow;

use datafusion::sql::parser::{CopyToSource, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Statement as SqlStatement, TableAlias, TableFactor,
    TableVersion, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::facts::parts;

/// The tokeniser makes no such quote.
const MARK: char = '\0';

/// The same tokens with versions marked, and how many; none where there are none.
pub fn mark(tokens: &[TokenWithSpan]) -> Option<(Vec<TokenWithSpan>, usize)> {
    let places: Vec<usize> = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| !matches!(token.token, Token::Whitespace(_)))
        .map(|(place, _)| place)
        .collect();
    let mut marked: Vec<TokenWithSpan> = Vec::new();
    let mut copied = 0;
    let mut count = 0;
    for window in places.windows(5) {
        let found: Vec<&Token> = window
            .iter()
            .filter_map(|place| Some(&tokens.get(*place)?.token))
            .collect();
        let (Some(text), [_, first, _, _, last]) = (version_of(&found), window) else {
            continue;
        };
        let Some(at) = tokens.get(*first).map(|token| token.span) else {
            continue;
        };
        marked.extend_from_slice(tokens.get(copied..*first).unwrap_or_default());
        copied = last + 1;
        count += 1;
        let clause = [
            Token::make_keyword("PARTITION"),
            Token::LParen,
            Token::Word(Word {
                value: text,
                quote_style: Some(MARK),
                keyword: Keyword::NoKeyword,
            }),
            Token::RParen,
        ];
        marked.extend(clause.map(|token| TokenWithSpan { token, span: at }));
    }
    if count == 0 {
        return None;
    }
    marked.extend_from_slice(tokens.get(copied..).unwrap_or_default());
    Some((marked, count))
}

/// Of "name, VERSION, AS, OF, 3": the version as it is written down.
fn version_of(tokens: &[&Token]) -> Option<String> {
    let [name, what, as_word, of_word, value] = tokens else {
        return None;
    };
    let named = matches!(name, Token::Word(_) | Token::SingleQuotedString(_));
    let is = |token: &Token, keyword: Keyword| matches!(token, Token::Word(word) if word.keyword == keyword && word.quote_style.is_none());
    if !named || !is(as_word, Keyword::AS) || !is(of_word, Keyword::OF) {
        return None;
    }
    match value {
        Token::Number(number, false) if is(what, Keyword::VERSION) => {
            Some(format!("VERSION AS OF {number}"))
        }
        Token::SingleQuotedString(_) if is(what, Keyword::TIMESTAMP) => {
            Some(format!("TIMESTAMP AS OF {value}"))
        }
        _ => None,
    }
}

/// Puts the versions where the AST has them and says how many. A mark elsewhere, at the target
/// of an INSERT, stays: such an AST cannot be written down.
pub fn restore(statement: &mut Statement) -> usize {
    let mut restore = Restore { count: 0 };
    visit(statement, &mut restore);
    restore.count
}

/// Tables at a version become tables of a name of their own, "NAME VERSION AS OF 3".
pub fn give_names(statement: &mut Statement) {
    visit(statement, &mut GiveNames);
}

/// Written down, an AST has the alias of a table before its version, which nobody can read:
/// `t VERSION AS OF 3 AS x` becomes `(SELECT * FROM t VERSION AS OF 3) AS x`.
pub fn set_apart(statement: &mut Statement) {
    visit(statement, &mut SetApart);
}

fn visit(statement: &mut Statement, visitor: &mut impl VisitorMut<Break = ()>) {
    // None of the visitors breaks.
    let _ = match statement {
        Statement::Statement(inner) => inner.visit(visitor),
        Statement::Explain(explain) => {
            visit(&mut explain.statement, visitor);
            ControlFlow::Continue(())
        }
        Statement::CopyTo(copy) => match &mut copy.source {
            CopyToSource::Query(query) => query.visit(visitor),
            CopyToSource::Relation(_) => ControlFlow::Continue(()),
        },
        Statement::CreateExternalTable(_) | Statement::Reset(_) => ControlFlow::Continue(()),
    };
}

struct Restore {
    count: usize,
}

impl VisitorMut for Restore {
    type Break = ();

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table {
            partitions,
            version,
            ..
        } = table
            && let [mark] = partitions.as_slice()
            && mark.quote_style == Some(MARK)
        {
            *version = parse(&mark.value);
            partitions.clear();
            self.count += 1;
        }
        ControlFlow::Continue(())
    }
}

fn parse(text: &str) -> Option<TableVersion> {
    if let Some(number) = text.strip_prefix("VERSION AS OF ") {
        let value = Value::Number(number.to_owned(), false);
        return Some(TableVersion::VersionAsOf(Expr::value(value)));
    }
    let quoted = text.strip_prefix("TIMESTAMP AS OF '")?.strip_suffix('\'')?;
    let value = Value::SingleQuotedString(quoted.replace("''", "'"));
    Some(TableVersion::TimestampAsOf(Expr::value(value)))
}

struct GiveNames;

impl VisitorMut for GiveNames {
    type Break = ();

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table {
            name,
            alias,
            version,
            ..
        } = table
            && let Some(at) = version.take()
        {
            let called = parts(name);
            let own = Ident::with_quote('"', format!("{} {at}", called.join(".")));
            // Columns go by the name that the table has without its version.
            if let (None, Some(last)) = (&alias, called.last()) {
                *alias = Some(TableAlias {
                    explicit: true,
                    name: Ident::with_quote('"', last.as_str()),
                    columns: Vec::new(),
                    at: None,
                });
            }
            *name = ObjectName::from(vec![own]);
        }
        ControlFlow::Continue(())
    }
}

struct SetApart;

impl VisitorMut for SetApart {
    type Break = ();

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table {
            alias: alias @ Some(_),
            version: Some(_),
            ..
        } = table
        {
            let alias = alias.take();
            if let Some(subquery) = query_of(table) {
                *table = TableFactor::Derived {
                    lateral: false,
                    subquery,
                    alias,
                    sample: None,
                };
            }
        }
        ControlFlow::Continue(())
    }
}

fn query_of(table: &TableFactor) -> Option<Box<Query>> {
    match super::parse_one(&format!("SELECT * FROM {table}")).ok()? {
        Statement::Statement(inner) => match *inner {
            SqlStatement::Query(query) => Some(query),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_one;
    use super::*;

    /// As it is read and written down again.
    fn restored(sql: &str) -> String {
        match parse_one(sql) {
            Ok(mut statement) => {
                set_apart(&mut statement);
                statement.to_string()
            }
            Err(error) => error.message,
        }
    }

    fn named(sql: &str) -> String {
        match parse_one(sql) {
            Ok(mut statement) => {
                give_names(&mut statement);
                statement.to_string()
            }
            Err(error) => error.message,
        }
    }

    #[test]
    fn a_version_follows_a_name() {
        for sql in [
            "SELECT * FROM t VERSION AS OF 3",
            "SELECT * FROM a.b VERSION AS OF 0, c TIMESTAMP AS OF '2026-01-01 00:00:00'",
            "SELECT * FROM (SELECT * FROM t VERSION AS OF 1) AS x",
            "EXPLAIN SELECT * FROM t TIMESTAMP AS OF 'it''s'",
            "SELECT (SELECT max(a) FROM \"T t\" VERSION AS OF 12)",
        ] {
            assert_eq!(restored(sql), sql);
        }
        assert_eq!(
            restored("SELECT * FROM t JOIN t VERSION AS OF 1 AS old ON t.id = old.id"),
            "SELECT * FROM t JOIN (SELECT * FROM t VERSION AS OF 1) AS old ON t.id = old.id"
        );
    }

    #[test]
    fn words_in_another_order_stay_what_they_were() {
        for sql in [
            "SELECT version AS of FROM t",
            "SELECT timestamp AS of FROM t AS at",
            "SELECT * FROM version AS of",
        ] {
            assert_eq!(restored(sql), sql);
        }
        // A clause that somebody wrote stays one, to be refused.
        for own in ["p", "\"VERSION AS OF 3\""] {
            let said = restored(&format!("SELECT * FROM t PARTITION ({own})"));
            assert!(said.contains(&format!("PARTITION ({own})")), "{said}");
        }
        for wrong in [
            "SELECT * FROM t VERSION AS OF 'x'",
            "SELECT * FROM t VERSION AS OF",
            "SELECT * FROM t AS x VERSION AS OF 3",
            "SELECT a VERSION AS OF 3",
            "SELECT * FROM t TIMESTAMP AS OF now()",
            "INSERT INTO t VERSION AS OF 1 VALUES (1)",
        ] {
            let said = restored(wrong);
            assert!(said.contains("Expected"), "{wrong}: {said}");
            assert!(!said.contains("PARTITION"), "{wrong}: {said}");
        }
    }

    #[test]
    fn each_version_has_a_name_of_its_own() {
        assert_eq!(
            named("SELECT t.a FROM t VERSION AS OF 3"),
            "SELECT t.a FROM \"t VERSION AS OF 3\" AS \"t\""
        );
        assert_eq!(
            named("SELECT x.a FROM Lake.T VERSION AS OF 3 x"),
            "SELECT x.a FROM \"lake.t VERSION AS OF 3\" x"
        );
    }
}
