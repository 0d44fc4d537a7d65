//! The one error of the bridge. A kind names the caller's next move.

mod classify;
mod exports;

use std::fmt::{Display, Formatter};

pub use classify::{from_error, from_io, number_after};
pub use exports::*;

pub type Result<T> = std::result::Result<T, BridgeError>;

/// The numbers of `lakegate::ErrorKind` and of the `LG_ERR_` macros.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    InvalidArgument = 1,
    InvalidSql = 2,
    SqlPolicyViolation = 3,
    NotFound = 4,
    AlreadyExists = 5,
    SchemaMismatch = 6,
    ConstraintViolation = 7,
    Unsupported = 8,
    CommitConflict = 20,
    Unavailable = 21,
    Timeout = 22,
    CommitUnknown = 30,
    ResourceLimit = 40,
    Cancelled = 50,
    CorruptData = 60,
    Io = 61,
    Plugin = 70,
    VersionMismatch = 71,
    Internal = 90,
}

const _: () = {
    assert!(Kind::InvalidArgument as i32 == 1 && Kind::InvalidSql as i32 == 2);
    assert!(Kind::SqlPolicyViolation as i32 == 3 && Kind::NotFound as i32 == 4);
    assert!(Kind::AlreadyExists as i32 == 5 && Kind::SchemaMismatch as i32 == 6);
    assert!(Kind::ConstraintViolation as i32 == 7 && Kind::Unsupported as i32 == 8);
    assert!(Kind::CommitConflict as i32 == 20 && Kind::Unavailable as i32 == 21);
    assert!(Kind::Timeout as i32 == 22 && Kind::CommitUnknown as i32 == 30);
    assert!(Kind::ResourceLimit as i32 == 40 && Kind::Cancelled as i32 == 50);
    assert!(Kind::CorruptData as i32 == 60 && Kind::Io as i32 == 61);
    assert!(Kind::Plugin as i32 == 70 && Kind::VersionMismatch as i32 == 71);
    assert!(Kind::Internal as i32 == 90);
};

/// `subject` is what the kind is about (a limit's key, a file, a conflict reason). `line` and
/// `column` are 0 and the versions -1 where they do not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeError {
    pub kind: Kind,
    pub message: String,
    pub subject: String,
    pub line: i64,
    pub column: i64,
    pub read_version: i64,
    pub found_version: i64,
}

impl BridgeError {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        BridgeError {
            kind,
            message: message.into(),
            subject: String::new(),
            line: 0,
            column: 0,
            read_version: -1,
            found_version: -1,
        }
    }

    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidArgument, message)
    }

    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(Kind::CorruptData, message)
    }

    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "the work was cancelled")
    }

    /// A passed limit of the SQL caps; `limit` is its key.
    pub fn sql_limit(limit: &str, message: impl Into<String>) -> Self {
        Self::new(Kind::SqlPolicyViolation, message).with_subject(limit)
    }

    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    pub fn with_position(mut self, line: u64, column: u64) -> Self {
        self.line = i64::try_from(line).unwrap_or(i64::MAX);
        self.column = i64::try_from(column).unwrap_or(i64::MAX);
        self
    }

    pub fn with_versions(mut self, read: i64, found: i64) -> Self {
        self.read_version = read;
        self.found_version = found;
        self
    }

    /// The same error with `context: ` in front of its message.
    pub fn context(mut self, context: impl Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// `file` becomes the subject of an error about data or the disk that names none yet.
    pub fn about_file(mut self, file: &str) -> Self {
        let about_data = matches!(self.kind, Kind::CorruptData | Kind::Io | Kind::NotFound);
        if about_data && self.subject.is_empty() {
            self.subject = file.to_owned();
            if !self.message.contains(file) {
                self.message = format!("{}: {file}", self.message);
            }
        }
        self
    }

    /// Carries the error through DataFusion; [`From<DataFusionError>`] finds it again.
    pub fn into_datafusion(self) -> datafusion::error::DataFusionError {
        datafusion::error::DataFusionError::External(Box::new(self))
    }
}

impl Display for BridgeError {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BridgeError {}
