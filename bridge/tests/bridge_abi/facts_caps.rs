//! Texts made to exhaust a stack or a planner are refused by the limit they pass.

use lakegate_bridge::abi::LgStr;
use serde_json::{Value, json};

use crate::abi::*;
use crate::kind;

fn refused_by(sql: &str) -> String {
    let failure = facts_of(sql)
        .map(|facts| facts["statements"][0]["ast"].clone())
        .unwrap_err();
    assert_eq!(
        failure.kind,
        kind::SQL_POLICY_VIOLATION,
        "{}",
        failure.message
    );
    assert!(failure.line >= 1 && failure.column >= 1, "{failure:?}");
    assert!(failure.message.len() < 500, "the message repeats the bomb");
    failure.subject
}

fn nested_with(depth: usize) -> String {
    (0..depth).fold("select 1".to_owned(), |inner, _| {
        format!("with w as ({inner}) select * from w")
    })
}

#[test]
fn bombs_are_refused_before_the_parser_sees_them() {
    let cases = [
        ("select 1".to_owned() + &" ".repeat(300_000), "max_bytes"),
        (
            "select ".to_owned() + &"1,".repeat(15_000) + "1",
            "max_tokens",
        ),
        (
            "select ".to_owned() + &"(".repeat(3000) + "1" + &")".repeat(3000),
            "max_nesting",
        ),
        ("select ".to_owned() + &"[".repeat(500), "max_nesting"),
        (
            "select cast(a as ".to_owned() + &"struct<a ".repeat(600),
            "max_nesting",
        ),
        (
            "select cast(a as ".to_owned() + &"array<".repeat(600),
            "max_nesting",
        ),
        (
            "select cast(a as ".to_owned() + &"map(".repeat(600),
            "max_nesting",
        ),
        (
            "select a::int".to_owned() + &"[]".repeat(500),
            "max_nesting",
        ),
        ("explain ".repeat(750) + "select 1", "max_prefix_run"),
        (
            "explain analyze ".repeat(400) + "select 1",
            "max_prefix_run",
        ),
        (
            "explain (analyze) ".repeat(400) + "select 1",
            "max_prefix_run",
        ),
        (
            "select ".to_owned() + &"not ".repeat(2000) + "true",
            "max_prefix_run",
        ),
        (
            "select ".to_owned() + &"interval ".repeat(2000) + "'1' day",
            "max_prefix_run",
        ),
        (
            "select ".to_owned() + &"- ".repeat(2000) + "1",
            "max_prefix_run",
        ),
    ];
    for (sql, limit) in cases {
        assert_eq!(refused_by(&sql), limit, "{}", &sql[..40.min(sql.len())]);
    }
}

#[test]
fn bombs_of_loops_and_levels_are_refused_after_parsing() {
    let chain = |link: &str, links: usize| "select 1".to_owned() + &link.repeat(links);
    let subqueries = |depth: usize| {
        (0..depth).fold("select 1".to_owned(), |inner, _| {
            format!("select ({inner})")
        })
    };
    let joins = "select * from t a0".to_owned()
        + &(1..=70)
            .map(|i| format!(" join t a{i} on true"))
            .collect::<String>();
    let commas = "select * from t a0".to_owned()
        + &(1..=70).map(|i| format!(", t a{i}")).collect::<String>();
    let doubling = (1..16).fold("with w0 as (select 1)".to_owned(), |text, i| {
        format!("{text}, w{i} as (select * from w{} a, w{} b)", i - 1, i - 1)
    }) + " select * from w15";
    let cases = [
        (chain(" + 1", 600), "max_chain"),
        (chain(" or true", 600), "max_chain"),
        (chain("::int", 600), "max_chain"),
        (chain(" is null", 600), "max_chain"),
        (chain(" union all select 1", 600), "max_chain"),
        (subqueries(10), "max_subquery_depth"),
        (nested_with(6), "max_with_depth"),
        (joins, "max_joins"),
        (commas, "max_joins"),
        (doubling, "max_ast_nodes"),
    ];
    for (sql, limit) in cases {
        let subject = facts_of(&sql).map(|f| f["statements"][0]["ast"].clone());
        let subject = subject.unwrap_err().subject;
        assert!(
            subject == limit,
            "{subject} is not {limit}: {}",
            &sql[..60.min(sql.len())]
        );
    }
}

#[test]
fn everyday_statements_pass() {
    let wide = "select ".to_owned()
        + &(0..500)
            .map(|i| format!("case when a = {i} then {i} else 0 end as c{i}, "))
            .collect::<String>()
        + "1 from t";
    let list = format!(
        "select * from t where a in ({})",
        vec!["1"; 5000].join(", ")
    );
    for sql in [
        wide,
        list,
        nested_with(3),
        "select ((((1))))".to_owned(),
        "select - - 1".to_owned(),
    ] {
        facts_of(&sql)
            .unwrap_or_else(|failure| panic!("{failure:?}: {}", &sql[..40.min(sql.len())]));
    }
    let cases = (0..12).fold("1".to_owned(), |inner, _| {
        format!("case when true then {inner} end")
    });
    facts_of(&format!("select {cases}")).unwrap();
    let size = &facts_of("with w as (select 1) select * from w a join w b on 1 + 2 + 3 = 6")
        .unwrap()["statements"][0]["ast"];
    assert_eq!(size["joins"], 1);
    assert_eq!(size["with_depth"], 1);
    assert_eq!(size["subquery_depth"], 1);
    assert_eq!(size["longest_chain"], 3);
}

#[test]
fn what_passes_the_caps_can_be_planned_run_and_dropped() {
    let session = Engine::open().plain_session();
    let sum = "select 1".to_owned() + &" + 1".repeat(450);
    let either = "select true".to_owned() + &" or x = 1".repeat(450) + " from (select 1 as x) t";
    let union = "select 1".to_owned() + &" union all select 1".repeat(120);
    for sql in [sum, either, union] {
        facts_of(&sql).unwrap();
        assert!(!session.rows(&sql).unwrap().is_empty(), "{}", &sql[..30]);
    }
}

#[test]
fn every_limit_has_to_be_given() {
    let mut limits = limits();
    limits.as_object_mut().unwrap().remove("max_joins");
    let text = limits.to_string();
    let missing = call_json(|out, err| unsafe {
        lg_sql_facts(LgStr::of("select 1"), LgStr::of(&text), out, err)
    });
    let failure = missing.unwrap_err();
    assert_eq!(failure.kind, kind::INVALID_ARGUMENT);
    assert!(failure.message.contains("max_joins"));
    let unknown = json!({"max_bits": 1}).to_string();
    let failed: Outcome<Value> = call_json(|out, err| unsafe {
        lg_sql_split(LgStr::of("select 1"), LgStr::of(&unknown), out, err)
    });
    assert_eq!(failed.unwrap_err().kind, kind::INVALID_ARGUMENT);
}
