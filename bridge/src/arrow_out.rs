//! Arrow structs that go out: schemas, batches, and streams with a panic fence and a typed
//! error that stays readable after a failure.

use std::ffi::{CString, c_char, c_int, c_void};

use arrow::array::{Array, RecordBatch, StructArray};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::error::{BridgeError, Kind, Result};
use crate::fence;

/// Where the batches of an exported stream come from.
pub trait BatchSource: Send {
    fn schema(&self) -> SchemaRef;
    fn next(&mut self) -> Result<Option<RecordBatch>>;
}

/// Writes a schema for the caller.
///
/// # Safety
/// `out` is null or valid for a write.
pub unsafe fn put_schema(schema: &Schema, out: *mut FFI_ArrowSchema) -> Result<()> {
    fence::check_out(out, "out")?;
    let exported = FFI_ArrowSchema::try_from(schema)?;
    unsafe { fence::put(out, exported) }
}

/// Writes a batch as a struct array.
///
/// # Safety
/// `out` is null or valid for a write.
pub unsafe fn put_batch(batch: RecordBatch, out: *mut FFI_ArrowArray) -> Result<()> {
    let array = StructArray::from(batch);
    unsafe { fence::put(out, FFI_ArrowArray::new(&array.to_data())) }
}

/// Writes a stream.
///
/// # Safety
/// `out` is null or valid for a write.
pub unsafe fn put_stream(
    source: Box<dyn BatchSource>,
    out: *mut FFI_ArrowArrayStream,
) -> Result<()> {
    let state = Box::new(StreamState {
        schema: source.schema(),
        source: Some(source),
        error: None,
        text: None,
    });
    let stream = FFI_ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(RELEASE),
        private_data: Box::into_raw(state).cast::<c_void>(),
    };
    unsafe { fence::put(out, stream) }
}

struct StreamState {
    schema: SchemaRef,
    /// None after the end or a failure: what it held is gone by then.
    source: Option<Box<dyn BatchSource>>,
    error: Option<BridgeError>,
    text: Option<CString>,
}

type Release = unsafe extern "C" fn(*mut FFI_ArrowArrayStream);

/// One address, by which the bridge knows its own streams again.
static RELEASE: Release = release;

impl StreamState {
    fn fail(&mut self, error: BridgeError) -> c_int {
        let code = match error.kind {
            Kind::Cancelled => libc::ECANCELED,
            Kind::ResourceLimit => libc::ENOMEM,
            Kind::Unsupported => libc::ENOSYS,
            Kind::Timeout => libc::ETIMEDOUT,
            Kind::Io | Kind::NotFound => libc::EIO,
            _ => libc::EINVAL,
        };
        self.text = CString::new(error.message.replace('\0', " ")).ok();
        self.error = Some(error);
        code
    }
}

/// # Safety
/// `stream` is null or one of ours that was not released.
unsafe fn state<'a>(stream: *mut FFI_ArrowArrayStream) -> Option<&'a mut StreamState> {
    let stream = unsafe { stream.as_mut() }?;
    unsafe { stream.private_data.cast::<StreamState>().as_mut() }
}

unsafe extern "C" fn get_schema(
    stream: *mut FFI_ArrowArrayStream,
    out: *mut FFI_ArrowSchema,
) -> c_int {
    let Some(state) = (unsafe { state(stream) }) else {
        return libc::EINVAL;
    };
    let schema = state.schema.clone();
    match fence::catch(|| unsafe { put_schema(&schema, out) }) {
        Ok(()) => 0,
        Err(error) => state.fail(error),
    }
}

unsafe extern "C" fn get_next(
    stream: *mut FFI_ArrowArrayStream,
    out: *mut FFI_ArrowArray,
) -> c_int {
    let Some(state) = (unsafe { state(stream) }) else {
        return libc::EINVAL;
    };
    match fence::catch(|| unsafe { write_next(state, out) }) {
        Ok(()) => 0,
        Err(error) => {
            let source = state.source.take();
            // The first error is the one that says why.
            drop(fence::catch(move || {
                drop(source);
                Ok(())
            }));
            state.fail(error)
        }
    }
}

unsafe fn write_next(state: &mut StreamState, out: *mut FFI_ArrowArray) -> Result<()> {
    fence::check_out(out, "out")?;
    if let Some(error) = &state.error {
        return Err(error.clone());
    }
    let batch = match &mut state.source {
        Some(source) => source.next()?,
        None => None,
    };
    match batch {
        Some(batch) => unsafe { put_batch(batch, out) },
        None => {
            state.source = None;
            unsafe { fence::put(out, FFI_ArrowArray::empty()) }
        }
    }
}

unsafe extern "C" fn get_last_error(stream: *mut FFI_ArrowArrayStream) -> *const c_char {
    match unsafe { state(stream) } {
        Some(StreamState {
            text: Some(text), ..
        }) => text.as_ptr(),
        _ => std::ptr::null(),
    }
}

unsafe extern "C" fn release(stream: *mut FFI_ArrowArrayStream) {
    let Some(stream) = (unsafe { stream.as_mut() }) else {
        return;
    };
    if !stream.private_data.is_null() {
        unsafe { fence::free(stream.private_data.cast::<StreamState>()) };
    }
    stream.private_data = std::ptr::null_mut();
    stream.get_schema = None;
    stream.get_next = None;
    stream.get_last_error = None;
    stream.release = None;
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_stream_error(
    stream: *mut FFI_ArrowArrayStream,
    out: *mut *mut BridgeError,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let raw = unsafe { fence::borrow_mut(stream, "stream") }?;
        if raw.release.map(|found| found as usize) != Some(RELEASE as usize) {
            return Err(BridgeError::invalid_argument(
                "the stream is released or was made by another producer",
            ));
        }
        match unsafe { state(stream) }.and_then(|state| state.error.clone()) {
            Some(error) => unsafe { fence::give(out, error) },
            None => Err(BridgeError::invalid_argument("the stream did not fail")),
        }
    })
}
