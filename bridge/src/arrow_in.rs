//! Arrow structs that come in: moved out of the caller's hands first, checked second.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, RecordBatch, RecordBatchOptions, StructArray, make_array};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::error::{BridgeError, Kind, Result};

/// Takes the schema over; null gives a released one. The first act of every export that
/// consumes a schema, so that it is consumed also when the call fails.
///
/// # Safety
/// `schema` is null or valid.
pub unsafe fn take_schema(schema: *mut FFI_ArrowSchema) -> Option<FFI_ArrowSchema> {
    if schema.is_null() {
        return None;
    }
    Some(unsafe { FFI_ArrowSchema::from_raw(schema) })
}

/// As [`take_schema`].
///
/// # Safety
/// `array` is null or valid.
pub unsafe fn take_array(array: *mut FFI_ArrowArray) -> Option<FFI_ArrowArray> {
    if array.is_null() {
        return None;
    }
    Some(unsafe { FFI_ArrowArray::from_raw(array) })
}

pub fn schema(taken: Option<FFI_ArrowSchema>, name: &str) -> Result<SchemaRef> {
    match optional_schema(taken, name)? {
        Some(schema) => Ok(schema),
        None => Err(BridgeError::invalid_argument(format!(
            "a schema is null or released: {name}"
        ))),
    }
}

pub fn optional_schema(taken: Option<FFI_ArrowSchema>, name: &str) -> Result<Option<SchemaRef>> {
    match taken {
        None => Ok(None),
        Some(taken) => borrowed_schema(&taken, name).map(Some),
    }
}

/// A schema that stays the caller's.
pub fn borrowed_schema(schema: &FFI_ArrowSchema, name: &str) -> Result<SchemaRef> {
    // A released schema has no format; the library asserts that there is one.
    let released = FFI_ArrowSchema::empty();
    if same_release(schema, &released) {
        return Err(BridgeError::invalid_argument(format!(
            "a schema is null or released: {name}"
        )));
    }
    Schema::try_from(schema).map(Arc::new).map_err(|error| {
        let mut error = BridgeError::from(error);
        error.kind = Kind::InvalidArgument;
        error.context(format!("the schema cannot be imported: {name}"))
    })
}

/// The release callback is private to the library; by the interface's layout it is at 56.
fn same_release(left: &FFI_ArrowSchema, right: &FFI_ArrowSchema) -> bool {
    const RELEASE_AT: usize = 56;
    let read = |schema: &FFI_ArrowSchema| {
        let base = std::ptr::from_ref(schema).cast::<u8>();
        // SAFETY: 56 + 8 is inside the 72 bytes that abi.rs asserts.
        unsafe { base.add(RELEASE_AT).cast::<usize>().read() }
    };
    read(left) == read(right)
}

/// [`batch`] for an array that may be null.
pub fn given_batch(array: Option<FFI_ArrowArray>, schema: &SchemaRef) -> Result<RecordBatch> {
    match array {
        Some(array) => batch(array, schema),
        None => Err(BridgeError::invalid_argument("a pointer is null: batch")),
    }
}

/// A batch of `schema` from a struct array, checked so far that no later kernel reads past a
/// buffer, follows a bad offset or meets broken UTF-8.
pub fn batch(array: FFI_ArrowArray, schema: &SchemaRef) -> Result<RecordBatch> {
    if array.is_released() {
        return Err(BridgeError::invalid_argument("the array is released"));
    }
    check_lengths(&array, 0)?;
    let data_type = DataType::Struct(schema.fields().clone());
    if array.num_children() != schema.fields().len() {
        return Err(BridgeError::new(
            Kind::SchemaMismatch,
            format!(
                "the array has another number of columns than its schema: {} and {}",
                array.num_children(),
                schema.fields().len()
            ),
        ));
    }
    // SAFETY: the producer vouches for pointers; lengths were checked, contents are next.
    let data = unsafe { from_ffi_and_data_type(array, data_type) }.map_err(as_argument)?;
    check_required(&data, schema)?;
    data.validate_full().map_err(as_argument)?;
    let rows = data.len();
    let array = make_array(data);
    let Some(columns) = array.as_any().downcast_ref::<StructArray>() else {
        return Err(BridgeError::internal(
            "a struct array became something else",
        ));
    };
    if columns.null_count() > 0 {
        return Err(BridgeError::invalid_argument(
            "a row of a batch cannot be null itself",
        ));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns.columns().to_vec(), &options)
        .map_err(|error| BridgeError::new(Kind::SchemaMismatch, error.to_string()))
}

fn check_required(data: &ArrayData, schema: &SchemaRef) -> Result<()> {
    for (column, field) in data.child_data().iter().zip(schema.fields()) {
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(BridgeError::new(
                Kind::SchemaMismatch,
                format!("a column that must not be null has nulls: {}", field.name()),
            )
            .with_subject(field.name()));
        }
    }
    Ok(())
}

fn as_argument(error: arrow::error::ArrowError) -> BridgeError {
    BridgeError::invalid_argument(format!("the array does not fit its schema: {error}"))
}

/// Lengths and offsets are signed in the interface and unsigned in the library.
fn check_lengths(array: &FFI_ArrowArray, depth: usize) -> Result<()> {
    const MAX_DEPTH: usize = 64;
    const MAX_ROWS: usize = 1 << 40;
    if depth > MAX_DEPTH || array.len() > MAX_ROWS || array.offset() > MAX_ROWS {
        return Err(BridgeError::invalid_argument(
            "the array's length, offset or depth is out of range",
        ));
    }
    for child in 0..array.num_children() {
        check_lengths(array.child(child), depth + 1)?;
    }
    if let Some(values) = array.dictionary() {
        check_lengths(values, depth + 1)?;
    }
    Ok(())
}

/// Rows of a stream that the host produced.
pub struct ImportedStream {
    stream: FFI_ArrowArrayStream,
    schema: SchemaRef,
    name: String,
}

// SAFETY: the interface allows a stream to move between threads; one uses it at a time.
unsafe impl Send for ImportedStream {}

impl ImportedStream {
    /// `expected` is what the table was registered with; the stream must have its names and
    /// types.
    pub fn new(stream: FFI_ArrowArrayStream, expected: SchemaRef, name: &str) -> Result<Self> {
        let mut imported = ImportedStream {
            stream,
            schema: expected,
            name: name.to_owned(),
        };
        let Some(get_schema) = imported.stream.get_schema else {
            return Err(imported.failed(libc::EINVAL));
        };
        let mut raw = FFI_ArrowSchema::empty();
        let code = unsafe { get_schema(&mut imported.stream, &mut raw) };
        if code != 0 {
            return Err(imported.failed(code));
        }
        let found = borrowed_schema(&raw, name)?;
        let same = found.fields().len() == imported.schema.fields().len()
            && found
                .fields()
                .iter()
                .zip(imported.schema.fields())
                .all(|(l, r)| l.name() == r.name() && l.data_type() == r.data_type());
        if !same {
            let message = format!("a stream has another schema than its table: {name}");
            return Err(BridgeError::new(Kind::SchemaMismatch, message).with_subject(name));
        }
        Ok(imported)
    }

    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let Some(get_next) = self.stream.get_next else {
            return Err(self.failed(libc::EINVAL));
        };
        let mut array = FFI_ArrowArray::empty();
        let code = unsafe { get_next(&mut self.stream, &mut array) };
        if code != 0 {
            return Err(self.failed(code));
        }
        if array.is_released() {
            return Ok(None);
        }
        batch(array, &self.schema)
            .map(Some)
            .map_err(|error| error.context(format!("a batch of the stream {}", self.name)))
    }

    /// The host keeps its own typed error; here is what an errno and a text can say.
    fn failed(&mut self, code: i32) -> BridgeError {
        let text = match self.stream.get_last_error {
            Some(get_last_error) => {
                let text = unsafe { get_last_error(&mut self.stream) };
                if text.is_null() {
                    String::new()
                } else {
                    let text = unsafe { std::ffi::CStr::from_ptr(text) };
                    text.to_string_lossy().into_owned()
                }
            }
            None => String::new(),
        };
        stream_error(&self.name, code, &text)
    }
}

/// What a failed callback of the host becomes; the subject is the stream's name.
pub fn stream_error(name: &str, code: i32, text: &str) -> BridgeError {
    let kind = match code {
        libc::ECANCELED => Kind::Cancelled,
        libc::ENOMEM => Kind::ResourceLimit,
        libc::ENOSYS => Kind::Unsupported,
        libc::ETIMEDOUT => Kind::Timeout,
        _ => Kind::Io,
    };
    let reason = if text.is_empty() {
        std::io::Error::from_raw_os_error(code).to_string()
    } else {
        text.to_owned()
    };
    BridgeError::new(
        kind,
        format!("a stream of the host failed: {name}: {reason}"),
    )
    .with_subject(name)
}
