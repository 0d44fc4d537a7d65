//! Which kind an error of the libraries is. Wrappers are taken off until something typed
//! is found; a text is read only where the library offers nothing else.

use std::error::Error;
use std::io;

use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use parquet::errors::ParquetError;

use super::{BridgeError, Kind};

/// What the planner calls a bug of its own: a type by which it cannot order a window's default frame.
const NO_RANGE_FRAME: &str = "Cannot run range queries on datatype";

impl From<DataFusionError> for BridgeError {
    fn from(error: DataFusionError) -> Self {
        datafusion_error(&error)
    }
}

impl From<ArrowError> for BridgeError {
    fn from(error: ArrowError) -> Self {
        arrow_error(&error)
    }
}

impl From<ParquetError> for BridgeError {
    fn from(error: ParquetError) -> Self {
        parquet_error(&error)
    }
}

impl From<object_store::Error> for BridgeError {
    fn from(error: object_store::Error) -> Self {
        store_error(&error)
    }
}

impl From<io::Error> for BridgeError {
    fn from(error: io::Error) -> Self {
        from_io(&error)
    }
}

impl From<ParserError> for BridgeError {
    fn from(error: ParserError) -> Self {
        parser_error(&error)
    }
}

impl From<tokio::task::JoinError> for BridgeError {
    fn from(error: tokio::task::JoinError) -> Self {
        join_error(&error)
    }
}

fn datafusion_error(error: &DataFusionError) -> BridgeError {
    match error {
        DataFusionError::ArrowError(inner, _) => arrow_error(inner),
        DataFusionError::ParquetError(inner) => parquet_error(inner),
        DataFusionError::ObjectStore(inner) => store_error(inner),
        DataFusionError::IoError(inner) => from_io(inner),
        DataFusionError::SQL(inner, _) => parser_error(inner),
        DataFusionError::NotImplemented(text) => BridgeError::unsupported(text),
        DataFusionError::Internal(text) if text.starts_with(NO_RANGE_FRAME) => {
            BridgeError::unsupported(format!("{text}; the window needs a frame of ROWS"))
        }
        DataFusionError::Internal(text) => BridgeError::internal(text),
        DataFusionError::Plan(text) => plan_error(text),
        DataFusionError::Configuration(text) => BridgeError::invalid_argument(text),
        DataFusionError::SchemaError(inner, _) => schema_error(inner),
        DataFusionError::Execution(text) => execution_error(text),
        DataFusionError::ExecutionJoin(inner) => join_error(inner),
        DataFusionError::ResourcesExhausted(text) => exhausted_error(text),
        DataFusionError::External(inner) => from_error(inner.as_ref()),
        DataFusionError::Context(text, inner) => context_error(text, inner),
        DataFusionError::Substrait(text) => BridgeError::unsupported(text),
        DataFusionError::Diagnostic(diagnostic, inner) => {
            let mut error = datafusion_error(inner);
            if let (0, Some(span)) = (error.line, diagnostic.span) {
                error = error.with_position(span.start.line, span.start.column);
            }
            error
        }
        DataFusionError::Collection(errors) => match errors.first() {
            Some(first) => datafusion_error(first),
            None => BridgeError::internal("an empty collection of errors"),
        },
        DataFusionError::Shared(inner) => datafusion_error(inner),
        DataFusionError::Ffi(text) => BridgeError::internal(text),
    }
}

/// Optimizer rules and the like add their name; it helps only those who read a bug.
fn context_error(text: &str, inner: &DataFusionError) -> BridgeError {
    let error = datafusion_error(inner);
    match error.kind {
        Kind::Internal => error.context(text),
        Kind::CorruptData | Kind::Io if !text.is_empty() => error.context(text),
        _ => error,
    }
}

fn arrow_error(error: &ArrowError) -> BridgeError {
    match error {
        ArrowError::ExternalError(inner) => from_error(inner.as_ref()),
        ArrowError::NotYetImplemented(text) => BridgeError::unsupported(text),
        ArrowError::MemoryError(text) => {
            BridgeError::new(Kind::ResourceLimit, text).with_subject("memory_limit_bytes")
        }
        ArrowError::CastError(text) => BridgeError::new(Kind::SchemaMismatch, text),
        ArrowError::SchemaError(text) => BridgeError::new(Kind::SchemaMismatch, text),
        ArrowError::ParseError(text)
        | ArrowError::CsvError(text)
        | ArrowError::JsonError(text)
        | ArrowError::AvroError(text)
        | ArrowError::IpcError(text)
        | ArrowError::ParquetError(text) => corrupt_at_line(text),
        ArrowError::IoError(text, inner) => {
            let mut error = from_io(inner);
            if error.kind == Kind::Internal {
                error = BridgeError::new(Kind::Io, text);
            }
            error
        }
        ArrowError::CDataInterface(text) => BridgeError::invalid_argument(text),
        ArrowError::ComputeError(_)
        | ArrowError::DivideByZero
        | ArrowError::ArithmeticOverflow(_)
        | ArrowError::InvalidArgumentError(_) => BridgeError::invalid_argument(error.to_string()),
        ArrowError::DictionaryKeyOverflowError
        | ArrowError::RunEndIndexOverflowError
        | ArrowError::OffsetOverflowError(_) => {
            BridgeError::new(Kind::ResourceLimit, error.to_string()).with_subject("batch_rows")
        }
    }
}

/// The CSV reader says "... at line 3 ..." and nothing typed.
fn corrupt_at_line(text: &str) -> BridgeError {
    let error = BridgeError::corrupt(text);
    match number_after(text, "line ") {
        Some(line) => error.with_position(line, 0),
        None => error,
    }
}

fn parquet_error(error: &ParquetError) -> BridgeError {
    match error {
        ParquetError::External(inner) => from_error(inner.as_ref()),
        ParquetError::NYI(text) => BridgeError::unsupported(text),
        _ => BridgeError::corrupt(error.to_string()),
    }
}

fn store_error(error: &object_store::Error) -> BridgeError {
    use object_store::Error as Store;
    let text = error.to_string();
    match error {
        Store::NotFound { path, .. } => {
            BridgeError::not_found(format!("the file does not exist: {path}")).with_subject(path)
        }
        Store::AlreadyExists { path, .. } => {
            BridgeError::new(Kind::AlreadyExists, text).with_subject(path)
        }
        Store::PermissionDenied { path, .. } | Store::Unauthenticated { path, .. } => {
            BridgeError::new(Kind::Io, text).with_subject(path)
        }
        Store::Precondition { path, .. } | Store::NotModified { path, .. } => {
            BridgeError::new(Kind::Io, text).with_subject(path)
        }
        Store::InvalidPath { .. } | Store::UnknownConfigurationKey { .. } => {
            BridgeError::invalid_argument(text)
        }
        Store::NotSupported { .. } | Store::NotImplemented { .. } => BridgeError::unsupported(text),
        Store::Generic { source, .. } => match io_inside(source.as_ref()) {
            Some(inner) => {
                let mut found = from_io(inner);
                found.message = text;
                found
            }
            None => BridgeError::new(Kind::Io, text),
        },
        Store::JoinError { source } => join_error(source),
        _ => BridgeError::new(Kind::Io, text),
    }
}

/// A failed system call: a missing file is NOT_FOUND, everything else the disk's fault.
pub fn from_io(error: &io::Error) -> BridgeError {
    if let Some(inner) = error.get_ref() {
        let wrapped: &(dyn Error + 'static) = inner;
        if let Some(known) = typed(wrapped) {
            return known;
        }
    }
    match error.kind() {
        io::ErrorKind::NotFound => BridgeError::not_found(error.to_string()),
        io::ErrorKind::AlreadyExists => BridgeError::new(Kind::AlreadyExists, error.to_string()),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
            BridgeError::corrupt(error.to_string())
        }
        io::ErrorKind::OutOfMemory => BridgeError::new(Kind::ResourceLimit, error.to_string())
            .with_subject("memory_limit_bytes"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            BridgeError::new(Kind::Io, format!("no space is left on the device: {error}"))
        }
        _ => BridgeError::new(Kind::Io, error.to_string()),
    }
}

fn io_inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<io::Error>() {
            return Some(found);
        }
        next = current.source();
    }
    None
}

fn typed(error: &(dyn Error + 'static)) -> Option<BridgeError> {
    if let Some(found) = error.downcast_ref::<BridgeError>() {
        return Some(found.clone());
    }
    if let Some(found) = error.downcast_ref::<DataFusionError>() {
        return Some(datafusion_error(found));
    }
    if let Some(found) = error.downcast_ref::<std::sync::Arc<DataFusionError>>() {
        return Some(datafusion_error(found));
    }
    if let Some(found) = error.downcast_ref::<deltalake_core::DeltaTableError>() {
        return Some(crate::delta::error::delta_error(found));
    }
    if let Some(found) = error.downcast_ref::<ArrowError>() {
        return Some(arrow_error(found));
    }
    if let Some(found) = error.downcast_ref::<ParquetError>() {
        return Some(parquet_error(found));
    }
    if let Some(found) = error.downcast_ref::<object_store::Error>() {
        return Some(store_error(found));
    }
    if let Some(found) = error.downcast_ref::<io::Error>() {
        return Some(from_io(found));
    }
    if let Some(found) = error.downcast_ref::<tokio::task::JoinError>() {
        return Some(join_error(found));
    }
    None
}

/// The first typed error of a chain; an untyped chain is a bug.
pub fn from_error(error: &(dyn Error + 'static)) -> BridgeError {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = typed(current) {
            return found;
        }
        next = current.source();
    }
    BridgeError::internal(error.to_string())
}

fn join_error(error: &tokio::task::JoinError) -> BridgeError {
    if error.is_cancelled() {
        BridgeError::cancelled()
    } else {
        BridgeError::internal(format!("a task of the engine panicked: {error}"))
    }
}

fn schema_error(error: &SchemaError) -> BridgeError {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => {
            let names: Vec<String> = valid_fields.iter().map(|f| f.quoted_flat_name()).collect();
            BridgeError::not_found(format!(
                "the column does not exist: {}; the columns are {}",
                field.quoted_flat_name(),
                names.join(", ")
            ))
            .with_subject(field.quoted_flat_name())
        }
        SchemaError::AmbiguousReference { .. }
        | SchemaError::DuplicateQualifiedField { .. }
        | SchemaError::DuplicateUnqualifiedField { .. } => {
            BridgeError::new(Kind::InvalidSql, error.to_string())
        }
    }
}

fn plan_error(text: &str) -> BridgeError {
    let missing_table = text.starts_with("table '") && text.contains("' not found");
    if missing_table || text.starts_with("No table named") {
        return BridgeError::not_found(text);
    }
    BridgeError::new(Kind::InvalidSql, text)
}

/// Execution errors are about values: the request meets data it does not fit.
fn execution_error(text: &str) -> BridgeError {
    if text.contains("No space left on device") {
        return BridgeError::new(Kind::Io, text);
    }
    BridgeError::invalid_argument(text)
}

fn exhausted_error(text: &str) -> BridgeError {
    let spill = text.contains("used disk space") || text.contains("temp_directory_size");
    let subject = if spill {
        "spill_limit_bytes"
    } else {
        "memory_limit_bytes"
    };
    BridgeError::new(Kind::ResourceLimit, text).with_subject(subject)
}

fn parser_error(error: &ParserError) -> BridgeError {
    match error {
        ParserError::RecursionLimitExceeded => {
            BridgeError::sql_limit("max_nesting", "the SQL text is nested too deeply")
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            let (message, position) = split_position(text);
            let error = BridgeError::new(Kind::InvalidSql, message);
            match position {
                Some((line, column)) => error.with_position(line, column),
                None => error,
            }
        }
    }
}

/// The parser writes " at Line: 1, Column: 8" at the end of its messages.
fn split_position(text: &str) -> (&str, Option<(u64, u64)>) {
    let Some((message, place)) = text.rsplit_once(" at Line: ") else {
        return (text, None);
    };
    let line = number_after(place, "");
    let column = number_after(place, "Column: ");
    match (line, column) {
        (Some(line), Some(column)) => (message, Some((line, column))),
        _ => (text, None),
    }
}

/// The number behind the first `mark`.
pub fn number_after(text: &str, mark: &str) -> Option<u64> {
    let (_, rest) = text.split_once(mark)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
