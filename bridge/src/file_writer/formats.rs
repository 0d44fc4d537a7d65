//! The four formats of a written file and their options.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter as IpcWriter, IpcWriteOptions, StreamWriter};
use arrow::json::writer::LineDelimited;
use arrow::json::{Writer as JsonWriter, WriterBuilder as JsonBuilder};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use serde::Deserialize;

use super::own_bytes::own_bytes;
use super::{CountedFile, Format};
use crate::error::{BridgeError, Result};

/// A row group is closed at this size too, so that memory does not grow with the row width.
const MAX_ROW_GROUP_BYTES: usize = 128 << 20;
const DEFAULT_COMPRESSION: &str = "zstd(3)";

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct WriterOptions {
    compression: Option<String>,
    max_row_group_rows: Option<usize>,
    dictionary: Option<bool>,
    statistics: Option<String>,
    delimiter: Option<String>,
    quote: Option<String>,
    escape: Option<String>,
    double_quote: Option<bool>,
    header: Option<bool>,
    null: Option<String>,
    date_format: Option<String>,
    datetime_format: Option<String>,
    time_format: Option<String>,
    timestamp_format: Option<String>,
    timestamp_tz_format: Option<String>,
    explicit_nulls: Option<bool>,
    stream: Option<bool>,
}

const PARQUET_OPTIONS: &[&str] = &[
    "compression",
    "max_row_group_rows",
    "dictionary",
    "statistics",
];
const ARROW_OPTIONS: &[&str] = &["compression", "stream"];
const TEXT_OPTIONS: &[&str] = &[
    "date_format",
    "datetime_format",
    "time_format",
    "timestamp_format",
    "timestamp_tz_format",
];
const CSV_OPTIONS: &[&str] = &[
    "delimiter",
    "quote",
    "escape",
    "double_quote",
    "header",
    "null",
];
const NDJSON_OPTIONS: &[&str] = &["explicit_nulls"];

impl WriterOptions {
    /// An option of another format is refused by name.
    fn check(&self, format: Format) -> Result<()> {
        let given = [
            ("compression", self.compression.is_some()),
            ("max_row_group_rows", self.max_row_group_rows.is_some()),
            ("dictionary", self.dictionary.is_some()),
            ("statistics", self.statistics.is_some()),
            ("delimiter", self.delimiter.is_some()),
            ("quote", self.quote.is_some()),
            ("escape", self.escape.is_some()),
            ("double_quote", self.double_quote.is_some()),
            ("header", self.header.is_some()),
            ("null", self.null.is_some()),
            ("date_format", self.date_format.is_some()),
            ("datetime_format", self.datetime_format.is_some()),
            ("time_format", self.time_format.is_some()),
            ("timestamp_format", self.timestamp_format.is_some()),
            ("timestamp_tz_format", self.timestamp_tz_format.is_some()),
            ("explicit_nulls", self.explicit_nulls.is_some()),
            ("stream", self.stream.is_some()),
        ];
        let (known, also): (&[&str], &[&str]) = match format {
            Format::Parquet => (PARQUET_OPTIONS, &[]),
            Format::Arrow => (ARROW_OPTIONS, &[]),
            Format::Csv => (CSV_OPTIONS, TEXT_OPTIONS),
            Format::Ndjson => (NDJSON_OPTIONS, TEXT_OPTIONS),
        };
        for (name, present) in given {
            if present && !known.contains(&name) && !also.contains(&name) {
                return Err(BridgeError::invalid_argument(format!(
                    "the option is not one of the format {format:?}: {name}"
                ))
                .with_subject(name));
            }
        }
        Ok(())
    }
}

pub trait FormatWriter: Send {
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;
    /// Writes what is left and hands everything to the operating system.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Options and schema are checked before the file is made.
pub fn open(
    format: Format,
    options: &WriterOptions,
    schema: &SchemaRef,
    make_file: impl FnOnce() -> Result<CountedFile>,
) -> Result<Box<dyn FormatWriter>> {
    options.check(format)?;
    match format {
        Format::Parquet => {
            let properties = parquet_properties(options)?;
            let writer = ArrowWriter::try_new(make_file()?, schema.clone(), Some(properties))?;
            Ok(Box::new(ParquetFile(writer)))
        }
        Format::Arrow => {
            let properties = ipc_options(options)?;
            if options.stream == Some(true) {
                let file = make_file()?;
                let mut writer = StreamWriter::try_new_with_options(file, schema, properties)?;
                // Whoever reads along waits for the schema too.
                writer.get_mut().flush()?;
                return Ok(Box::new(IpcStream(writer)));
            }
            let writer = IpcWriter::try_new_with_options(make_file()?, schema, properties)?;
            Ok(Box::new(IpcFile(writer)))
        }
        Format::Csv => {
            refuse_nested(schema)?;
            let builder = csv_builder(options)?;
            let mut writer = builder.build(make_file()?);
            // A header also when no row follows.
            writer.write(&RecordBatch::new_empty(schema.clone()))?;
            Ok(Box::new(CsvFile(writer)))
        }
        Format::Ndjson => Ok(Box::new(NdjsonFile(
            ndjson_builder(options).build(make_file()?),
        ))),
    }
}

struct ParquetFile(ArrowWriter<CountedFile>);

impl FormatWriter for ParquetFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.0.write(batch)?;
        if self.0.in_progress_size() > MAX_ROW_GROUP_BYTES {
            self.0.flush()?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut file = self.0.into_inner()?;
        Ok(file.flush()?)
    }
}

struct IpcFile(IpcWriter<CountedFile>);

impl FormatWriter for IpcFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        Ok(self.0.write(&own_bytes(batch)?)?)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut file = self.0.into_inner()?;
        Ok(file.flush()?)
    }
}

/// Unlike a file, a stream may change a dictionary from one batch to the next.
struct IpcStream(StreamWriter<CountedFile>);

impl FormatWriter for IpcStream {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.0.write(&own_bytes(batch)?)?;
        // Whoever reads along waits for it.
        Ok(self.0.get_mut().flush()?)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut file = self.0.into_inner()?;
        Ok(file.flush()?)
    }
}

struct CsvFile(arrow::csv::Writer<CountedFile>);

impl FormatWriter for CsvFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        Ok(self.0.write(batch)?)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut file = self.0.into_inner();
        Ok(file.flush()?)
    }
}

struct NdjsonFile(JsonWriter<CountedFile, LineDelimited>);

impl FormatWriter for NdjsonFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        Ok(self.0.write(batch)?)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.0.finish()?;
        let mut file = self.0.into_inner();
        Ok(file.flush()?)
    }
}

fn parquet_properties(options: &WriterOptions) -> Result<WriterProperties> {
    let name = options
        .compression
        .as_deref()
        .unwrap_or(DEFAULT_COMPRESSION);
    let mut properties = WriterProperties::builder()
        .set_compression(parquet_compression(name)?)
        .set_dictionary_enabled(options.dictionary.unwrap_or(true))
        .set_statistics_enabled(match options.statistics.as_deref() {
            Some("none") => EnabledStatistics::None,
            Some("chunk") => EnabledStatistics::Chunk,
            None | Some("page") => EnabledStatistics::Page,
            Some(other) => return Err(unknown("statistics", other, "none, chunk, page")),
        });
    if let Some(rows) = options.max_row_group_rows {
        if rows == 0 {
            return Err(unknown("max_row_group_rows", "0", "1 and more"));
        }
        properties = properties.set_max_row_group_row_count(Some(rows));
    }
    Ok(properties.build())
}

fn parquet_compression(name: &str) -> Result<Compression> {
    let known = "none, snappy, gzip, brotli, lz4_raw, zstd, each but the first two and lz4_raw \
                 with a level such as zstd(3)";
    let text = match name.to_ascii_lowercase().as_str() {
        "none" | "" => "uncompressed".to_owned(),
        // The parser of the library wants a level for these.
        "zstd" => "zstd(3)".to_owned(),
        "gzip" => "gzip(6)".to_owned(),
        "brotli" => "brotli(1)".to_owned(),
        other => other.to_owned(),
    };
    text.parse()
        .map_err(|_| unknown("compression", name, known))
}

fn ipc_options(options: &WriterOptions) -> Result<IpcWriteOptions> {
    let compression = match options.compression.as_deref() {
        None | Some("none" | "") => None,
        Some("lz4") => Some(CompressionType::LZ4_FRAME),
        Some("zstd") => Some(CompressionType::ZSTD),
        Some(other) => return Err(unknown("compression", other, "none, lz4, zstd")),
    };
    Ok(IpcWriteOptions::default().try_with_compression(compression)?)
}

fn csv_builder(options: &WriterOptions) -> Result<arrow::csv::WriterBuilder> {
    let mut builder = arrow::csv::WriterBuilder::new().with_header(options.header.unwrap_or(true));
    if let Some(byte) = one_byte("delimiter", options.delimiter.as_deref())? {
        builder = builder.with_delimiter(byte);
    }
    if let Some(byte) = one_byte("quote", options.quote.as_deref())? {
        builder = builder.with_quote(byte);
    }
    if let Some(byte) = one_byte("escape", options.escape.as_deref())? {
        builder = builder.with_escape(byte).with_double_quote(false);
    }
    if let Some(double) = options.double_quote {
        builder = builder.with_double_quote(double);
    }
    if let Some(null) = &options.null {
        builder = builder.with_null(null.clone());
    }
    if let Some(format) = &options.date_format {
        builder = builder.with_date_format(format.clone());
    }
    if let Some(format) = &options.datetime_format {
        builder = builder.with_datetime_format(format.clone());
    }
    if let Some(format) = &options.time_format {
        builder = builder.with_time_format(format.clone());
    }
    if let Some(format) = &options.timestamp_format {
        builder = builder.with_timestamp_format(format.clone());
    }
    if let Some(format) = &options.timestamp_tz_format {
        builder = builder.with_timestamp_tz_format(format.clone());
    }
    Ok(builder)
}

fn ndjson_builder(options: &WriterOptions) -> JsonBuilder {
    let mut builder =
        JsonBuilder::new().with_explicit_nulls(options.explicit_nulls.unwrap_or(false));
    if let Some(format) = &options.date_format {
        builder = builder.with_date_format(format.clone());
    }
    if let Some(format) = &options.datetime_format {
        builder = builder.with_datetime_format(format.clone());
    }
    if let Some(format) = &options.time_format {
        builder = builder.with_time_format(format.clone());
    }
    if let Some(format) = &options.timestamp_format {
        builder = builder.with_timestamp_format(format.clone());
    }
    if let Some(format) = &options.timestamp_tz_format {
        builder = builder.with_timestamp_tz_format(format.clone());
    }
    builder
}

fn refuse_nested(schema: &Schema) -> Result<()> {
    for field in schema.fields() {
        let value = match field.data_type() {
            DataType::Dictionary(_, value) => value.as_ref(),
            other => other,
        };
        if value.is_nested() {
            return Err(BridgeError::unsupported(format!(
                "CSV has no nested columns: {} is {value}; write ndjson, parquet or arrow instead",
                field.name()
            ))
            .with_subject(field.name()));
        }
    }
    Ok(())
}

fn one_byte(name: &str, value: Option<&str>) -> Result<Option<u8>> {
    match value.map(str::as_bytes) {
        None => Ok(None),
        Some([byte]) => Ok(Some(*byte)),
        Some(_) => Err(unknown(
            name,
            value.unwrap_or_default(),
            "one ASCII character",
        )),
    }
}

fn unknown(option: &str, value: &str, known: &str) -> BridgeError {
    BridgeError::invalid_argument(format!(
        "the value of an option is not known: {option} = {value}; known: {known}"
    ))
    .with_subject(option)
}
