//! The exports of the header, called as a C caller would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abi;
mod facts;
mod facts_caps;
mod facts_scope;
mod fence;
mod files;
mod host_functions;
mod host_streams;
mod queries;
mod range_index;
mod row_operator;
mod stopping;

pub mod kind {
    pub const INVALID_ARGUMENT: i32 = 1;
    pub const INVALID_SQL: i32 = 2;
    pub const SQL_POLICY_VIOLATION: i32 = 3;
    pub const NOT_FOUND: i32 = 4;
    pub const ALREADY_EXISTS: i32 = 5;
    pub const SCHEMA_MISMATCH: i32 = 6;
    pub const UNSUPPORTED: i32 = 8;
    pub const TIMEOUT: i32 = 22;
    pub const RESOURCE_LIMIT: i32 = 40;
    pub const CANCELLED: i32 = 50;
    pub const CORRUPT_DATA: i32 = 60;
    pub const IO: i32 = 61;
    pub const INTERNAL: i32 = 90;
}
