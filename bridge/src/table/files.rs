//! The data files under the paths of a table, in the order of their names.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::Format;
use crate::error::{BridgeError, Result, from_io};

const COMPRESSED: &[&str] = &["gz", "bz2", "xz", "zst"];

#[derive(Default)]
pub struct DataFiles {
    paths: Vec<PathBuf>,
    bytes: u64,
}

impl DataFiles {
    /// A file is taken as it is. In a folder, at any depth, the files with an extension of the
    /// format count; names that begin with `.` or `_` do not, nor do files without a byte.
    pub fn find(paths: &[String], format: Format) -> Result<Self> {
        if paths.is_empty() {
            return Err(BridgeError::invalid_argument("a table needs a path"));
        }
        let mut found = DataFiles::default();
        for path in paths {
            let path = Path::new(path);
            if !path.is_absolute() {
                return Err(BridgeError::invalid_argument(format!(
                    "the path of a table must be absolute: {}",
                    path.display()
                )));
            }
            let metadata = fs::metadata(path).map_err(|error| about(&error, path))?;
            if metadata.is_dir() {
                found.walk(path, format)?;
            } else {
                found.take(path.to_owned())?;
            }
        }
        found.paths.sort();
        found.paths.dedup();
        Ok(found)
    }

    fn walk(&mut self, folder: &Path, format: Format) -> Result<()> {
        let mut pending = vec![folder.to_owned()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| about(&error, &folder))? {
                let path = entry.map_err(|error| about(&error, &folder))?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.starts_with(['.', '_']) {
                    continue;
                }
                // Follows links; a link to its own parent is the operating system's ELOOP.
                let metadata = fs::metadata(&path).map_err(|error| about(&error, &path))?;
                if metadata.is_dir() {
                    if !fs::symlink_metadata(&path).is_ok_and(|link| link.is_symlink()) {
                        pending.push(path);
                    }
                } else if belongs(&name, format) {
                    self.take(path)?;
                }
            }
        }
        Ok(())
    }

    /// Opened once, so that a file nobody may read is an error here and not in a scan.
    fn take(&mut self, path: PathBuf) -> Result<()> {
        let file = File::open(&path).map_err(|error| about(&error, &path))?;
        let metadata = file.metadata().map_err(|error| about(&error, &path))?;
        if !metadata.is_file() {
            return Err(BridgeError::unsupported(format!(
                "a table is read from regular files and folders: {}",
                path.display()
            ))
            .with_subject(path.to_string_lossy()));
        }
        if metadata.len() > 0 {
            self.bytes += metadata.len();
            self.paths.push(path);
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub fn len(&self) -> usize {
        self.paths.len()
    }

    pub fn bytes(&self) -> i64 {
        i64::try_from(self.bytes).unwrap_or(i64::MAX)
    }

    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    pub fn nothing_to_read(&self, paths: &[String], format: Format) -> BridgeError {
        let first = paths.first().map_or("", String::as_str);
        BridgeError::not_found(format!(
            "the dataset is empty: no {} file with content at {}; its schema can be given instead",
            format.name(),
            paths.join(", ")
        ))
        .with_subject(first)
    }

    /// The extension all files share, compression included, such as `csv.gz`.
    pub fn common_extension(&self) -> Result<String> {
        let mut common: Option<String> = None;
        for path in &self.paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let extension = extension(&name);
            match &common {
                None => common = Some(extension),
                Some(known) if *known == extension => {}
                Some(known) => {
                    return Err(BridgeError::unsupported(format!(
                        "the files of a dataset have different extensions: {known} and {extension}"
                    )));
                }
            }
        }
        Ok(common.unwrap_or_default())
    }

    /// The compression that the names tell, empty for none; all files share it.
    pub fn common_compression(&self) -> Result<&'static str> {
        let mut common: Option<&'static str> = None;
        for path in &self.paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let tail = name.rsplit('.').next().unwrap_or_default();
            let found = COMPRESSED
                .iter()
                .copied()
                .find(|known| *known == tail)
                .unwrap_or("");
            match common {
                None => common = Some(found),
                Some(known) if known == found => {}
                Some(_) => {
                    return Err(BridgeError::unsupported(
                        "the files of a dataset are compressed in different ways",
                    ));
                }
            }
        }
        Ok(common.unwrap_or(""))
    }
}

fn extension(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [_, .., inner, outer] if COMPRESSED.contains(outer) => format!("{inner}.{outer}"),
        [_, .., last] => (*last).to_owned(),
        _ => String::new(),
    }
}

fn belongs(name: &str, format: Format) -> bool {
    let extension = extension(&name.to_lowercase());
    let (plain, compressed) = match extension.split_once('.') {
        Some((plain, _)) => (plain, true),
        None => (extension.as_str(), false),
    };
    match format {
        Format::Parquet => !compressed && matches!(plain, "parquet" | "parq"),
        Format::Csv => matches!(plain, "csv" | "tsv" | "txt"),
        Format::Ndjson => matches!(plain, "ndjson" | "jsonl" | "json"),
        Format::Arrow => !compressed && matches!(plain, "arrow" | "arrows" | "ipc" | "feather"),
        Format::Delta => false,
    }
}

fn about(error: &io::Error, path: &Path) -> BridgeError {
    from_io(error).about_file(&path.to_string_lossy())
}
