//! Files as a provider: formats with their options, schemas, partition columns.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::arrow::ArrowFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::execution::memory_pool::MemoryLimit;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use serde::Deserialize;
use url::Url;

use super::files::DataFiles;
use super::{Format, Location, diagnose, ipc_check, null_regex};
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{BridgeError, Kind, Result};

const DEFAULT_INFER_ROWS: usize = 1000;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct TableOptions {
    delimiter: Option<String>,
    quote: Option<String>,
    escape: Option<String>,
    comment: Option<String>,
    header: Option<bool>,
    null_regex: Option<String>,
    newlines_in_values: Option<bool>,
    infer_rows: Option<usize>,
    compression: Option<String>,
}

impl TableOptions {
    /// An option of another format would be ignored in silence: it is refused by name.
    pub fn refuse_all_but(&self, known: &[&str], format: Format) -> Result<()> {
        let given = [
            ("delimiter", self.delimiter.is_some()),
            ("quote", self.quote.is_some()),
            ("escape", self.escape.is_some()),
            ("comment", self.comment.is_some()),
            ("header", self.header.is_some()),
            ("null_regex", self.null_regex.is_some()),
            ("newlines_in_values", self.newlines_in_values.is_some()),
            ("infer_rows", self.infer_rows.is_some()),
            ("compression", self.compression.is_some()),
        ];
        for (name, present) in given {
            if present && !known.contains(&name) {
                return Err(BridgeError::invalid_argument(format!(
                    "the option is not one of the format {}: {name}",
                    format.name()
                ))
                .with_subject(name));
            }
        }
        Ok(())
    }

    fn compression(&self, files: &DataFiles) -> Result<FileCompressionType> {
        let name = match self.compression.as_deref() {
            Some("none") => "",
            Some(name) => name,
            None => files.common_compression()?,
        };
        FileCompressionType::from_str(name).map_err(|_| {
            BridgeError::invalid_argument(format!(
                "the compression is not known: {name}; known are none, gzip, bzip2, xz, zstd"
            ))
            .with_subject("compression")
        })
    }

    fn csv(&self, files: &DataFiles) -> Result<CsvFormat> {
        let mut csv = CsvFormat::default()
            .with_has_header(self.header.unwrap_or(true))
            .with_escape(byte("escape", self.escape.as_deref())?)
            .with_comment(byte("comment", self.comment.as_deref())?)
            // For the inference alone: the library's scan does not look at it, see null_regex.rs.
            .with_null_regex(self.null_regex.clone())
            .with_newlines_in_values(self.newlines_in_values.unwrap_or(false))
            .with_schema_infer_max_rec(self.infer_rows.unwrap_or(DEFAULT_INFER_ROWS))
            .with_file_compression_type(self.compression(files)?);
        if let Some(delimiter) = byte("delimiter", self.delimiter.as_deref())? {
            csv = csv.with_delimiter(delimiter);
        }
        if let Some(quote) = byte("quote", self.quote.as_deref())? {
            csv = csv.with_quote(quote);
        }
        Ok(csv)
    }

    fn format(&self, format: Format, files: &DataFiles) -> Result<Arc<dyn FileFormat>> {
        match format {
            Format::Parquet => {
                self.refuse_all_but(&[], format)?;
                Ok(Arc::new(
                    ParquetFormat::default().with_force_view_types(false),
                ))
            }
            Format::Arrow => {
                self.refuse_all_but(&[], format)?;
                Ok(Arc::new(ArrowFormat))
            }
            Format::Ndjson => {
                self.refuse_all_but(&["infer_rows", "compression"], format)?;
                Ok(Arc::new(
                    JsonFormat::default()
                        .with_schema_infer_max_rec(self.infer_rows.unwrap_or(DEFAULT_INFER_ROWS))
                        .with_file_compression_type(self.compression(files)?),
                ))
            }
            Format::Csv => Ok(Arc::new(self.csv(files)?)),
            Format::Delta => Err(BridgeError::internal("a Delta table is not a listing")),
        }
    }
}

/// A one-byte option; an empty text is none.
fn byte(name: &str, value: Option<&str>) -> Result<Option<u8>> {
    match value.map(str::as_bytes) {
        None | Some([]) => Ok(None),
        Some([byte]) => Ok(Some(*byte)),
        Some(_) => Err(BridgeError::invalid_argument(format!(
            "the option must be one ASCII character: {name}"
        ))
        .with_subject(name)),
    }
}

pub fn listing_table(
    engine: &Engine,
    location: &Location,
    files: &DataFiles,
    schema: Option<SchemaRef>,
) -> Result<Arc<dyn TableProvider>> {
    if location.format == Format::Arrow {
        let most = match engine.env().memory_pool.memory_limit() {
            MemoryLimit::Finite(bytes) => u64::try_from(bytes).ok(),
            _ => None,
        };
        for path in files.paths() {
            ipc_check::check(path, most)?;
        }
    }
    let format = location.options.format(location.format, files)?;
    let partitions = partition_fields(location, schema.as_ref());
    let file_schema = match schema {
        Some(schema) => without_partitions(&schema, location),
        None => infer(engine, location.format, &format, files)?,
    };
    for (name, _) in &partitions {
        if file_schema.field_with_name(name).is_ok() {
            return Err(BridgeError::new(
                Kind::SchemaMismatch,
                format!("a partition column is also in the files: {name}"),
            ));
        }
    }
    let (file_schema, wanted) = match &location.options.null_regex {
        Some(_) => (null_regex::as_text(&file_schema), Some(file_schema)),
        None => (file_schema, None),
    };
    let mut options = ListingOptions::new(format).with_file_extension("");
    if !partitions.is_empty() {
        options = options.with_file_extension(files.common_extension()?);
    }
    let urls = urls(location, files)?;
    let options = options.with_table_partition_cols(partitions);
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(file_schema);
    let cache = engine.env().cache_manager.get_file_statistic_cache();
    let table = Arc::new(ListingTable::try_new(config)?.with_cache(cache));
    match (&location.options.null_regex, wanted) {
        (Some(pattern), Some(wanted)) => null_regex::apply(table, &wanted, pattern),
        _ => Ok(table),
    }
}

/// Plain datasets are read from exactly the files that were found; partition values are only
/// found by listing the folders again.
fn urls(location: &Location, files: &DataFiles) -> Result<Vec<ListingTableUrl>> {
    if location.partition_columns.is_empty() {
        return files.paths().iter().map(|path| file_url(path)).collect();
    }
    let mut urls = Vec::new();
    for path in &location.paths {
        if !Path::new(path).is_dir() {
            return Err(BridgeError::invalid_argument(format!(
                "partition_columns need a folder, this is a file: {path}"
            )));
        }
        let url = Url::from_directory_path(path).map_err(|()| no_url(path))?;
        urls.push(ListingTableUrl::try_new(url, None)?);
    }
    Ok(urls)
}

fn file_url(path: &Path) -> Result<ListingTableUrl> {
    let url = Url::from_file_path(path).map_err(|()| no_url(&path.to_string_lossy()))?;
    Ok(ListingTableUrl::try_new(url, None)?)
}

fn no_url(path: &str) -> BridgeError {
    BridgeError::invalid_argument(format!("the path cannot be used: {path}"))
}

fn partition_fields(location: &Location, schema: Option<&SchemaRef>) -> Vec<(String, DataType)> {
    let given = |name: &str| {
        let field = schema.and_then(|schema| schema.field_with_name(name).ok());
        field.map_or(DataType::Utf8, |field| field.data_type().clone())
    };
    let names = location.partition_columns.iter();
    names.map(|name| (name.clone(), given(name))).collect()
}

fn without_partitions(schema: &SchemaRef, location: &Location) -> SchemaRef {
    let kept: Vec<Arc<Field>> = schema
        .fields()
        .iter()
        .filter(|field| !location.partition_columns.contains(field.name()))
        .cloned()
        .collect();
    Arc::new(Schema::new_with_metadata(kept, schema.metadata().clone()))
}

fn infer(
    engine: &Engine,
    format_name: Format,
    format: &Arc<dyn FileFormat>,
    files: &DataFiles,
) -> Result<SchemaRef> {
    let inference = Inference {
        engine: engine.clone(),
        format: format.clone(),
    };
    let all: Vec<&Path> = files.paths().iter().map(|path| path.as_path()).collect();
    let error = match inference.schema(&all) {
        Ok(schema) if schema.fields().is_empty() => {
            let paths: Vec<String> = all
                .iter()
                .map(|p| p.to_string_lossy().into_owned())
                .collect();
            return Err(files.nothing_to_read(&paths, format_name));
        }
        Ok(schema) => return Ok(schema),
        Err(error) => error,
    };
    // The library does not say which file it was.
    for path in all {
        if let Err(error) = inference.schema(&[path]) {
            let error = corrupt(error);
            let found = diagnose::explain(&error, format_name, &[path.to_owned()], None, true);
            return Err(found.unwrap_or(error));
        }
    }
    let mut error = error;
    error.kind = Kind::SchemaMismatch;
    Err(error.context("the files of the dataset have schemas that do not fit together"))
}

/// What a file makes a reader say is the file's fault, not the engine's.
fn corrupt(mut error: BridgeError) -> BridgeError {
    if matches!(error.kind, Kind::Internal | Kind::InvalidArgument) {
        error.kind = Kind::CorruptData;
    }
    error
}

struct Inference {
    engine: Engine,
    format: Arc<dyn FileFormat>,
}

impl Inference {
    fn schema(&self, paths: &[&Path]) -> Result<SchemaRef> {
        let urls: Vec<ListingTableUrl> = paths
            .iter()
            .map(|path| file_url(path))
            .collect::<Result<_>>()?;
        let Some(first) = urls.first() else {
            return Ok(Arc::new(Schema::empty()));
        };
        let store = self.engine.env().object_store(first)?;
        let format = self.format.clone();
        let state = self.engine.template().clone();
        self.engine.run(&Cancel::never(), async move {
            let mut objects = Vec::with_capacity(urls.len());
            for url in &urls {
                objects.push(head(store.as_ref(), url).await?);
            }
            Ok(format.infer_schema(&state, &store, &objects).await?)
        })
    }
}

async fn head(store: &dyn ObjectStore, url: &ListingTableUrl) -> Result<ObjectMeta> {
    Ok(store.head(url.prefix()).await?)
}
