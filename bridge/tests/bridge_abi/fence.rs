//! Panics, nulls and text that is not text.

use std::ptr::{null, null_mut};

use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use lakegate_bridge::abi::LgStr;
use serde_json::json;

use crate::abi::*;
use crate::kind;

#[test]
fn versions_name_every_library() {
    let versions = call_json(|out, err| unsafe { lg_versions(out, err) }).unwrap();
    for name in [
        "bridge",
        "datafusion",
        "deltalake",
        "arrow",
        "parquet",
        "object_store",
    ] {
        assert!(versions[name].is_string(), "{name}");
    }
    let lock = include_str!("../../Cargo.lock");
    for name in ["datafusion", "arrow", "parquet", "object_store"] {
        let version = versions[name].as_str().unwrap();
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"");
        assert_eq!(lock.matches(&entry).count(), 1, "{entry}");
    }
    assert_eq!(
        unsafe { lg_abi_version() },
        lakegate_bridge::abi::LG_ABI_VERSION
    );
}

#[test]
fn a_panic_is_an_internal_error_and_the_next_query_works() {
    let failure = call(|err| unsafe { lg_debug_panic(err) }).unwrap_err();
    assert_eq!(failure.kind, kind::INTERNAL);
    assert!(failure.message.contains("lg_debug_panic was called"));
    assert_eq!(unsafe { lg_debug_panic(null_mut()) }, kind::INTERNAL);
    assert_eq!(
        Engine::open().plain_session().text("select 1 + 1").unwrap(),
        "2"
    );
}

#[test]
fn a_panic_in_get_next_is_an_internal_error_of_the_stream() {
    let mut raw = FFI_ArrowArrayStream::empty();
    call(|err| unsafe { lg_debug_panic_stream(&mut raw, err) }).unwrap();
    let mut stream = Stream(raw);
    assert_eq!(stream.error().unwrap_err().kind, kind::INVALID_ARGUMENT);
    assert_eq!(stream.next().unwrap().unwrap().num_rows(), 1);
    let failure = stream.next().unwrap_err();
    assert_eq!(failure.kind, kind::INTERNAL);
    assert_eq!(stream.next().unwrap_err(), failure, "the error stays");
}

#[test]
fn every_null_handle_is_an_invalid_argument() {
    let text = LgStr::EMPTY;
    let mut schema = FFI_ArrowSchema::empty();
    let failures = [
        call_handle(|out, err| unsafe {
            lg_table_open(null_mut(), LgStr::of("{}"), null_mut(), out, err)
        }),
        call_handle(|out, err| unsafe { lg_table_info(null_mut(), out, err) }),
        call_handle(|out, err| unsafe { lg_session_open(null_mut(), text, out, err) }),
        call_handle(|out, err| unsafe {
            lg_session_plan(null_mut(), text, text, text, never(), out, err)
        }),
        call_handle(|out, err| unsafe { lg_plan_facts(null_mut(), out, err) }),
        call_handle(|out, err| unsafe { lg_predicate_open(null_mut(), &schema, text, out, err) }),
        call_handle(|out, err| unsafe { lg_file_writer_finish(null_mut(), out, err) }),
        call_handle(|out, err| unsafe { lg_stream_error(null_mut(), out, err) }),
    ];
    for failure in failures {
        assert_eq!(failure.unwrap_err().kind, kind::INVALID_ARGUMENT);
    }
    let failures = [
        call(|err| unsafe { lg_plan_schema(null_mut(), &mut schema, err) }),
        call(|err| unsafe { lg_session_add_table(null_mut(), text, null_mut(), err) }),
        call(|err| unsafe { lg_engine_open(text, null_mut(), err) }),
        call(|err| unsafe { lg_versions(null_mut(), err) }),
        call(|err| unsafe { lg_debug_panic_stream(null_mut(), err) }),
        call(|err| unsafe { lg_file_writer_write(null_mut(), null_mut(), err) }),
    ];
    for failure in failures {
        assert_eq!(failure.unwrap_err().kind, kind::INVALID_ARGUMENT);
    }
}

#[test]
fn freeing_null_is_a_no_op() {
    unsafe {
        lg_error_free(null_mut());
        lg_text_free(null_mut());
        lg_engine_free(null_mut());
        lg_table_free(null_mut());
        lg_session_free(null_mut());
        lg_plan_free(null_mut());
        lg_predicate_free(null_mut());
        lg_file_writer_free(null_mut());
        assert_eq!(lg_text_get(null()).size, 0);
    }
}

#[test]
fn text_that_is_not_utf8_and_unknown_options_are_named() {
    let broken = LgStr {
        data: [b'{', 0xff, b'}'].as_ptr(),
        size: 3,
    };
    let failure = call_handle(|out, err| unsafe { lg_engine_open(broken, out, err) }).unwrap_err();
    assert_eq!(failure.kind, kind::INVALID_ARGUMENT);
    assert!(failure.message.contains("UTF-8"));
    let failure = Engine::with(json!({"worker_treads": 2})).err().unwrap();
    assert_eq!(failure.kind, kind::INVALID_ARGUMENT);
    assert!(failure.message.contains("worker_treads"));
}

#[test]
fn a_consumed_schema_is_released_when_the_call_fails() {
    let schema = arrow::datatypes::Schema::empty();
    let mut exported = FFI_ArrowSchema::try_from(&schema).unwrap();
    let location = LgStr::of("{}");
    let failed = call_handle(|out, err| unsafe {
        lg_table_open(null_mut(), location, &mut exported, out, err)
    });
    assert_eq!(failed.unwrap_err().kind, kind::INVALID_ARGUMENT);
    let release_at = std::ptr::from_ref(&exported).cast::<u8>();
    assert_eq!(unsafe { release_at.add(56).cast::<usize>().read() }, 0);
}

#[test]
fn dependants_stay_alive_without_their_engine() {
    let engine = Engine::open();
    let session = engine.plain_session();
    drop(engine);
    let plan = session.plan("select 7").unwrap();
    drop(session);
    let stream = plan.stream(json!({}), never()).unwrap();
    drop(plan);
    assert_eq!(as_text(&stream.collect().unwrap()), "7");
}
