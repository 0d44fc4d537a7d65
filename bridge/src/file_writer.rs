//! `lg_file_writer`: one file at one path. Neither fsync nor rename is done here.

mod formats;
mod own_bytes;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::fd::FromRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use serde::Deserialize;
use serde_json::json;

use crate::abi::LgStr;
use crate::engine::Engine;
use crate::error::{BridgeError, Result, from_io};
use crate::text::Text;
use crate::{arrow_in, fence};

use formats::{FormatWriter, WriterOptions};

const BUFFER_BYTES: usize = 1 << 20;

#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Parquet,
    Csv,
    Ndjson,
    Arrow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    path: String,
    /// Written instead of a file at the path, which then is its name in messages. Taken over.
    descriptor: Option<i32>,
    format: Format,
    #[serde(default)]
    options: WriterOptions,
}

/// Counts what has reached the file.
pub struct CountedFile {
    file: BufWriter<File>,
    bytes: Arc<AtomicU64>,
}

impl Write for CountedFile {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.bytes.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

pub struct FileWriter {
    _engine: Engine,
    path: String,
    schema: SchemaRef,
    /// None once it is finished or has failed: half a file is not continued.
    writer: Option<Box<dyn FormatWriter>>,
    rows: u64,
    bytes: Arc<AtomicU64>,
}

impl FileWriter {
    fn open(engine: &Engine, request: Request, schema: SchemaRef) -> Result<Self> {
        let bytes = Arc::new(AtomicU64::new(0));
        // Before anything can fail: it is ours to close.
        let given = request
            .descriptor
            .map(|descriptor| unsafe { File::from_raw_fd(descriptor) });
        let make_file = || {
            let file = match given {
                Some(file) => file,
                None => new_file(&request.path)?,
            };
            Ok(CountedFile {
                file: BufWriter::with_capacity(BUFFER_BYTES, file),
                bytes: bytes.clone(),
            })
        };
        let writer = formats::open(request.format, &request.options, &schema, make_file)?;
        Ok(FileWriter {
            _engine: engine.clone(),
            path: request.path.clone(),
            schema,
            writer: Some(writer),
            rows: 0,
            bytes: bytes.clone(),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut writer = self.writer.take().ok_or_else(spent)?;
        writer
            .write(batch)
            .map_err(|error| error.about_file(&self.path))?;
        self.writer = Some(writer);
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn finish(&mut self) -> Result<Text> {
        let writer = self.writer.take().ok_or_else(spent)?;
        writer
            .finish()
            .map_err(|error| error.about_file(&self.path))?;
        let bytes = self.bytes.load(Ordering::Relaxed);
        Text::json(&json!({"rows": self.rows, "bytes": bytes}))
    }
}

fn new_file(path: &str) -> Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| from_io(&error).about_file(path))
}

fn spent() -> BridgeError {
    BridgeError::invalid_argument("the file writer has been finished or has failed")
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_file_writer_open(
    engine: *const Engine,
    options: LgStr,
    schema: *mut FFI_ArrowSchema,
    out: *mut *mut FileWriter,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let schema = unsafe { arrow_in::take_schema(schema) };
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let request: Request = unsafe { fence::options(options, "file writer options") }?;
        let schema = arrow_in::schema(schema, "schema")?;
        unsafe { fence::give(out, FileWriter::open(engine, request, schema)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_file_writer_write(
    writer: *mut FileWriter,
    batch: *mut FFI_ArrowArray,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let batch = unsafe { arrow_in::take_array(batch) };
        let writer = unsafe { fence::borrow_mut(writer, "writer") }?;
        let batch = arrow_in::given_batch(batch, &writer.schema)?;
        writer.write(&batch)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_file_writer_finish(
    writer: *mut FileWriter,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let writer = unsafe { fence::borrow_mut(writer, "writer") }?;
        unsafe { fence::give(out, writer.finish()?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_file_writer_free(writer: *mut FileWriter) {
    unsafe { fence::free(writer) };
}
