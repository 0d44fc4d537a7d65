//! Range joins on an index of the host: here one that looks at every pair.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, AsArray, StructArray};
use arrow::datatypes::{DataType, Int64Type};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use lakegate_bridge::abi::{LgRangeConditions, LgRangeIndex};
use serde_json::json;

use crate::abi::*;
use crate::kind;

#[derive(Default)]
struct Host {
    /// Calls of `build` and `probe` until one fails; 0 for none.
    fails_at: AtomicUsize,
    calls: AtomicUsize,
    /// Indexes and cursors that are not freed.
    alive: AtomicUsize,
}

impl Host {
    fn fails(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.fails_at.load(Ordering::SeqCst)
    }
}

struct Index {
    host: *const Host,
    conditions: LgRangeConditions,
    rows: StructArray,
}

struct Cursor {
    host: *const Host,
    pairs: Vec<(u32, u32)>,
    given: usize,
}

fn taken(schema: *mut FFI_ArrowSchema, array: *mut FFI_ArrowArray) -> StructArray {
    let schema = unsafe { FFI_ArrowSchema::from_raw(schema) };
    let array = unsafe { FFI_ArrowArray::from_raw(array) };
    let kind = DataType::try_from(&schema).unwrap();
    let data = unsafe { from_ffi_and_data_type(array, kind) }.unwrap();
    StructArray::from(data)
}

unsafe extern "C" fn build(
    data: *mut c_void,
    conditions: *const LgRangeConditions,
    schema: *mut FFI_ArrowSchema,
    array: *mut FFI_ArrowArray,
    index: *mut *mut c_void,
    bytes: *mut i64,
) -> i32 {
    let rows = taken(schema, array);
    let host = unsafe { &*data.cast::<Host>() };
    if host.fails() {
        return kind::RESOURCE_LIMIT;
    }
    host.alive.fetch_add(1, Ordering::SeqCst);
    let made = Index {
        host,
        conditions: unsafe { *conditions },
        rows,
    };
    unsafe {
        index.write(Box::into_raw(Box::new(made)).cast());
        bytes.write(100);
    }
    0
}

fn value(rows: &StructArray, column: usize, row: usize) -> Option<i64> {
    let column = rows.column(column).as_primitive::<Int64Type>();
    column.is_valid(row).then(|| column.value(row))
}

fn is_pair(index: &Index, build: usize, probe: &StructArray, row: usize) -> bool {
    let LgRangeConditions {
        keys,
        below_or_equal,
        above_or_equal,
    } = index.conditions;
    let keys = keys as usize;
    let same = (0..keys).all(|key| {
        let own = value(&index.rows, key, build);
        own.is_some() && own == value(probe, key, row)
    });
    let bounds = |column| {
        Some((
            value(&index.rows, column, build)?,
            value(probe, column, row)?,
        ))
    };
    let below = bounds(keys).is_some_and(|(b, p)| b < p || below_or_equal != 0 && b == p);
    let above = bounds(keys + 1).is_some_and(|(b, p)| b > p || above_or_equal != 0 && b == p);
    same && below && above
}

unsafe extern "C" fn probe(
    index: *const c_void,
    schema: *mut FFI_ArrowSchema,
    array: *mut FFI_ArrowArray,
    each_once: i32,
    cursor: *mut *mut c_void,
) -> i32 {
    let rows = taken(schema, array);
    let index = unsafe { &*index.cast::<Index>() };
    let host = unsafe { &*index.host };
    if host.fails() {
        return kind::INTERNAL;
    }
    host.alive.fetch_add(1, Ordering::SeqCst);
    let mut pairs = Vec::new();
    for row in 0..rows.len() {
        let own = (0..index.rows.len()).filter(|build| is_pair(index, *build, &rows, row));
        let most = if each_once != 0 { 1 } else { usize::MAX };
        pairs.extend(own.take(most).map(|build| (row as u32, build as u32)));
    }
    let made = Cursor {
        host,
        pairs,
        given: 0,
    };
    unsafe { cursor.write(Box::into_raw(Box::new(made)).cast()) };
    0
}

unsafe extern "C" fn next(
    cursor: *mut c_void,
    most: u64,
    probe_rows: *mut u32,
    build_rows: *mut u32,
    count: *mut u64,
) -> i32 {
    let cursor = unsafe { &mut *cursor.cast::<Cursor>() };
    let left = &cursor.pairs[cursor.given..];
    let now = left.len().min(most as usize);
    for (i, (probe, build)) in left[..now].iter().enumerate() {
        unsafe {
            probe_rows.add(i).write(*probe);
            build_rows.add(i).write(*build);
        }
    }
    cursor.given += now;
    unsafe { count.write(now as u64) };
    0
}

unsafe extern "C" fn free_index(index: *mut c_void) {
    let index = unsafe { Box::from_raw(index.cast::<Index>()) };
    unsafe { &*index.host }.alive.fetch_sub(1, Ordering::SeqCst);
}

unsafe extern "C" fn free_cursor(cursor: *mut c_void) {
    let cursor = unsafe { Box::from_raw(cursor.cast::<Cursor>()) };
    unsafe { &*cursor.host }
        .alive
        .fetch_sub(1, Ordering::SeqCst);
}

unsafe extern "C" fn release(data: *mut c_void) {
    drop(unsafe { Arc::from_raw(data.cast::<Host>()) });
}

fn use_index(session: &Session) -> (Arc<Host>, Outcome<()>) {
    let host = Arc::new(Host::default());
    let index = LgRangeIndex {
        data: Arc::into_raw(host.clone()).cast_mut().cast(),
        build: Some(build),
        probe: Some(probe),
        next: Some(next),
        free_index: Some(free_index),
        free_cursor: Some(free_cursor),
        release: Some(release),
    };
    let used = call(|err| unsafe { lg_session_use_range_index(session.0, index, err) });
    (host, used)
}

const SPANS: &str = "(select value as id, value % 3 as k, value as s, value + 4 as e \
                     from range(0, 40))";

#[test]
fn rows_are_those_of_the_pairs_the_host_finds() {
    let engine = Engine::open();
    for (batch_rows, target_partitions) in [(3, 1), (8192, 2)] {
        let options = json!({"batch_rows": batch_rows, "target_partitions": target_partitions});
        let stock = engine.session(options.clone()).unwrap();
        let session = engine.session(options).unwrap();
        let (host, used) = use_index(&session);
        used.unwrap();
        for join in [
            "join",
            "left join",
            "full join",
            "left anti join",
            "right semi join",
        ] {
            for condition in [
                "l.s < r.e and r.s < l.e",
                "l.k = r.k and l.s <= r.e and r.s <= l.e and l.id <> r.id",
                "l.s + 38 between r.s and r.e",
            ] {
                let which = match join {
                    "left anti join" => "l.id",
                    "right semi join" => "r.id",
                    _ => "l.id * 1000 + r.id",
                };
                let sql = format!(
                    "select count(*), sum({which}), count({which}) from {SPANS} l {join} {SPANS} r \
                     on {condition}"
                );
                assert_eq!(
                    session.text(&sql).unwrap(),
                    stock.text(&sql).unwrap(),
                    "{sql}"
                );
            }
        }
        assert!(host.calls.load(Ordering::SeqCst) > 0);
        drop(session);
        assert_eq!(host.alive.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_failure_of_the_host_fails_the_statement_alone() {
    let session = Engine::open().plain_session();
    let (host, used) = use_index(&session);
    used.unwrap();
    let sql = format!("select count(*) from {SPANS} l join {SPANS} r on l.s < r.e and r.s < l.e");
    for failing in [1, 2] {
        host.calls.store(0, Ordering::SeqCst);
        host.fails_at.store(failing, Ordering::SeqCst);
        assert_eq!(session.text(&sql).unwrap_err().kind, kind::INTERNAL);
    }
    assert_eq!(session.text(&sql).unwrap(), "268");
}

#[test]
fn an_index_is_given_once_and_released_when_it_is_refused() {
    let engine = Engine::open();
    let session = engine.plain_session();
    let (first, used) = use_index(&session);
    used.unwrap();
    let (second, used) = use_index(&session);
    assert_eq!(used.unwrap_err().kind, kind::ALREADY_EXISTS);
    assert_eq!(Arc::strong_count(&second), 1);
    drop(session);
    drop(engine);
    assert_eq!(Arc::strong_count(&first), 1);
}
