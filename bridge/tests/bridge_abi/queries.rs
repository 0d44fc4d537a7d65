//! Sessions, plans, parameters, predicates.

use std::sync::Arc;

use arrow::array::{BooleanArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use lakegate_bridge::abi::LgStr;
use serde_json::{Value, json};

use crate::abi::*;
use crate::kind;

fn refused(session: &Session, sql: &str) -> Failure {
    session.rows(sql).map(|_| ()).unwrap_err()
}

#[test]
fn each_mistake_has_its_kind() {
    let session = Engine::open().plain_session();
    session.add_view("v", "select 1 as a, 'x' as b").unwrap();
    let cases = [
        ("select * frm v", kind::INVALID_SQL, "Line: 1"),
        ("select c from v", kind::NOT_FOUND, "v.a, v.b"),
        ("select * from nowhere", kind::NOT_FOUND, "nowhere"),
        (
            "select no_such_function(a) from v",
            kind::INVALID_SQL,
            "no_such_function",
        ),
        (
            "select a + b + interval '1' day from v",
            kind::INVALID_SQL,
            "",
        ),
        ("select 1 / (a - 1) from v", kind::INVALID_ARGUMENT, ""),
        ("select cast(b as bigint) from v", kind::SCHEMA_MISMATCH, ""),
        ("select 1; select 2", kind::INVALID_SQL, ""),
        ("", kind::INVALID_SQL, ""),
        ("show tables", kind::INVALID_SQL, ""),
    ];
    for (sql, kind, part) in cases {
        let failure = refused(&session, sql);
        assert_eq!(failure.kind, kind, "{sql}: {}", failure.message);
        let placed = part != "Line: 1" || (failure.line, failure.column) == (1, 10);
        assert!(placed, "{sql}: {failure:?}");
        assert!(
            part == "Line: 1" || failure.message.contains(part),
            "{sql}: {failure:?}"
        );
    }
    let failure = refused(&session, "select a,\n  c from v");
    assert_eq!((failure.line, failure.column), (2, 3), "{failure:?}");
    assert_eq!(session.text("select a, b from v").unwrap(), "1|x");
}

#[test]
fn names_are_taken_as_they_are_and_only_once() {
    let session = Engine::open().plain_session();
    session.add_view("Mixed.Case", "select 1").unwrap();
    let failure = session.add_view("Mixed.Case", "select 2").unwrap_err();
    assert_eq!(failure.kind, kind::ALREADY_EXISTS);
    assert_eq!(session.text("select * from \"Mixed.Case\"").unwrap(), "1");
    assert_eq!(
        refused(&session, "select * from mixed.case").kind,
        kind::NOT_FOUND
    );
    let failure = session.add_view("w", "drop table v").unwrap_err();
    assert_eq!(failure.kind, kind::INVALID_SQL);
    let failure = session.add_view("", "select 1").unwrap_err();
    assert_eq!(failure.kind, kind::INVALID_ARGUMENT);
}

#[test]
fn parameters_are_bound_as_values() {
    let session = Engine::open().plain_session();
    let bound = |sql: &str, parameters: Value| -> Outcome<String> {
        let plan = session.plan_with(sql, parameters, json!({}), never())?;
        Ok(as_text(&plan.stream(json!({}), never())?.collect()?))
    };
    let text = |value: &str| json!({"type": "utf8", "value": value});
    let hostile = "x' or 'a' = 'a";
    assert_eq!(
        bound("select $n", json!({"n": text(hostile)})).unwrap(),
        hostile
    );
    let number = json!({"1": {"type": "int64", "value": "41"}});
    assert_eq!(bound("select $1 + 1", number).unwrap(), "42");
    let date = json!({"d": {"type": "date32", "value": "2026-11-23"}});
    assert_eq!(bound("select $d", date).unwrap(), "2026-11-23");
    let null = json!({"x": {"type": "null"}});
    assert_eq!(bound("select $x is null", null).unwrap(), "true");
    let refusals = [
        ("select $n", json!({})),
        ("select 1", json!({"n": text("a")})),
        (
            "select $n",
            json!({"n": {"type": "int64", "value": "four"}}),
        ),
        ("select $n", json!({"n": {"type": "decimal", "value": "4"}})),
        ("select $n", json!({"n": {"type": "int64"}})),
    ];
    for (sql, parameters) in refusals {
        let failure = bound(sql, parameters.clone()).unwrap_err();
        assert_eq!(failure.kind, kind::INVALID_ARGUMENT, "{sql} {parameters}");
    }
}

#[test]
fn plan_facts_show_what_syntax_hides() {
    let session = Engine::open().plain_session();
    session
        .add_view("v", "select random() as r, 'a b' as t")
        .unwrap();
    let plan = session
        .plan("select extract(year from now()), trim(t), t like 'a%' from v, generate_series(1, 3)")
        .unwrap();
    let facts = plan.facts();
    let names: Vec<&str> = facts["functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["name"].as_str().unwrap())
        .collect();
    for name in ["random", "now", "date_part", "btrim"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let volatile = facts["functions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["name"] == "random")
        .unwrap();
    assert_eq!(volatile["volatility"], "volatile");
    let scans: Vec<&Value> = facts["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| n["kind"] == "table_scan")
        .collect();
    assert_eq!(scans.len(), 1, "{scans:?}");
    assert_eq!(scans[0]["provider"], "GenerateSeriesTable");
    assert!(facts["node_count"].as_u64().unwrap() > 3);
}

#[test]
fn plan_schema_is_the_schema_of_the_rows() {
    let session = Engine::open().plain_session();
    for sql in [
        "select 1 as a, 'x' as b, cast('y' as varchar) as c, null as d",
        "select case when true then 1 else 2.5 end as x union all select 3",
        "select count(*) as n, max(x) from (values (1), (2)) t(x)",
        "explain select 1",
    ] {
        let plan = session.plan(sql).unwrap();
        let planned = plan.schema();
        let found = plan.stream(json!({}), never()).unwrap().schema();
        let types = |s: &Schema| -> Vec<(String, DataType)> {
            s.fields()
                .iter()
                .map(|f| (f.name().clone(), f.data_type().clone()))
                .collect()
        };
        assert_eq!(types(&planned), types(&found), "{sql}");
    }
}

#[test]
fn writes_and_definitions_are_named_by_the_plan_and_change_nothing() {
    let session = Engine::open().plain_session();
    let cases = [
        ("create table t as select 1", "ddl:"),
        ("create view w as select 1", "ddl:"),
        ("set datafusion.execution.batch_size = 1", "statement:"),
        ("copy (select 1) to '/nowhere/x.csv'", "copy"),
    ];
    for (sql, kind) in cases {
        let facts = session.plan(sql).unwrap().facts();
        let first = facts["nodes"][0]["kind"].as_str().unwrap();
        assert!(first.starts_with(kind), "{sql}: {first}");
    }
    session.rows("create table t as select 1").unwrap_err();
    assert_eq!(refused(&session, "select * from t").kind, kind::NOT_FOUND);
}

#[test]
fn ordered_sessions_give_the_same_order_each_time() {
    let engine = Engine::open();
    let session = |partitions: usize| {
        let options = json!({"target_partitions": partitions, "batch_rows": 64, "ordered": true});
        engine.session(options).unwrap()
    };
    let union = "select x from generate_series(1, 3000) a(x) union all \
                 select -x from generate_series(1, 3000) b(x) union all \
                 select x * 10 from generate_series(1, 3000) c(x)";
    let natural = session(1).text(union).unwrap();
    assert!(natural.starts_with("1;2;3;"));
    assert!(natural.contains(";2999;3000;-1;-2;"));
    assert!(natural.ends_with(";29980;29990;30000"));
    let grouped = format!("select x % 97 as k, min(x), count(*) from ({union}) group by 1");
    let sorted = format!("select x % 5, x from ({union}) order by 1");
    let joined = format!("select a.x, b.x from ({union}) a join ({union}) b on a.x = b.x * 7");
    let limited = format!("select * from ({union}) limit 7");
    for sql in [union, &grouped, &sorted, &joined, &limited] {
        for partitions in [1, 4] {
            let first = session(partitions).text(sql).unwrap();
            for _ in 0..3 {
                assert!(
                    session(partitions).text(sql).unwrap() == first,
                    "{partitions}: {sql}"
                );
            }
        }
    }
    assert_eq!(session(1).text(&limited).unwrap(), "1;2;3;4;5;6;7");
}

#[test]
fn session_options_are_checked() {
    let engine = Engine::open();
    for options in [
        json!({"target_partition": 1}),
        json!({"config": {"datafusion.no.such": "1"}}),
        json!({"config": {"datafusion.execution.batch_size": "many"}}),
    ] {
        let failure = engine.session(options.clone()).err().unwrap();
        assert_eq!(failure.kind, kind::INVALID_ARGUMENT, "{options}");
    }
}

fn people() -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("age", DataType::Int64, true),
    ]);
    let names = StringArray::from(vec![Some("a"), None, Some("c")]);
    let ages = Int64Array::from(vec![Some(10), Some(-1), None]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(names), Arc::new(ages)]).unwrap()
}

#[test]
fn predicates_keep_nulls_and_refuse_what_is_no_condition() {
    let session = Engine::open().plain_session();
    let batch = people();
    let schema = FFI_ArrowSchema::try_from(batch.schema().as_ref()).unwrap();
    let open = |expressions: Value| {
        let text = expressions.to_string();
        call_handle(|out, err| unsafe {
            lg_predicate_open(session.0, &schema, LgStr::of(&text), out, err)
        })
        .map(Predicate)
    };
    let predicate = open(json!([
        ["grown", "age >= 0"],
        ["named", "name is not null"]
    ]))
    .unwrap();
    let mut array = export(&batch);
    let mut out = FFI_ArrowArray::empty();
    call(|err| unsafe { lg_predicate_evaluate(predicate.0, &mut array, &mut out, err) }).unwrap();
    let fields = ["grown", "named"].map(|name| Field::new(name, DataType::Boolean, true));
    let data_type = DataType::Struct(fields.to_vec().into());
    let result = StructArray::from(unsafe { from_ffi_and_data_type(out, data_type) }.unwrap());
    let column = |index: usize| {
        let column = result
            .column(index)
            .as_any()
            .downcast_ref::<BooleanArray>()
            .unwrap();
        column.iter().collect::<Vec<_>>()
    };
    assert_eq!(column(0), vec![Some(true), Some(false), None]);
    assert_eq!(column(1), vec![Some(true), Some(false), Some(true)]);
    let cases = [
        (json!([["c", "age + 1"]]), kind::SCHEMA_MISMATCH),
        (json!([["c", "height > 1"]]), kind::NOT_FOUND),
        (json!([["c", "age >"]]), kind::INVALID_SQL),
        (json!([["c", "age in (select 1)"]]), kind::UNSUPPORTED),
        (json!("age > 1"), kind::INVALID_ARGUMENT),
    ];
    for (expressions, kind) in cases {
        let failure = open(expressions.clone()).err().unwrap();
        assert_eq!(failure.kind, kind, "{expressions}: {}", failure.message);
    }
}

#[test]
fn many_threads_share_one_engine() {
    let engine = Engine::open();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let engine = &engine;
            scope.spawn(move || {
                for round in 0..8 {
                    let session = engine.plain_session();
                    session
                        .add_view("v", &format!("select {thread} as t"))
                        .unwrap();
                    let sql = format!(
                        "select t, count(*) from v, generate_series(0, {round}) group by t"
                    );
                    let expected = format!("{thread}|{}", round + 1);
                    assert_eq!(session.text(&sql).unwrap(), expected);
                    assert_eq!(
                        session.rows("select x from v").unwrap_err().kind,
                        kind::NOT_FOUND
                    );
                }
            });
        }
    });
}
