//! The first row of each group, `ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) = 1`, found by the
//! host.
//!
//! The library's own plan sorts all rows to number them, and throws all but one of each group away.

mod exec;
mod rule;

pub use rule::TopRows;
