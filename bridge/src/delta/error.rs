//! Which kind an error of delta-rs or its kernel is.

use delta_kernel::Error as KernelError;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::Error as ModelError;
use deltalake_core::kernel::transaction::TransactionError;

use crate::error::{BridgeError, Kind, from_error};

impl From<DeltaTableError> for BridgeError {
    fn from(error: DeltaTableError) -> Self {
        delta_error(&error)
    }
}

impl From<KernelError> for BridgeError {
    fn from(error: KernelError) -> Self {
        kernel_error(&error)
    }
}

pub fn delta_error(error: &DeltaTableError) -> BridgeError {
    let text = || error.to_string();
    match error {
        DeltaTableError::KernelError(inner) => kernel_error(inner),
        DeltaTableError::Kernel { source } => model_error(source),
        DeltaTableError::ObjectStore { source } => from_error(source),
        DeltaTableError::Parquet { source } => from_error(source),
        DeltaTableError::Arrow { source } => from_error(source),
        DeltaTableError::Io { source } => from_error(source),
        DeltaTableError::GenericError { source } => from_error(source.as_ref()),
        DeltaTableError::Transaction { source } => transaction_error(source),
        DeltaTableError::InvalidJsonLog { .. }
        | DeltaTableError::InvalidStatsJson { .. }
        | DeltaTableError::SerializeLogJson { .. }
        | DeltaTableError::PartitionError { .. }
        | DeltaTableError::NoSchema
        | DeltaTableError::MetadataError(_) => BridgeError::corrupt(text()),
        DeltaTableError::NotATable(_)
        | DeltaTableError::InvalidVersion(_)
        | DeltaTableError::NotInitialized => BridgeError::not_found(text()),
        DeltaTableError::SchemaMismatch { .. } | DeltaTableError::InvalidData { .. } => {
            BridgeError::new(Kind::SchemaMismatch, text())
        }
        DeltaTableError::VersionAlreadyExists(version) => conflict(text(), Some(*version)),
        DeltaTableError::VersionMismatch(..) => conflict(text(), None),
        DeltaTableError::UnsupportedColumnMapping { operation, .. } => {
            feature("columnMapping", operation)
        }
        DeltaTableError::MissingFeature { .. }
        | DeltaTableError::ChangeDataNotRecorded { .. }
        | DeltaTableError::ChangeDataNotEnabled { .. } => BridgeError::unsupported(text()),
        DeltaTableError::ChangeDataInvalidVersionRange { .. } => {
            BridgeError::invalid_argument(text())
        }
        DeltaTableError::InvalidTableLocation(_)
        | DeltaTableError::InvalidDateTimeString { .. }
        | DeltaTableError::InvalidPartitionFilter { .. }
        | DeltaTableError::VersionDowngrade { .. } => BridgeError::invalid_argument(text()),
        DeltaTableError::Generic(inner) => generic_error(inner),
        _ => BridgeError::internal(text()),
    }
}

/// A table feature that this build cannot honour; the subject is its name in the protocol.
pub fn feature(name: &str, work: &str) -> BridgeError {
    BridgeError::unsupported(format!(
        "The table uses a Delta feature that this build cannot honour: {name}, needed for {work}"
    ))
    .with_subject(name)
}

pub fn transaction_error(error: &TransactionError) -> BridgeError {
    match error {
        TransactionError::VersionAlreadyExists(version) => {
            conflict(error.to_string(), Some(*version))
        }
        TransactionError::CommitConflict(_) | TransactionError::MaxCommitAttempts(_) => {
            conflict(error.to_string(), None)
        }
        TransactionError::DeltaTableAppendOnly => BridgeError::new(
            Kind::ConstraintViolation,
            "The table is append-only, so its rows cannot be removed: delta.appendOnly",
        )
        .with_subject("delta.appendOnly"),
        TransactionError::UnsupportedTableFeatures(features) => {
            let names: Vec<String> = features.iter().map(ToString::to_string).collect();
            feature(&names.join(","), "reading or writing it")
        }
        TransactionError::TableFeaturesRequired(required) => feature(
            required.as_ref(),
            "this write; the protocol does not name it",
        ),
        TransactionError::SerializeLogJson { .. } => BridgeError::internal(error.to_string()),
        TransactionError::ObjectStore { source } => from_error(source),
        TransactionError::LogStoreError { source, .. } => from_error(source.as_ref()),
    }
}

fn conflict(message: String, found: Option<u64>) -> BridgeError {
    let found = found.and_then(|version| i64::try_from(version).ok());
    BridgeError::new(Kind::CommitConflict, message).with_versions(-1, found.unwrap_or(-1))
}

fn kernel_error(error: &KernelError) -> BridgeError {
    let text = || error.to_string();
    match error {
        KernelError::Backtraced { source, .. } => kernel_error(source),
        KernelError::Unsupported(inner) => BridgeError::unsupported(inner),
        KernelError::ChangeDataFeedUnsupported(_) => feature("changeDataFeed", "this read"),
        KernelError::Arrow(inner) => from_error(inner),
        KernelError::Parquet(inner) => from_error(inner),
        KernelError::ObjectStore(inner) => from_error(inner),
        KernelError::IOError(inner) => from_error(inner),
        KernelError::GenericError { source } => from_error(source.as_ref()),
        // The log names a file that is gone.
        KernelError::FileNotFound(file) => BridgeError::corrupt(format!(
            "The Delta log needs a file that does not exist: {file}"
        ))
        .with_subject(file),
        KernelError::InvalidTableLocation(_) | KernelError::InvalidUrl(_) => {
            BridgeError::invalid_argument(text())
        }
        KernelError::Generic(inner) => generic_error(inner),
        KernelError::InternalError(_) | KernelError::JoinFailure(_) => {
            BridgeError::internal(text())
        }
        KernelError::Schema(_) | KernelError::UnexpectedColumnType(_) => {
            BridgeError::new(Kind::SchemaMismatch, text())
        }
        // What is left says that the log does not hold what the protocol demands.
        _ => BridgeError::corrupt(text()),
    }
}

fn model_error(error: &ModelError) -> BridgeError {
    match error {
        ModelError::Arrow(inner) => from_error(inner),
        ModelError::Parquet(inner) => from_error(inner),
        ModelError::ObjectStore(inner) => from_error(inner),
        ModelError::GenericError { source } => from_error(source.as_ref()),
        ModelError::Generic(inner) => generic_error(inner),
        ModelError::Schema(inner) => BridgeError::new(Kind::SchemaMismatch, inner),
        _ => BridgeError::corrupt(error.to_string()),
    }
}

/// delta-rs flattens many errors to text; these phrases are the kernel's own.
fn generic_error(text: &str) -> BridgeError {
    const CORRUPT: [&str; 6] = [
        "found gap",
        "log segment",
        "LogSegment",
        "first commit to have version",
        "checkpoint",
        "Malformed JSON",
    ];
    if CORRUPT.iter().any(|phrase| text.contains(phrase)) {
        return BridgeError::corrupt(text);
    }
    if text.contains("is invalid, valid values are") || text.starts_with("Error parsing property") {
        return BridgeError::invalid_argument(text);
    }
    BridgeError::internal(text)
}
