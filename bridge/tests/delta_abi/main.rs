//! The lg_delta_* exports on real tables in a temporary folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abi;
mod bad_input;
mod commits;
mod maintenance;
mod marks;
mod overlay;
mod rows;
mod sql;
mod staging;
mod store;

pub mod kind {
    pub const INVALID_ARGUMENT: i32 = 1;
    pub const NOT_FOUND: i32 = 4;
    pub const SCHEMA_MISMATCH: i32 = 6;
    pub const CONSTRAINT_VIOLATION: i32 = 7;
    pub const UNSUPPORTED: i32 = 8;
    pub const COMMIT_CONFLICT: i32 = 20;
    pub const CANCELLED: i32 = 50;
    pub const CORRUPT_DATA: i32 = 60;
}
