//! After a failed read: which file it was, and which line of an NDJSON file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::Format;
use crate::error::{BridgeError, Kind};

pub fn explain(error: BridgeError, format: Format, files: &[PathBuf]) -> BridgeError {
    if error.kind != Kind::CorruptData {
        return error;
    }
    if format == Format::Ndjson
        && let Some(found) = files.iter().find_map(|path| broken_line(path))
    {
        return found;
    }
    match files {
        [only] => error.about_file(&only.to_string_lossy()),
        _ => error,
    }
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
