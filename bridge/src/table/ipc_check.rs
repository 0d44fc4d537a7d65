//! What an Arrow IPC file says of its own sizes, checked before a reader believes it: the reader
//! allocates what a length says, and an allocation that fails ends the process.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, UnwindSafe};
use std::path::Path;

use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use arrow::ipc::{self, Block, Message, RecordBatch};

use crate::error::{BridgeError, Kind, Result};

pub const MAGIC: &[u8; 6] = b"ARROW1";
const CONTINUATION: [u8; 4] = [0xff; 4];
/// The footer's length and the magic bytes.
const TRAILER: u64 = 10;

/// Corrupt where sizes cannot be true; a resource limit where the values of one batch are larger
/// than `most` bytes, or than the system gives. What else may be wrong is left to the reader.
pub fn check(path: &Path, most: Option<u64>) -> Result<()> {
    let subject = path.to_string_lossy();
    let open = || -> io::Result<Checked> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Checked { file, size, most })
    };
    open()
        .map_err(BridgeError::from)
        .and_then(|mut file| file.check())
        .map_err(|error| match error.kind {
            Kind::ResourceLimit => error.context(&subject),
            _ => error.about_file(&subject),
        })
}

struct Checked {
    file: File,
    size: u64,
    most: Option<u64>,
}

impl Checked {
    fn check(&mut self) -> Result<()> {
        let mut start = [0; 6];
        if self.size >= TRAILER {
            self.read_at(0, &mut start)?;
        }
        if &start == MAGIC {
            self.check_file()
        } else {
            self.check_stream()
        }
    }

    fn check_file(&mut self) -> Result<()> {
        let mut trailer = [0; 10];
        self.read_at(self.size - TRAILER, &mut trailer)?;
        let [a, b, c, d, end @ ..] = trailer;
        if &end != MAGIC {
            return Err(BridgeError::corrupt("the end of the Arrow file is missing"));
        }
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        let Some(start) = (self.size - TRAILER).checked_sub(length) else {
            return Err(lies("the footer"));
        };
        let bytes = self.bytes_at(start, length)?;
        let footer = ipc::root_as_footer(&bytes).map_err(|error| damaged(&error))?;
        let dictionaries = footer.dictionaries().into_iter().flatten();
        let batches = footer.recordBatches().into_iter().flatten();
        for block in dictionaries.chain(batches) {
            self.check_block(block)?;
        }
        // A file that the reader does not take would be tried as a stream, and its first bytes
        // taken for a length.
        self.file.rewind()?;
        let file = self.file.try_clone()?;
        unwound(AssertUnwindSafe(|| {
            FileReader::try_new_buffered(file, None).map(|_| ())
        }))
    }

    fn check_block(&mut self, block: &Block) -> Result<()> {
        let part = |value: i64| u64::try_from(value).map_err(|_| lies("a block"));
        let start = part(block.offset())?;
        let metadata = part(i64::from(block.metaDataLength()))?;
        let body = part(block.bodyLength())?;
        let ends = |from: u64, length: u64| {
            from.checked_add(length)
                .filter(|end| *end <= self.size)
                .ok_or_else(|| lies("a block"))
        };
        let body_start = ends(start, metadata)?;
        ends(body_start, body)?;
        let bytes = self.bytes_at(start, metadata)?;
        let prefix = if bytes.starts_with(&CONTINUATION) {
            8
        } else {
            4
        };
        let Some(bytes) = bytes.get(prefix..) else {
            return Err(lies("a block"));
        };
        self.check_message(bytes, body_start, body)
    }

    fn check_stream(&mut self) -> Result<()> {
        let mut at = 0;
        while at + 4 <= self.size {
            let mut word = [0; 4];
            self.read_at(at, &mut word)?;
            at += 4;
            if word == CONTINUATION {
                if at + 4 > self.size {
                    return Ok(());
                }
                self.read_at(at, &mut word)?;
                at += 4;
            }
            let length = u64::from(u32::from_le_bytes(word));
            if length == 0 {
                return Ok(());
            }
            if length > self.size - at {
                return Err(lies("a message"));
            }
            let bytes = self.bytes_at(at, length)?;
            at += length;
            let message = ipc::root_as_message(&bytes).map_err(|error| damaged(&error))?;
            let body = u64::try_from(message.bodyLength()).map_err(|_| lies("a message"))?;
            // A stream may end in the middle: the reader says so.
            if body > self.size - at {
                return Err(lies("a message"));
            }
            self.check_values(message, at, body)?;
            at += body;
        }
        Ok(())
    }

    fn check_message(&mut self, bytes: &[u8], start: u64, length: u64) -> Result<()> {
        let message = ipc::root_as_message(bytes).map_err(|error| damaged(&error))?;
        self.check_values(message, start, length)
    }

    fn check_values(&mut self, message: Message<'_>, start: u64, length: u64) -> Result<()> {
        let dictionary = message.header_as_dictionary_batch();
        let batch = match message.header_as_record_batch() {
            Some(batch) => Some(batch),
            None => dictionary.and_then(|dictionary| dictionary.data()),
        };
        match batch {
            Some(batch) if batch.compression().is_some() => {
                self.check_buffers(batch, start, length)
            }
            // What lies in the file as it is read is no larger than the file.
            _ => reserved(length).map(drop).ok_or_else(|| too_large(length)),
        }
    }

    /// A compressed buffer begins with the length of its values; -1 stands before plain ones.
    fn check_buffers(&mut self, batch: RecordBatch<'_>, start: u64, length: u64) -> Result<()> {
        let mut total: u64 = 0;
        for buffer in batch.buffers().into_iter().flatten() {
            if buffer.length() == 0 {
                continue;
            }
            let offset = u64::try_from(buffer.offset()).map_err(|_| lies("a buffer"))?;
            let stored = u64::try_from(buffer.length()).map_err(|_| lies("a buffer"))?;
            let inside = offset.checked_add(stored).is_some_and(|end| end <= length);
            if !inside || stored < 8 {
                return Err(lies("a buffer"));
            }
            let mut word = [0; 8];
            self.read_at(start + offset, &mut word)?;
            let said = i64::from_le_bytes(word);
            if said == -1 {
                continue;
            }
            let values = u64::try_from(said).map_err(|_| lies("a buffer"))?;
            total = total.saturating_add(values);
        }
        self.may_hold(total)
    }

    fn may_hold(&self, bytes: u64) -> Result<()> {
        let allowed = self.most.is_none_or(|most| bytes <= most);
        match reserved(bytes) {
            Some(_) if allowed => Ok(()),
            _ => Err(too_large(bytes)),
        }
    }

    fn bytes_at(&mut self, at: u64, length: u64) -> Result<Vec<u8>> {
        let mut bytes = reserved(length).ok_or_else(|| too_large(length))?;
        let size = usize::try_from(length).map_err(|_| too_large(length))?;
        bytes.resize(size, 0);
        self.read_at(at, &mut bytes)?;
        Ok(bytes)
    }

    fn read_at(&mut self, at: u64, bytes: &mut [u8]) -> Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        Ok(self.file.read_exact(bytes)?)
    }
}

/// The reader panics where tables lack what it takes for granted.
pub fn unwound(
    read: impl FnOnce() -> std::result::Result<(), ArrowError> + UnwindSafe,
) -> Result<()> {
    match std::panic::catch_unwind(read) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(damaged(&error)),
        Err(_) => Err(damaged(&"a part is missing")),
    }
}

/// Room for so many bytes, if the system gives it; nothing is touched.
fn reserved(bytes: u64) -> Option<Vec<u8>> {
    let mut room = Vec::new();
    room.try_reserve_exact(usize::try_from(bytes).ok()?).ok()?;
    Some(room)
}

fn too_large(bytes: u64) -> BridgeError {
    BridgeError::new(
        Kind::ResourceLimit,
        format!("a part of the Arrow file takes {bytes} bytes, more than there may be"),
    )
    .with_subject("memory_limit_bytes")
}

fn lies(what: &str) -> BridgeError {
    BridgeError::corrupt(format!(
        "the Arrow file is damaged: the length of {what} cannot be true"
    ))
}

fn damaged(error: &dyn Display) -> BridgeError {
    BridgeError::corrupt(format!("the Arrow file is damaged: {error}"))
}
