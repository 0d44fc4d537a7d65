//! `lg_delta_*`: snapshots, staging and single compare-and-swap commits of Delta tables.
//!
//! Nothing here retries, rebases or maintains a table on its own: the caller owns those rules.

mod actions;
mod commit;
mod data_file;
mod describe;
mod encoder;
pub mod error;
mod file_series;
mod location;
mod maintain;
mod marks;
mod overlay;
mod provider;
mod schema;
mod snapshot;
mod staging;
mod statistics;
mod watched_log;
mod writer;

pub use location::DeltaLocation;
pub use overlay::Overlay;
pub use provider::{DeltaReader, DeltaView, open_provider};

/// Who wrote a file or a commit.
fn engine_info() -> String {
    format!("lakegate/{}", env!("CARGO_PKG_VERSION"))
}
