//! `lg_delta_*`: snapshots, staging and single compare-and-swap commits of Delta tables.
//!
//! Nothing here retries, rebases or maintains a table on its own: the caller owns those rules.

pub mod error;
mod location;
mod provider;
mod snapshot;

pub use location::DeltaLocation;
pub use provider::{DeltaReader, open_provider};
