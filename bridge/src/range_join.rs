//! Range joins: joins by equal keys and two comparisons, one each way, run on an index of the host.
//!
//! `a.start < b.end AND b.start < a.end` is such a condition, as is "lies within" and "contains".
//! The library's own plans compare every pair of rows with equal keys.

mod building;
mod condition;
mod exec;
mod index;
mod probing;
mod rows;
mod rule;

pub use condition::ordered;
pub use exec::RangeJoinExec;
pub use index::HostRangeIndex;
pub use rule::{RangeJoins, is_key};
