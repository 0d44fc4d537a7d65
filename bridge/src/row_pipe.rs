//! `lg_pipe_read`: rows that another process writes into a pipe as an Arrow IPC stream.
//!
//! The other process is not believed: a message is as long as what arrives, never as what it
//! says of itself, so that nothing is allocated that was not sent.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::FromRawFd;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use arrow::ipc;
use arrow::ipc::reader::StreamReader;

use crate::arrow_out::{self, BatchSource};
use crate::error::{BridgeError, Kind, Result, from_io};
use crate::fence;

const CONTINUATION: [u8; 4] = [0xff; 4];
const MOST_METADATA: u64 = 64 << 20;

/// Hands out the bytes of one message after the other, each once it is here and measured.
struct Messages {
    pipe: File,
    most: u64,
    message: Vec<u8>,
    taken: usize,
    /// Why the last read failed; the reader above knows errors of input and output alone.
    failure: Arc<Mutex<Option<BridgeError>>>,
}

impl Messages {
    fn next(&mut self) -> Result<()> {
        self.taken = 0;
        self.message.clear();
        if self.receive(8)? == 0 {
            return Ok(());
        }
        let Some((mark, length)) = self.message.split_first_chunk::<4>() else {
            return Err(cut());
        };
        let Some(length) = length.first_chunk::<4>() else {
            return Err(cut());
        };
        if mark != &CONTINUATION {
            return Err(BridgeError::corrupt(
                "the rows of the pipe have no beginning",
            ));
        }
        let length = u64::from(u32::from_le_bytes(*length));
        if length > MOST_METADATA {
            return Err(too_long(length));
        }
        if self.receive(length)? != length {
            return Err(cut());
        }
        let body = self.body_length()?;
        if body > self.most {
            return Err(too_long(body));
        }
        if self.receive(body)? != body {
            return Err(cut());
        }
        Ok(())
    }

    /// Of the message whose metadata is here. An empty one ends the stream.
    fn body_length(&self) -> Result<u64> {
        let Some(metadata) = self.message.get(8..).filter(|bytes| !bytes.is_empty()) else {
            return Ok(0);
        };
        let message = ipc::root_as_message(metadata)
            .map_err(|error| BridgeError::corrupt(format!("the rows of the pipe: {error}")))?;
        let batch = match message.header_as_record_batch() {
            Some(batch) => Some(batch),
            None => message
                .header_as_dictionary_batch()
                .and_then(|it| it.data()),
        };
        if batch.is_some_and(|batch| batch.compression().is_some()) {
            return Err(BridgeError::corrupt("the rows of the pipe are compressed"));
        }
        u64::try_from(message.bodyLength())
            .map_err(|_| BridgeError::corrupt("the rows of the pipe have a negative length"))
    }

    /// Appends what comes, up to so many bytes; gives how many came.
    fn receive(&mut self, bytes: u64) -> Result<u64> {
        let room = usize::try_from(bytes).map_err(|_| too_long(bytes))?;
        self.message
            .try_reserve_exact(room)
            .map_err(|_| too_long(bytes))?;
        let came = (&mut self.pipe)
            .take(bytes)
            .read_to_end(&mut self.message)
            .map_err(|error| from_io(&error))?;
        Ok(came as u64)
    }
}

impl Read for Messages {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.message.len()
            && let Err(error) = self.next()
        {
            let text = error.message.clone();
            if let Ok(mut failure) = self.failure.lock() {
                *failure = Some(error);
            }
            return Err(io::Error::other(text));
        }
        let mut rest = self.message.get(self.taken..).unwrap_or_default();
        let count = rest.read(into)?;
        self.taken += count;
        Ok(count)
    }
}

struct PipedRows {
    reader: StreamReader<Messages>,
    failure: Arc<Mutex<Option<BridgeError>>>,
}

impl PipedRows {
    fn open(pipe: File, most: u64) -> Result<Self> {
        let failure = Arc::new(Mutex::new(None));
        let messages = Messages {
            pipe,
            most,
            message: Vec::new(),
            taken: 0,
            failure: failure.clone(),
        };
        let reader = calmly(|| StreamReader::try_new(messages, None))
            .map_err(|error| why(&failure, error))?;
        Ok(PipedRows { reader, failure })
    }
}

impl BatchSource for PipedRows {
    fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }

    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let reader = &mut self.reader;
        calmly(|| reader.next().transpose()).map_err(|error| why(&self.failure, error))
    }
}

/// The reader panics where metadata says what it takes for impossible.
fn calmly<T>(read: impl FnOnce() -> std::result::Result<T, ArrowError>) -> Result<T> {
    let damaged = |what: &str| BridgeError::corrupt(format!("the rows of the pipe: {what}"));
    match std::panic::catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(damaged(&error.to_string())),
        Err(_) => Err(damaged("a part is missing or unknown")),
    }
}

fn why(failure: &Mutex<Option<BridgeError>>, reported: BridgeError) -> BridgeError {
    let found = failure.lock().ok().and_then(|mut found| found.take());
    found.unwrap_or(reported)
}

fn cut() -> BridgeError {
    BridgeError::corrupt("the rows of the pipe end in the middle of a message")
}

fn too_long(bytes: u64) -> BridgeError {
    BridgeError::new(
        Kind::ResourceLimit,
        format!("a message of the pipe takes {bytes} bytes, more than there may be"),
    )
    .with_subject("memory_limit_bytes")
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_pipe_read(
    descriptor: i32,
    most_message_bytes: u64,
    out: *mut FFI_ArrowArrayStream,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        if descriptor < 0 {
            return Err(BridgeError::invalid_argument("the descriptor is negative"));
        }
        let pipe = unsafe { File::from_raw_fd(descriptor) };
        fence::check_out(out, "out")?;
        let rows = PipedRows::open(pipe, most_message_bytes)?;
        unsafe { arrow_out::put_stream(Box::new(rows), out) }
    })
}
