//! Filters of the first row of each group on an operator of the host: here one that keeps the first
//! row for each value of the first key, whatever the order.

use std::collections::HashSet;
use std::ffi::c_void;
use std::sync::{Arc, Mutex};

use arrow::array::{AsArray, BooleanArray, RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use arrow::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use lakegate_bridge::abi::{LgRowOperator, LgStr};
use serde_json::{Value, json};

use crate::abi::*;
use crate::kind;

#[derive(Default)]
struct Host {
    calls: Mutex<Vec<Value>>,
    refuses: Mutex<bool>,
}

unsafe extern "C" fn run(
    data: *mut c_void,
    specification: LgStr,
    input: *mut FFI_ArrowArrayStream,
    out: *mut FFI_ArrowArrayStream,
) -> i32 {
    let host = unsafe { &*data.cast::<Host>() };
    let text = unsafe { std::slice::from_raw_parts(specification.data, specification.size) };
    let call: Value = serde_json::from_slice(text).unwrap();
    let key: usize = call["keys"][0].as_str().unwrap().parse().unwrap();
    host.calls.lock().unwrap().push(call);
    let reader = ArrowArrayStreamReader::try_new(unsafe { FFI_ArrowArrayStream::from_raw(input) });
    let reader = reader.unwrap();
    if *host.refuses.lock().unwrap() {
        return kind::RESOURCE_LIMIT;
    }
    let schema = reader.schema();
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for batch in reader {
        let batch: RecordBatch = match batch {
            Ok(batch) => batch,
            // A failed stream says so again and again.
            Err(error) => {
                kept.push(Err(error));
                break;
            }
        };
        let keys = batch.column(key).as_primitive::<Int64Type>();
        let first: BooleanArray = keys.iter().map(|key| Some(seen.insert(key))).collect();
        kept.push(filter_record_batch(&batch, &first));
    }
    let made = RecordBatchIterator::new(kept, schema);
    unsafe { out.write(FFI_ArrowArrayStream::new(Box::new(made))) };
    0
}

unsafe extern "C" fn release(data: *mut c_void) {
    drop(unsafe { Arc::from_raw(data.cast::<Host>()) });
}

fn use_operator(session: &Session) -> (Arc<Host>, Outcome<()>) {
    let host = Arc::new(Host::default());
    let operator = LgRowOperator {
        data: Arc::into_raw(host.clone()).cast_mut().cast(),
        run: Some(run),
        release: Some(release),
    };
    let used = call(|err| unsafe { lg_session_use_operator(session.0, operator, err) });
    (host, used)
}

const ROWS: &str = "(select value % 3 as k, value as v, value / 2.0 as f from range(0, 30))";

fn first_of(order: &str) -> String {
    format!(
        "select k, v, n from (select *, row_number() over (partition by k order by {order}) as n \
         from {ROWS}) where n = 1 order by k"
    )
}

#[test]
fn rows_are_those_the_host_keeps_and_the_order_is_told() {
    let session = Engine::open()
        .session(json!({"batch_rows": 4, "ordered": true}))
        .unwrap();
    let (host, used) = use_operator(&session);
    used.unwrap();
    let rows = session.text(&first_of("v desc nulls last, f")).unwrap();
    assert_eq!(rows, "0|0|1;1|1|1;2|2|1");
    let calls = host.calls.lock().unwrap();
    assert_eq!(calls[0]["operator"], "top_rows");
    let order = calls[0]["order"].as_array().unwrap();
    assert_eq!(order.len(), 2);
    assert_eq!(order[0]["descending"], true);
    assert_eq!(order[0]["nulls_first"], false);
    assert_eq!(order[1]["descending"], false);
    // A float comes as an integer, in a column of its own behind the others.
    assert_eq!(order[1]["column"], "3");
}

#[test]
fn a_failure_of_the_host_or_of_the_input_fails_the_statement_alone() {
    let session = Engine::open().plain_session();
    let (host, used) = use_operator(&session);
    used.unwrap();
    *host.refuses.lock().unwrap() = true;
    let failure = session.rows(&first_of("v")).unwrap_err();
    assert_eq!(failure.kind, kind::INTERNAL);
    *host.refuses.lock().unwrap() = false;
    let failing = "select k from (select value % 3 as k, 1 / (value - 5) as q from range(0, 9)) \
                   qualify row_number() over (partition by k order by q) = 1";
    assert!(session.rows(failing).is_err());
    assert_eq!(session.rows(&first_of("v")).unwrap().len(), 1);
}

#[test]
fn an_operator_is_given_once_and_released() {
    let engine = Engine::open();
    let session = engine.plain_session();
    let (first, used) = use_operator(&session);
    used.unwrap();
    let (second, used) = use_operator(&session);
    assert_eq!(used.unwrap_err().kind, kind::ALREADY_EXISTS);
    assert_eq!(Arc::strong_count(&second), 1);
    drop(session);
    drop(engine);
    assert_eq!(Arc::strong_count(&first), 1);
}
