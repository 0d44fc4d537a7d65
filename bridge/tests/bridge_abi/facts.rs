//! What lg_sql_facts says of statements: a table of cases, then the places of things.

use serde_json::{Value, json};

use crate::abi::{facts_of, split};
use crate::kind;

fn statement(sql: &str) -> Value {
    let facts = facts_of(sql).unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
    let statements = facts["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 1, "{sql}");
    statements[0].clone()
}

/// "read:a.b,write:c" in the order of the text; a `*` marks the name of a CTE out of its scope.
fn relations(statement: &Value) -> String {
    let relations = statement["relations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|relation| {
            let parts = relation["name"].as_array().unwrap().iter();
            let name: Vec<&str> = parts.map(|part| part.as_str().unwrap()).collect();
            let mark = if relation["alias_of_cte"].as_bool().unwrap() {
                "*"
            } else {
                ""
            };
            format!(
                "{}:{}{mark}",
                relation["role"].as_str().unwrap(),
                name.join(".")
            )
        });
    relations.collect::<Vec<_>>().join(",")
}

fn names(statement: &Value, list: &str) -> String {
    let entries = statement[list].as_array().unwrap().iter();
    let key = if list == "locations" {
        "text"
    } else if list == "nested" {
        "kind"
    } else {
        "name"
    };
    entries
        .map(|entry| entry[key].as_str().unwrap())
        .collect::<Vec<_>>()
        .join(",")
}

#[test]
fn kinds_classes_and_relations() {
    // sql, kind, class, relations
    let cases = [
        ("select 1", "query", "query", ""),
        ("select * from Calls", "query", "query", "read:calls"),
        ("select * from \"Calls\"", "query", "query", "read:Calls"),
        ("select * from a.b.C", "query", "query", "read:a.b.c"),
        (
            "select * from a, b join c on true",
            "query",
            "query",
            "read:a,read:b,read:c",
        ),
        (
            "select (select 1 from a) from b where exists (select 1 from c)",
            "query",
            "query",
            "read:a,read:b,read:c",
        ),
        (
            "values (1), ((select max(x) from a))",
            "query",
            "query",
            "read:a",
        ),
        ("from t", "query", "query", "read:t"),
        (
            "with w as (select * from a) select * from w",
            "query",
            "query",
            "read:a",
        ),
        (
            "with w as (select * from w) select * from w",
            "query",
            "query",
            "read:w*",
        ),
        (
            "with a as (select * from b), b as (select 1) select * from a, b",
            "query",
            "query",
            "read:b*",
        ),
        (
            "with w as (select 1) select * from (with w as (select * from w) select * from w) x",
            "query",
            "query",
            "",
        ),
        (
            "select * from (with w as (select 1) select * from w) x, w",
            "query",
            "query",
            "read:w*",
        ),
        (
            "with recursive s as (select * from s) select * from s",
            "query",
            "query",
            "read:s*",
        ),
        (
            "with recursive s as (select 1 union all select * from s) select * from s",
            "query",
            "query",
            "",
        ),
        (
            "with recursive s as (select * from s union all select 1) select * from s",
            "query",
            "query",
            "read:s*",
        ),
        (
            "with recursive s as (with q as (select 1) select * from q union all select * from s) \
          select * from s",
            "query",
            "query",
            "read:q",
        ),
        (
            "with recursive s as (select 1 union all (select * from t, s)) select * from s",
            "query",
            "query",
            "read:t",
        ),
        (
            "with recursive s as (select 1 intersect select * from s) select * from s",
            "query",
            "query",
            "read:s*",
        ),
        (
            "insert into t select * from s",
            "insert",
            "dml",
            "write:t,read:s",
        ),
        (
            "update t set a = (select 1 from u) from v",
            "update",
            "dml",
            "write:t,read:u,read:v",
        ),
        (
            "delete from t where a in (select a from u)",
            "delete",
            "dml",
            "write:t,read:u",
        ),
        (
            "merge into t using s on t.a = s.a when matched then delete",
            "merge",
            "dml",
            "write:t,read:s",
        ),
        ("truncate table t", "truncate", "dml", "write:t"),
        ("create table t (a int)", "create_table", "ddl", "create:t"),
        (
            "create table t as select * from s",
            "create_table",
            "ddl",
            "create:t,read:s",
        ),
        (
            "create view v as select * from s",
            "create_view",
            "ddl",
            "create:v,read:s",
        ),
        (
            "create external table x stored as csv location '/tmp/x.csv'",
            "create_external_table",
            "ddl",
            "create:x",
        ),
        (
            "create function f(int) returns int return $1",
            "create_function",
            "ddl",
            "",
        ),
        ("create schema s", "create_schema", "ddl", ""),
        ("drop table t", "drop", "ddl", "write:t"),
        (
            "alter table t add column a int",
            "alter_table",
            "ddl",
            "write:t",
        ),
        ("copy t to '/tmp/x.csv'", "copy_to", "copy", "read:t"),
        (
            "copy (select * from s) to 'x.parquet'",
            "copy_to",
            "copy",
            "read:s",
        ),
        (
            "set datafusion.execution.batch_size = 1",
            "set",
            "statement",
            "",
        ),
        ("set time zone 'UTC'", "set", "statement", ""),
        (
            "reset datafusion.execution.batch_size",
            "reset",
            "statement",
            "",
        ),
        ("show tables", "show", "statement", ""),
        ("show all", "show", "statement", ""),
        ("describe t", "describe", "statement", "read:t"),
        ("use db", "use", "statement", ""),
        ("begin", "begin", "statement", ""),
        ("commit", "commit", "statement", ""),
        ("rollback", "rollback", "statement", ""),
        (
            "prepare p as delete from t",
            "prepare",
            "statement",
            "write:t",
        ),
        ("execute p(1)", "execute", "statement", ""),
        ("deallocate p", "deallocate", "statement", ""),
        ("analyze table t", "analyze", "statement", "read:t"),
        ("grant select on t to x", "grant", "ddl", ""),
        ("explain select * from t", "query", "query", "read:t"),
        (
            "explain analyze insert into t select 1",
            "insert",
            "dml",
            "write:t",
        ),
        ("explain verbose copy t to 'x'", "copy_to", "copy", "read:t"),
        ("describe select * from t", "query", "query", "read:t"),
        (
            "with w as (delete from t returning *) select * from w",
            "query",
            "query",
            "write:t",
        ),
        (
            "with w as (insert into t select * from s returning *) select * from w",
            "query",
            "query",
            "write:t,read:s",
        ),
        (
            "select * into u from t",
            "query",
            "query",
            "create:u,read:t",
        ),
        (
            "select 1 union all select * into u from t",
            "query",
            "query",
            "create:u,read:t",
        ),
        (
            "select * from '/etc/passwd'",
            "query",
            "query",
            "read:/etc/passwd",
        ),
        ("select * from generate_series(1, 3)", "query", "query", ""),
        ("select * from t, lateral f(1)", "query", "query", "read:t"),
        ("select * from table(f(1))", "query", "query", ""),
        (
            "select * from t |> join u on true |> where x in (select 1 from w)",
            "query",
            "query",
            "read:t,read:u,read:w",
        ),
    ];
    for (sql, kind, class, expected) in cases {
        let found = statement(sql);
        assert_eq!(found["kind"], kind, "{sql}");
        assert_eq!(found["class"], class, "{sql}");
        assert_eq!(relations(&found), expected, "{sql}");
    }
}

#[test]
fn lists_beside_the_relations() {
    // sql, list, names
    let cases = [
        (
            "select count(*), Sum(x) over (partition by f(y)) from t",
            "functions",
            "count,sum,f",
        ),
        ("select a.b(1), \"F\"(2)", "functions", "a.b,F"),
        (
            "select * from generate_series(1, abs(3))",
            "table_functions",
            "generate_series",
        ),
        (
            "select * from generate_series(1, abs(3))",
            "functions",
            "abs",
        ),
        (
            "select * from generate_series.other(1, 3)",
            "table_functions",
            "generate_series.other",
        ),
        (
            "select * from Generate_Series(1, 3)",
            "table_functions",
            "Generate_Series",
        ),
        (
            "select * from t, lateral S.Generate_Series(1, 3)",
            "table_functions",
            "s.generate_series",
        ),
        (
            "select * from table(read_it('x'))",
            "table_functions",
            "read_it",
        ),
        ("select * from unnest([1, 2])", "table_functions", "unnest"),
        (
            "select $1, $name where x = ? limit $3",
            "placeholders",
            "$1,$name,?,$3",
        ),
        (
            "set datafusion.execution.batch_size = 1",
            "settings",
            "datafusion.execution.batch_size",
        ),
        ("set time zone 'UTC'", "settings", "time zone"),
        (
            "reset datafusion.execution.batch_size",
            "settings",
            "datafusion.execution.batch_size",
        ),
        ("copy t to '/tmp/x.csv'", "locations", "/tmp/x.csv"),
        (
            "create external table x stored as csv location '/tmp/x.csv'",
            "locations",
            "/tmp/x.csv",
        ),
        (
            "select * from '/etc/passwd', \"s3://b/k\", \"a.parquet\", \"plain\"",
            "locations",
            "/etc/passwd,s3://b/k,a.parquet",
        ),
        (
            "with w as (delete from t returning *) select * from w",
            "nested",
            "delete",
        ),
        ("prepare p as delete from t", "nested", "delete"),
        (
            "copy (with w as (update t set a = 1 returning *) select * from w) to 'x'",
            "nested",
            "update",
        ),
        (
            "select * from (select * into u from t) x",
            "nested",
            "select_into",
        ),
        (
            "select 1 union all select * into u from t",
            "nested",
            "select_into",
        ),
        (
            "select * from t for update",
            "ignored_clauses",
            "FOR UPDATE",
        ),
        (
            "select * from t tablesample (10 percent)",
            "ignored_clauses",
            "TABLESAMPLE",
        ),
        (
            "select * from (select 1) x tablesample (10 percent)",
            "ignored_clauses",
            "TABLESAMPLE",
        ),
        (
            "select * from t with (nolock)",
            "ignored_clauses",
            "WITH (hint)",
        ),
        (
            "select * from f(1) with ordinality",
            "ignored_clauses",
            "WITH ORDINALITY",
        ),
        (
            "select * from t prewhere a = 1",
            "ignored_clauses",
            "PREWHERE",
        ),
        (
            "select * from t start with a = 1 connect by prior a = b",
            "ignored_clauses",
            "CONNECT BY",
        ),
        (
            "select * from t settings max_threads = 1",
            "ignored_clauses",
            "SETTINGS",
        ),
        ("select * from t format csv", "ignored_clauses", "FORMAT"),
        (
            "select * from t fetch first 3 rows only",
            "ignored_clauses",
            "FETCH",
        ),
        ("from t", "ignored_clauses", "FROM without SELECT"),
        (
            "with recursive s as (select 1 union all select * from s limit 3) select * from s",
            "ignored_clauses",
            "LIMIT inside a recursive WITH",
        ),
    ];
    for (sql, list, expected) in cases {
        assert_eq!(names(&statement(sql), list), expected, "{list}: {sql}");
    }
    let named = |sql: &str| statement(sql)["named_arguments"].as_bool().unwrap();
    assert!(named("select f(a => 1)"));
    assert!(named("select * from f(a => 1)"));
    assert!(!named("select f(1)"));
}

#[test]
fn explain_is_taken_off_and_analyze_is_remembered() {
    assert_eq!(
        statement("explain select 1")["explain"],
        json!({"analyze": false})
    );
    assert_eq!(
        statement("explain analyze select 1")["explain"],
        json!({"analyze": true})
    );
    let twice = statement("explain analyze explain select 1");
    assert_eq!(twice["explain"], json!({"analyze": true}));
    assert_eq!(
        statement("describe select 1")["explain"],
        json!({"analyze": false})
    );
    assert!(statement("select 1").get("explain").is_none());
}

#[test]
fn places_count_lines_and_characters_from_one() {
    let sql = "-- head\nselect 'é', count(*)\n  from Calls where x = $1";
    let found = statement(sql);
    assert_eq!(found["line"], 2);
    assert_eq!(found["column"], 1);
    assert_eq!(
        (
            &found["functions"][0]["line"],
            &found["functions"][0]["column"]
        ),
        (&json!(2), &json!(13))
    );
    assert_eq!(
        (
            &found["relations"][0]["line"],
            &found["relations"][0]["column"]
        ),
        (&json!(3), &json!(8))
    );
    assert_eq!(
        (
            &found["placeholders"][0]["line"],
            &found["placeholders"][0]["column"]
        ),
        (&json!(3), &json!(24))
    );
}

#[test]
fn split_gives_bytes_and_knows_strings_and_comments() {
    let sql = "select 'é;';; -- a;b\n/* c; */ select\n$$d;e$$ ;\n ;";
    let pieces = split(sql).unwrap();
    let pieces = pieces.as_array().unwrap();
    let texts: Vec<&str> = pieces
        .iter()
        .map(|piece| {
            let at = |key: &str| usize::try_from(piece[key].as_u64().unwrap()).unwrap();
            &sql[at("start")..at("end")]
        })
        .collect();
    assert_eq!(texts, ["select 'é;'", "select\n$$d;e$$"]);
    assert_eq!(
        (&pieces[1]["line"], &pieces[1]["column"]),
        (&json!(2), &json!(10))
    );
    assert_eq!(split(" -- nothing\n;;").unwrap(), json!([]));
    assert_eq!(facts_of("; /* */ ;").unwrap()["statements"], json!([]));
    assert_eq!(
        facts_of("select 1; drop table t").unwrap()["statements"][1]["kind"],
        "drop"
    );
}

#[test]
fn text_that_does_not_parse_has_a_place() {
    let cases = [
        ("select * frm t", 1, 10),
        ("select 1;\nselect * from", 2, 14),
        ("select 'open", 1, 8),
        ("select (1", 1, 10),
        ("select 1 select 2", 1, 10),
    ];
    for (sql, line, column) in cases {
        let failure = facts_of(sql).unwrap_err();
        assert_eq!(failure.kind, kind::INVALID_SQL, "{sql}: {failure:?}");
        assert_eq!(
            (failure.line, failure.column),
            (line, column),
            "{sql}: {failure:?}"
        );
    }
}
