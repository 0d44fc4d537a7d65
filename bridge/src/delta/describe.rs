//! `lg_delta_describe`: Parquet files that are there already, as a table would add them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::time::UNIX_EPOCH;

use deltalake_core::kernel::Add;
use parquet::basic::Type;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use serde::Deserialize;

use super::location::TableRoot;
use super::statistics;
use super::writer::stats_columns;
use crate::abi::LgStr;
use crate::engine::Engine;
use crate::error::{BridgeError, Result};
use crate::fence;
use crate::text::Text;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribeOptions {
    path: String,
    /// As they are called on the disk, relative to the path.
    files: Vec<String>,
    #[serde(default)]
    stats_columns: Option<Vec<String>>,
    #[serde(default)]
    configuration: HashMap<String, String>,
}

fn describe(root: &TableRoot, options: &DescribeOptions) -> Result<Vec<Add>> {
    let columns = stats_columns(options.stats_columns.as_deref(), &options.configuration);
    let mut adds = Vec::with_capacity(options.files.len());
    for name in &options.files {
        let path = root.path.join(name);
        let about = |error: BridgeError| error.about_file(&path.display().to_string());
        let file = File::open(&path).map_err(|error| about(error.into()))?;
        let on_disk = file.metadata().map_err(|error| about(error.into()))?;
        let footer = ParquetMetaDataReader::new()
            .parse_and_finish(&file)
            .map_err(|error| about(error.into()))?;
        let modified = on_disk.modified().map_err(|error| about(error.into()))?;
        let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        adds.push(Add {
            path: name.clone(),
            size: i64::try_from(on_disk.len()).unwrap_or(i64::MAX),
            modification_time: i64::try_from(modified.as_millis()).unwrap_or(i64::MAX),
            data_change: true,
            stats: Some(statistics::of_file(&footer, &columns, &floats(&footer))?),
            ..Add::default()
        });
    }
    Ok(adds)
}

/// Whether they hold a NaN, a footer does not tell.
fn floats(footer: &ParquetMetaData) -> HashSet<usize> {
    let leaves = footer
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .enumerate();
    leaves
        .filter(|(_, leaf)| matches!(leaf.physical_type(), Type::FLOAT | Type::DOUBLE))
        .map(|(place, _)| place)
        .collect()
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_describe(
    engine: *const Engine,
    options: LgStr,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let options: DescribeOptions = unsafe { fence::options(options, "files to describe") }?;
        let root = TableRoot::new(engine, &options.path)?;
        unsafe { fence::give(out, Text::json(&describe(&root, &options)?)?) }
    })
}
