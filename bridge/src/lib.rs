//! The C ABI between Lakegate's engine room and DataFusion with delta-rs.
//!
//! The crate translates, it never decides. `include/lakegate_bridge.h` is the contract;
//! every export goes through [`fence::export`], the only place where panics stop.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![deny(clippy::indexing_slicing)]
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(clippy::missing_safety_doc)] // the header states the contract of every export

#[cfg(panic = "abort")]
compile_error!("the bridge turns panics into LG_ERR_INTERNAL and needs panic = \"unwind\"");

pub mod abi;
pub mod arrow_in;
pub mod arrow_out;
mod bounded;
pub mod cancel;
pub mod debug;
// Indexing a JSON value cannot panic where it is read; the lint cannot tell.
#[allow(clippy::indexing_slicing)]
pub mod delta;
pub mod durable_store;
pub mod engine;
pub mod error;
pub mod fence;
pub mod file_writer;
mod host;
mod host_operator;
pub mod large_stack;
pub mod ordered;
pub mod plan;
pub mod predicate;
mod range_join;
pub mod row_pipe;
pub mod session;
pub mod session_template;
pub mod sql;
pub mod table;
pub mod text;
mod top_rows;
pub mod wait;
