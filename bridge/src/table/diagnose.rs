//! After a failed read: which file it was, and which line of an NDJSON or CSV file. Runs once a
//! failed statement.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde::de::IgnoredAny;

use super::{Format, ipc_check};
use crate::error::{BridgeError, Kind, number_after};

const PARQUET_PANIC: &str = "column start and length should not be negative";

/// Larger files are read in ranges, whose lines the reader counts from their own beginning.
const WHOLE_FILE_BYTES: u64 = 10 << 20;

/// How much of Parquet files is read again to find the broken one.
const MOST_READ_BYTES: u64 = 1 << 30;

/// What this table knows about an error of a scan. `alone` when no other table was read, so
/// that an error without a file can only be about this one.
pub fn explain(
    error: &BridgeError,
    format: Format,
    files: &[PathBuf],
    schema: Option<&Schema>,
    alone: bool,
) -> Option<BridgeError> {
    if format == Format::Arrow && may_be_of_ipc(error) {
        return files.iter().find_map(|path| broken_ipc(path));
    }
    if format == Format::Parquet && error.message.contains(PARQUET_PANIC) {
        return files.iter().find_map(|path| misplaced_column(path));
    }
    if error.kind != Kind::CorruptData {
        return None;
    }
    if matches!(format, Format::Parquet | Format::Delta) && error.subject.is_empty() {
        let mut left = MOST_READ_BYTES;
        let found = files.iter().find(|path| is_broken_parquet(path, &mut left));
        return found.map(|path| error.clone().about_file(&path.to_string_lossy()));
    }
    if format == Format::Ndjson
        && let Some(found) = files.iter().find_map(|path| broken_line(path))
    {
        return Some(found);
    }
    let [only] = files else {
        return None;
    };
    let path = only.to_string_lossy();
    alone.then(|| match format {
        Format::Csv => csv_column(csv_line(error, only), schema).about_file(&path),
        _ => error.clone().about_file(&path),
    })
}

/// The IPC reader finds damage while it builds arrays, and calls it what a wrong argument is
/// called, or a failed decompression.
fn may_be_of_ipc(error: &BridgeError) -> bool {
    let kind = matches!(
        error.kind,
        Kind::CorruptData | Kind::Internal | Kind::Io | Kind::SchemaMismatch
    );
    let invalid = error.message.starts_with("Invalid argument error");
    error.subject.is_empty() && (kind || invalid)
}

/// Reads the file once more, to say that it is this one.
fn broken_ipc(path: &Path) -> Option<BridgeError> {
    let error = ipc_check::unwound(|| read_ipc(path)).err()?;
    Some(error.about_file(&path.to_string_lossy()))
}

fn read_ipc(path: &Path) -> std::result::Result<(), ArrowError> {
    let mut file = File::open(path)?;
    let mut magic = [0; 6];
    let is_file = file.read_exact(&mut magic).is_ok() && &magic == ipc_check::MAGIC;
    file.rewind()?;
    if is_file {
        for batch in FileReader::try_new_buffered(file, None)? {
            batch?;
        }
    } else {
        for batch in StreamReader::try_new_buffered(file, None)? {
            batch?;
        }
    }
    Ok(())
}

/// Reads the file once more, as long as bytes are `left` for it; its footer in any case.
fn is_broken_parquet(path: &Path, left: &mut u64) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    let bytes = file.metadata().map_or(0, |data| data.len());
    let whole = bytes <= *left;
    if whole {
        *left -= bytes;
    }
    ipc_check::unwound(|| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)?;
        if whole {
            for batch in reader.build()? {
                batch?;
            }
        }
        Ok(())
    })
    .is_err()
}

/// The reader takes the places of columns for true, and panics where they are negative.
fn misplaced_column(path: &Path) -> Option<BridgeError> {
    let reader = SerializedFileReader::new(File::open(path).ok()?).ok()?;
    let groups = reader.metadata().row_groups().iter();
    let misplaced = groups.flat_map(|group| group.columns()).any(|column| {
        let dictionary = column.dictionary_page_offset().unwrap_or(0);
        column.compressed_size() < 0 || column.data_page_offset() < 0 || dictionary < 0
    });
    let text = "the Parquet file is damaged: the place of a column cannot be true";
    misplaced.then(|| BridgeError::corrupt(text).about_file(&path.to_string_lossy()))
}

/// Where a value is of another type, the reader counts records from 0 and the header as one of
/// them, in each range anew. Lines with another number of fields are counted from 1.
fn csv_line(error: &BridgeError, path: &Path) -> BridgeError {
    let mut error = error.clone();
    let said = format!("at line {}", error.line);
    let of_value =
        error.message.contains("parsing value") || error.message.contains("parsing column");
    if error.line < 1 || !of_value || !error.message.contains(&said) {
        return error;
    }
    let whole = path
        .metadata()
        .is_ok_and(|data| data.len() <= WHOLE_FILE_BYTES);
    if whole {
        let line = error.line + 1;
        error.message = error.message.replace(&said, &format!("at line {line}"));
        error.line = line;
    } else {
        error.message = error.message.replace(&format!(" {said}"), "");
        error.line = 0;
    }
    error
}

/// The reader counts columns from 0 and does not know their names.
fn csv_column(mut error: BridgeError, schema: Option<&Schema>) -> BridgeError {
    let field = number_after(&error.message, "' for column ").and_then(|index| {
        let field = schema?.fields().get(usize::try_from(index).ok()?)?;
        Some((index, field))
    });
    if let Some((index, field)) = field {
        let said = format!("' for column {index} ");
        let named = format!("' for column '{}' ", field.name());
        error.message = error.message.replacen(&said, &named, 1);
    }
    error
}

/// The first line that is no JSON; compressed files are left alone.
fn broken_line(path: &Path) -> Option<BridgeError> {
    let mut reader = BufReader::new(File::open(path).ok()?);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_ascii();
        if number == 1 && (text.starts_with(&[0x1f, 0x8b]) || std::str::from_utf8(text).is_err()) {
            return None;
        }
        if text.is_empty() {
            continue;
        }
        if let Err(error) = serde_json::from_slice::<IgnoredAny>(text) {
            let column = u64::try_from(error.column()).unwrap_or(0);
            let path = path.to_string_lossy();
            return Some(
                BridgeError::corrupt(format!(
                    "a line is not JSON: {path}, line {number}: {error}"
                ))
                .with_subject(path)
                .with_position(number, column),
            );
        }
    }
    None
}
