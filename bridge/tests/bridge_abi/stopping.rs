//! Cancelling, time limits, memory limits, and giving up in the middle.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use lakegate_bridge::abi::LgCancelSource;
use serde_json::json;

use crate::abi::*;
use crate::kind;

/// Says yes from the given number of questions on.
struct Patience(AtomicI32);

unsafe extern "C" fn cancelled(data: *mut c_void) -> i32 {
    let patience = unsafe { &*data.cast::<Patience>() };
    i32::from(patience.0.fetch_sub(1, Ordering::SeqCst) <= 0)
}

unsafe extern "C" fn release(data: *mut c_void) {
    drop(unsafe { Arc::from_raw(data.cast::<Patience>()) });
}

fn after(questions: i32) -> (LgCancelSource, Arc<Patience>) {
    let patience = Arc::new(Patience(AtomicI32::new(questions)));
    let data = Arc::into_raw(patience.clone()).cast_mut().cast::<c_void>();
    let source = LgCancelSource {
        data,
        cancelled: Some(cancelled),
        release: Some(release),
    };
    (source, patience)
}

const ENDLESS: [&str; 6] = [
    "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b",
    "select count(*) from generate_series(1, 100000) a(x) join generate_series(1, 100000) b(y) \
     on x % 2 = y % 2 where x + y > 1",
    "select count(*) from generate_series(1, 200000) a(x) join generate_series(1, 200000) b(y) \
     on x < y",
    "select sum(x) from generate_series(1, 1000000000000) a(x)",
    // Nothing passes the condition, so that no batch ever comes out of the join.
    "select count(*) from generate_series(1, 500000) a(x) join generate_series(1, 500000) b(y) \
     on x % 5 = y % 5 and x * y < 0",
    "select count(*) from generate_series(1, 500000) a(x) join generate_series(1, 500000) b(y) \
     on x * y < 0",
];

#[test]
fn a_cancelled_statement_stops_and_releases_its_source() {
    let session = Engine::open().plain_session();
    for sql in ENDLESS {
        let (source, patience) = after(3);
        let plan = session.plan(sql).unwrap();
        let failure = plan
            .stream(json!({}), source)
            .unwrap()
            .collect()
            .unwrap_err();
        assert_eq!(failure.kind, kind::CANCELLED, "{sql}");
        assert_eq!(Arc::strong_count(&patience), 1, "released");
    }
    assert_eq!(session.text("select 1").unwrap(), "1");
}

#[test]
fn planning_is_cancelled_before_it_starts() {
    let session = Engine::open().plain_session();
    let (source, patience) = after(0);
    let planned = session.plan_with("select 1", json!({}), json!({}), source);
    assert_eq!(planned.err().unwrap().kind, kind::CANCELLED);
    assert_eq!(Arc::strong_count(&patience), 1, "released");
}

#[test]
fn a_time_limit_is_a_timeout() {
    let session = Engine::open().plain_session();
    let plan = session.plan(ENDLESS[0]).unwrap();
    let stream = plan.stream(json!({"time_limit_ms": 60}), never()).unwrap();
    let failure = stream.collect().unwrap_err();
    assert_eq!(failure.kind, kind::TIMEOUT);
    assert_eq!(failure.subject, "time_limit_ms");
}

#[test]
fn a_dropped_stream_stops_its_work() {
    let engine = Engine::open();
    let session = engine.plain_session();
    for sql in ENDLESS {
        let plan = session.plan(sql).unwrap();
        drop(plan.stream(json!({}), never()).unwrap());
    }
    // The engine's threads end only when the work has.
    drop(session);
    drop(engine);
}

#[test]
fn memory_beyond_the_limit_is_refused_and_named() {
    let engine =
        Engine::with(json!({"worker_threads": 2, "memory_limit_bytes": 4_000_000})).unwrap();
    let session = engine.plain_session();
    let sql = "select x, count(*) from generate_series(1, 2000000) a(x) group by x order by 2, 1";
    let failure = session.rows(sql).unwrap_err();
    assert_eq!(failure.kind, kind::RESOURCE_LIMIT, "{}", failure.message);
    assert_eq!(failure.subject, "memory_limit_bytes");
    assert_eq!(session.text("select 1").unwrap(), "1");
}

#[test]
fn with_a_spill_directory_the_same_statement_finishes() {
    let folder = Folder::new("spill");
    let engine = Engine::with(json!({
        "worker_threads": 2, "memory_limit_bytes": 64_000_000, "spill_directory": folder.0,
        "spill_limit_bytes": 1_000_000_000
    }))
    .unwrap();
    let session = engine.session(json!({"target_partitions": 1})).unwrap();
    let sql = "select count(*), sum(x) from (select x from generate_series(1, 3000000) a(x) \
               order by x % 1000, x desc) t";
    assert_eq!(session.text(sql).unwrap(), "3000000|4500001500000");
}
