//! Table functions of the host.

use std::ffi::c_void;
use std::sync::{Arc, Mutex};

use arrow::array::{Int64Array, RecordBatch, RecordBatchIterator};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use lakegate_bridge::abi::{LgStr, LgStreamSource, LgTableFunction};
use serde_json::{Value, json};

use crate::abi::*;
use crate::kind;

/// Gives 1, 2, 3 as `n` and keeps what it was called with; refuses when there is no argument.
#[derive(Default)]
struct Host {
    calls: Mutex<Vec<Value>>,
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

unsafe extern "C" fn open(_data: *mut c_void, out: *mut FFI_ArrowArrayStream) -> i32 {
    let numbers = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_new(schema(), vec![numbers]).unwrap();
    let reader = RecordBatchIterator::new(vec![Ok(batch)], schema());
    unsafe { out.write(FFI_ArrowArrayStream::new(Box::new(reader))) };
    0
}

unsafe extern "C" fn bind(
    data: *mut c_void,
    arguments: LgStr,
    out: *mut FFI_ArrowSchema,
    source: *mut LgStreamSource,
) -> i32 {
    let host = unsafe { &*data.cast::<Host>() };
    let text = unsafe { std::slice::from_raw_parts(arguments.data, arguments.size) };
    let call: Value = serde_json::from_slice(text).unwrap();
    let refuse = call["positional"].as_array().unwrap().is_empty();
    host.calls.lock().unwrap().push(call);
    if refuse {
        return kind::NOT_FOUND;
    }
    unsafe {
        out.write(FFI_ArrowSchema::try_from(schema().as_ref()).unwrap());
        source.write(LgStreamSource {
            data: std::ptr::null_mut(),
            open: Some(open),
            release: None,
        });
    }
    0
}

unsafe extern "C" fn release(data: *mut c_void) {
    drop(unsafe { Arc::from_raw(data.cast::<Host>()) });
}

fn add(session: &Session, name: &str) -> (Arc<Host>, Outcome<()>) {
    let host = Arc::new(Host::default());
    let function = LgTableFunction {
        data: Arc::into_raw(host.clone()).cast_mut().cast(),
        bind: Some(bind),
        release: Some(release),
    };
    let added = call(|err| unsafe {
        lg_session_add_table_function(session.0, LgStr::of(name), function, err)
    });
    (host, added)
}

#[test]
fn arguments_arrive_as_json_positional_and_named() {
    let session = Engine::open().plain_session();
    let (host, added) = add(&session, "f");
    added.unwrap();
    let sql = "select n from f('a', 2, k => ['x', 'y'], deep => true, m => 'it''s') order by n";
    assert_eq!(session.text(sql).unwrap(), "1;2;3");
    assert_eq!(
        *host.calls.lock().unwrap(),
        vec![json!({
            "positional": ["a", 2],
            "named": {"k": ["x", "y"], "deep": true, "m": "it's"},
        })]
    );
}

#[test]
fn a_function_serves_views_subqueries_and_joins_and_is_released_once() {
    let engine = Engine::open();
    let session = engine.plain_session();
    let (host, added) = add(&session, "f");
    added.unwrap();
    session
        .add_view("v", "select n from f('a', k => 'b')")
        .unwrap();
    let sql = "select count(*) from v join (select n from f('c')) g on v.n = g.n";
    assert_eq!(session.text(sql).unwrap(), "3");
    assert_eq!(host.calls.lock().unwrap().len(), 2);
    drop(session);
    drop(engine);
    assert_eq!(Arc::strong_count(&host), 1);
}

#[test]
fn what_is_no_literal_is_refused() {
    let session = Engine::open().plain_session();
    let (host, added) = add(&session, "f");
    added.unwrap();
    for sql in [
        "select * from f('a', k => 1.5)",
        "select * from f('a', k => random())",
        "select * from f(date '2026-01-01')",
    ] {
        let failure = session.rows(sql).unwrap_err();
        assert_eq!(
            failure.kind,
            kind::INVALID_SQL,
            "{sql}: {}",
            failure.message
        );
        assert_eq!(failure.subject, "f");
    }
    assert!(host.calls.lock().unwrap().is_empty());
}

#[test]
fn a_refusal_of_the_host_fails_the_plan() {
    let session = Engine::open().plain_session();
    add(&session, "f").1.unwrap();
    let failure = session.rows("select * from f()").unwrap_err();
    assert_eq!(failure.kind, kind::INVALID_ARGUMENT);
    assert_eq!(failure.subject, "f");
    assert_eq!(session.text("select n from f('a') limit 1").unwrap(), "1");
}

#[test]
fn a_name_is_given_once_and_released_when_it_is_refused() {
    let session = Engine::open().plain_session();
    add(&session, "f").1.unwrap();
    let (host, added) = add(&session, "f");
    assert_eq!(added.unwrap_err().kind, kind::ALREADY_EXISTS);
    assert_eq!(Arc::strong_count(&host), 1);
    let (host, added) = add(&session, "");
    assert_eq!(added.unwrap_err().kind, kind::INVALID_ARGUMENT);
    assert_eq!(Arc::strong_count(&host), 1);
}
