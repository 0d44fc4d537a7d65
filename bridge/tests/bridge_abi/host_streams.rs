//! Tables whose rows the host produces.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayData, Int64Array, RecordBatch, RecordBatchIterator, StringArray};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use lakegate_bridge::abi::{LgStr, LgStreamSource};
use serde_json::json;

use crate::abi::*;
use crate::kind;

type Batches = Vec<Result<RecordBatch, ArrowError>>;

struct Host {
    make: Box<dyn Fn() -> Option<(SchemaRef, Batches)> + Send + Sync>,
    opened: AtomicUsize,
}

unsafe extern "C" fn open(data: *mut c_void, out: *mut FFI_ArrowArrayStream) -> i32 {
    let host = unsafe { &*data.cast::<Host>() };
    host.opened.fetch_add(1, Ordering::SeqCst);
    let Some((schema, batches)) = (host.make)() else {
        return libc::ENOMEM;
    };
    let reader = RecordBatchIterator::new(batches, schema);
    unsafe { out.write(FFI_ArrowArrayStream::new(Box::new(reader))) };
    0
}

unsafe extern "C" fn release(data: *mut c_void) {
    drop(unsafe { Arc::from_raw(data.cast::<Host>()) });
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
    ]))
}

fn batch(ids: &[i64]) -> RecordBatch {
    let names: Vec<String> = ids.iter().map(|id| format!("n{id}")).collect();
    let columns: Vec<Arc<dyn Array>> = vec![
        Arc::new(Int64Array::from(ids.to_vec())),
        Arc::new(StringArray::from(names)),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn register(
    session: &Session,
    make: impl Fn() -> Option<(SchemaRef, Batches)> + Send + Sync + 'static,
) -> Arc<Host> {
    let host = Arc::new(Host {
        make: Box::new(make),
        opened: AtomicUsize::new(0),
    });
    let source = LgStreamSource {
        data: Arc::into_raw(host.clone()).cast_mut().cast(),
        open: Some(open),
        release: Some(release),
    };
    let mut schema = FFI_ArrowSchema::try_from(schema().as_ref()).unwrap();
    call(|err| unsafe {
        lg_session_add_stream(session.0, LgStr::of("s"), &mut schema, source, err)
    })
    .unwrap();
    host
}

#[test]
fn a_stream_is_opened_once_for_each_scan_and_released() {
    let engine = Engine::open();
    let session = engine.plain_session();
    let host = register(&session, || {
        Some((schema(), vec![Ok(batch(&[3, 1])), Ok(batch(&[2]))]))
    });
    assert_eq!(
        session.text("select id, name from s order by id").unwrap(),
        "1|n1;2|n2;3|n3"
    );
    assert_eq!(host.opened.load(Ordering::SeqCst), 1);
    let joined = "select a.id from s a join s b on a.id = b.id order by 1";
    assert_eq!(session.text(joined).unwrap(), "1;2;3");
    assert_eq!(host.opened.load(Ordering::SeqCst), 3);
    assert_eq!(session.text("select count(*) from s").unwrap(), "3");
    drop(session);
    drop(engine);
    assert_eq!(Arc::strong_count(&host), 1);
}

#[test]
fn a_failed_open_and_a_failed_batch_are_typed() {
    let session = Engine::open().plain_session();
    register(&session, || None);
    let failure = session.rows("select * from s").unwrap_err();
    assert_eq!(
        (failure.kind, failure.subject.as_str()),
        (kind::RESOURCE_LIMIT, "s")
    );
    let session = Engine::open().plain_session();
    register(&session, || {
        let io = ArrowError::IoError("gone".into(), std::io::Error::other("gone"));
        Some((schema(), vec![Ok(batch(&[1])), Err(io)]))
    });
    let failure = session.rows("select * from s").unwrap_err();
    assert_eq!((failure.kind, failure.subject.as_str()), (kind::IO, "s"));
    assert!(failure.message.contains("gone"));
}

#[test]
fn a_stream_of_another_schema_is_a_mismatch() {
    let session = Engine::open().plain_session();
    register(&session, || {
        let other = Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, true)]));
        Some((other, vec![]))
    });
    let failure = session.rows("select * from s").unwrap_err();
    assert_eq!(failure.kind, kind::SCHEMA_MISMATCH);
}

#[test]
fn arrays_that_would_crash_a_kernel_are_refused() {
    let broken_utf8 = || {
        let data = ArrayData::builder(DataType::Utf8)
            .len(1)
            .add_buffer(Buffer::from_slice_ref([0_i32, 2]))
            .add_buffer(Buffer::from_slice_ref([0xff_u8, 0xfe]));
        unsafe { data.build_unchecked() }
    };
    let backward_offsets = || {
        let data = ArrayData::builder(DataType::Utf8)
            .len(2)
            .add_buffer(Buffer::from_slice_ref([0_i32, 900_000, 2]))
            .add_buffer(Buffer::from_slice_ref([b'a', b'b']));
        unsafe { data.build_unchecked() }
    };
    for make in [broken_utf8, backward_offsets] {
        let session = Engine::open().plain_session();
        register(&session, move || {
            let names = StringArray::from(make());
            let ids = Int64Array::from(vec![1; names.len()]);
            let columns: Vec<Arc<dyn Array>> = vec![Arc::new(ids), Arc::new(names)];
            let batch = unsafe { RecordBatch::new_unchecked(schema(), columns, 1) };
            Some((schema(), vec![Ok(batch)]))
        });
        let failure = session.rows("select upper(name) from s").unwrap_err();
        assert_eq!(failure.kind, kind::INVALID_ARGUMENT, "{}", failure.message);
    }
}

#[test]
fn a_null_in_a_required_column_is_a_mismatch() {
    let session = Engine::open().plain_session();
    register(&session, || {
        let nullable = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, true),
            Field::new("name", DataType::Utf8, true),
        ]));
        let ids = Int64Array::from(vec![None, Some(1)]);
        let names = StringArray::from(vec!["a", "b"]);
        let columns: Vec<Arc<dyn Array>> = vec![Arc::new(ids), Arc::new(names)];
        let batch = RecordBatch::try_new(nullable.clone(), columns).unwrap();
        Some((nullable, vec![Ok(batch)]))
    });
    assert_eq!(
        session.rows("select * from s").unwrap_err().kind,
        kind::SCHEMA_MISMATCH
    );
}

#[test]
fn a_limit_stops_an_endless_stream() {
    let session = Engine::open().plain_session();
    let host = register(&session, || {
        let many = (0..100_000).map(|_| Ok(batch(&[1, 2, 3]))).collect();
        Some((schema(), many))
    });
    assert_eq!(session.text("select id from s limit 4").unwrap(), "1;2;3;1");
    assert_eq!(host.opened.load(Ordering::SeqCst), 1);
}

#[test]
fn a_stream_may_read_another_statement_of_the_same_engine() {
    let engine = Arc::new(Engine::open());
    let inner = engine.plain_session();
    let session = engine.plain_session();
    register(&session, move || {
        let plan = inner.plan("select 5 as id, 'n5' as name").ok()?;
        let rows = plan.stream(json!({}), never()).ok()?.collect().ok()?;
        let rows = rows
            .into_iter()
            .map(|rows| RecordBatch::try_new(schema(), rows.columns().to_vec()));
        Some((schema(), rows.collect()))
    });
    assert_eq!(session.text("select * from s").unwrap(), "5|n5");
}
