//! What an Add says about the rows of its file, from the file's own metadata.
//!
//! A bound is left out rather than wrong: a column with a NaN has none, because readers order
//! NaN above every number while Parquet leaves it out; decimals are written digit by digit; the
//! milliseconds of a largest time are rounded up.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt::Write;

use chrono::{DateTime, Datelike, TimeDelta};
use parquet::basic::{LogicalType, TimeUnit, Type};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;

use crate::error::{BridgeError, Result};

/// Which columns have statistics in the log.
#[derive(Clone, Debug)]
pub enum StatsColumns {
    All,
    /// So many of the leading ones.
    Leading(usize),
    /// These, with what is nested in them; a path of names each.
    Named(Vec<Vec<String>>),
}

impl StatsColumns {
    fn has(&self, top_level: usize, path: &[String]) -> bool {
        match self {
            StatsColumns::All => true,
            StatsColumns::Leading(most) => top_level < *most,
            StatsColumns::Named(names) => names.iter().any(|name| path.starts_with(name)),
        }
    }
}

/// `stats` of an Add, as JSON text. `with_nan`: leaf columns, by place, that hold a NaN.
pub fn of_file(
    metadata: &ParquetMetaData,
    columns: &StatsColumns,
    with_nan: &HashSet<usize>,
) -> Result<String> {
    let mut min = Tree::default();
    let mut max = Tree::default();
    let mut nulls = Tree::default();
    let schema = metadata.file_metadata().schema_descr();
    let mut top_level = 0;
    let mut last_root = None;
    for (leaf, column) in schema.columns().iter().enumerate() {
        let root = schema.get_column_root_idx(leaf);
        if last_root.is_some_and(|last| last != root) {
            top_level += 1;
        }
        last_root = Some(root);
        let path = column.path().parts();
        // Of repeated values the log has no place for bounds.
        if column.max_rep_level() > 0 || !columns.has(top_level, path) {
            continue;
        }
        let found = Bounds::of_column(metadata.row_groups(), leaf, column);
        if let Some(count) = found.nulls {
            nulls.put(path, count.to_string());
        }
        if with_nan.contains(&leaf) {
            continue;
        }
        if let Some(text) = found.min.and_then(|bound| bound.json(column, false)) {
            min.put(path, text);
        }
        if let Some(text) = found.max.and_then(|bound| bound.json(column, true)) {
            max.put(path, text);
        }
    }
    let rows = metadata.file_metadata().num_rows();
    Ok(format!(
        "{{\"numRecords\":{rows},\"minValues\":{},\"maxValues\":{},\"nullCount\":{}}}",
        min.json()?,
        max.json()?,
        nulls.json()?
    ))
}

/// JSON values by path, in the order of the columns.
#[derive(Default)]
struct Tree(Vec<(String, Node)>);

enum Node {
    Value(String),
    Fields(Tree),
}

impl Tree {
    fn put(&mut self, path: &[String], value: String) {
        let Some((name, rest)) = path.split_first() else {
            return;
        };
        if rest.is_empty() {
            self.0.push((name.clone(), Node::Value(value)));
            return;
        }
        // Leaves of one field follow each other.
        if let Some((last, Node::Fields(fields))) = self.0.last_mut()
            && last == name
        {
            fields.put(rest, value);
            return;
        }
        let mut fields = Tree::default();
        fields.put(rest, value);
        self.0.push((name.clone(), Node::Fields(fields)));
    }

    fn json(&self) -> Result<String> {
        let mut text = String::from("{");
        for (index, (name, node)) in self.0.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&quoted(name)?);
            text.push(':');
            match node {
                Node::Value(value) => text.push_str(value),
                Node::Fields(fields) => text.push_str(&fields.json()?),
            }
        }
        text.push('}');
        Ok(text)
    }
}

fn quoted(text: &str) -> Result<String> {
    serde_json::to_string(text).map_err(|error| BridgeError::internal(error.to_string()))
}

#[derive(Clone, Debug, PartialEq)]
enum Bound {
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
}

impl Bound {
    fn compare(&self, other: &Bound) -> Option<Ordering> {
        match (self, other) {
            (Bound::Boolean(left), Bound::Boolean(right)) => Some(left.cmp(right)),
            (Bound::Integer(left), Bound::Integer(right)) => Some(left.cmp(right)),
            (Bound::Float(left), Bound::Float(right)) => left.partial_cmp(right),
            // Texts are compared by their bytes, in Parquet as in readers of the log.
            (Bound::Text(left), Bound::Text(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    /// As the log spells it; nothing where it has no spelling.
    fn json(&self, column: &ColumnDescriptor, upwards: bool) -> Option<String> {
        match (self, column.logical_type_ref()) {
            (Bound::Boolean(value), _) => Some(value.to_string()),
            (Bound::Integer(days), Some(LogicalType::Date)) => {
                let days = TimeDelta::try_days(i64::try_from(*days).ok()?)?;
                let date = DateTime::UNIX_EPOCH.checked_add_signed(days)?.date_naive();
                is_common_year(date.year()).then(|| format!("\"{}\"", date.format("%Y-%m-%d")))
            }
            (Bound::Integer(value), Some(LogicalType::Timestamp(of))) => {
                let millis = millis(i64::try_from(*value).ok()?, &of.unit, upwards);
                let at = DateTime::from_timestamp_millis(millis)?;
                let form = match of.is_adjusted_to_u_t_c {
                    true => "%Y-%m-%dT%H:%M:%S%.3fZ",
                    false => "%Y-%m-%d %H:%M:%S%.3f",
                };
                is_common_year(at.year()).then(|| format!("\"{}\"", at.format(form)))
            }
            (Bound::Integer(value), Some(LogicalType::Decimal(of))) => decimal(*value, of.scale),
            (Bound::Integer(value), _) => Some(value.to_string()),
            (Bound::Float(value), _) => serde_json::Number::from_f64(*value).map(|n| n.to_string()),
            (Bound::Text(value), _) => quoted(value).ok(),
        }
    }
}

/// Years that every reader takes.
fn is_common_year(year: i32) -> bool {
    (1..=9999).contains(&year)
}

fn millis(value: i64, unit: &TimeUnit, upwards: bool) -> i64 {
    let parts = match unit {
        TimeUnit::MILLIS => 1,
        TimeUnit::MICROS => 1_000,
        TimeUnit::NANOS => 1_000_000,
    };
    let down = value.div_euclid(parts);
    down + i64::from(upwards && value.rem_euclid(parts) > 0)
}

fn decimal(value: i128, scale: i32) -> Option<String> {
    let scale = usize::try_from(scale).ok()?;
    if scale == 0 {
        return Some(value.to_string());
    }
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at_checked(digits.len() - scale)?;
    let mut text = String::new();
    let sign = if value < 0 { "-" } else { "" };
    write!(text, "{sign}{whole}.{part}").ok()?;
    Some(text)
}

#[derive(Default)]
struct Bounds {
    nulls: Option<u64>,
    min: Option<Bound>,
    max: Option<Bound>,
}

impl Bounds {
    /// Of all row groups together; of what one of them does not tell, nothing.
    fn of_column(groups: &[RowGroupMetaData], leaf: usize, column: &ColumnDescriptor) -> Bounds {
        let mut found = Bounds {
            nulls: Some(0),
            ..Bounds::default()
        };
        let mut bounded = true;
        for group in groups {
            let statistics = group.column(leaf).statistics();
            let nulls = statistics.and_then(Statistics::null_count_opt);
            found.nulls = found.nulls.zip(nulls).map(|(sum, more)| sum + more);
            let rows = u64::try_from(group.num_rows()).unwrap_or_default();
            if nulls == Some(rows) {
                continue;
            }
            let range = statistics.and_then(|statistics| {
                let min = bound(statistics, column, statistics.min_bytes_opt())?;
                Some((min, bound(statistics, column, statistics.max_bytes_opt())?))
            });
            match range {
                Some((min, max)) => {
                    bounded = bounded && found.widen(min, max);
                }
                None => bounded = false,
            }
        }
        if !bounded {
            found.min = None;
            found.max = None;
        }
        found
    }

    fn widen(&mut self, min: Bound, max: Bound) -> bool {
        let lower = match &self.min {
            None => true,
            Some(known) => match min.compare(known) {
                Some(order) => order.is_lt(),
                None => return false,
            },
        };
        let higher = match &self.max {
            None => true,
            Some(known) => match max.compare(known) {
                Some(order) => order.is_gt(),
                None => return false,
            },
        };
        if lower {
            self.min = Some(min);
        }
        if higher {
            self.max = Some(max);
        }
        true
    }
}

fn bound(
    statistics: &Statistics,
    column: &ColumnDescriptor,
    bytes: Option<&[u8]>,
) -> Option<Bound> {
    let bytes = bytes?;
    // Old writers compared bytes as signed numbers.
    if statistics.is_min_max_deprecated() && statistics.physical_type() == Type::BYTE_ARRAY {
        return None;
    }
    let decimal = matches!(column.logical_type_ref(), Some(LogicalType::Decimal(_)));
    match statistics.physical_type() {
        Type::BOOLEAN => Some(Bound::Boolean(*bytes.first()? != 0)),
        Type::INT32 => Some(Bound::Integer(
            i32::from_le_bytes(bytes.try_into().ok()?).into(),
        )),
        Type::INT64 => Some(Bound::Integer(
            i64::from_le_bytes(bytes.try_into().ok()?).into(),
        )),
        Type::FLOAT => Some(Bound::Float(
            f32::from_le_bytes(bytes.try_into().ok()?).into(),
        )),
        Type::DOUBLE => Some(Bound::Float(f64::from_le_bytes(bytes.try_into().ok()?))),
        Type::BYTE_ARRAY if matches!(column.logical_type_ref(), Some(LogicalType::String)) => {
            Some(Bound::Text(std::str::from_utf8(bytes).ok()?.to_owned()))
        }
        Type::FIXED_LEN_BYTE_ARRAY if decimal => big_endian(bytes).map(Bound::Integer),
        Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY | Type::INT96 => None,
    }
}

fn big_endian(bytes: &[u8]) -> Option<i128> {
    let first = *bytes.first()?;
    if bytes.len() > 16 {
        return None;
    }
    let start = if first & 0x80 != 0 { -1 } else { 0 };
    Some(
        bytes
            .iter()
            .fold(start, |value: i128, byte| (value << 8) | i128::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit() {
        let texts = [(12345, 2), (-5, 3), (0, 1), (7, 0), (-123, 0)];
        let written = texts.map(|(value, scale)| decimal(value, scale).unwrap_or_default());
        assert_eq!(written, ["123.45", "-0.005", "0.0", "7", "-123"]);
        let large = 99_999_999_999_999_999_999_999_999_999_999_999_999_i128;
        let text = decimal(large, 10).unwrap_or_default();
        assert_eq!(text, "9999999999999999999999999999.9999999999");
    }

    #[test]
    fn a_largest_time_is_rounded_up_and_a_smallest_down() {
        assert_eq!(millis(1_500, &TimeUnit::MICROS, false), 1);
        assert_eq!(millis(1_500, &TimeUnit::MICROS, true), 2);
        assert_eq!(millis(-1_500, &TimeUnit::MICROS, false), -2);
        assert_eq!(millis(-1_500, &TimeUnit::MICROS, true), -1);
        assert_eq!(millis(2_000, &TimeUnit::MICROS, true), 2);
    }

    #[test]
    fn numbers_of_bytes_have_a_sign() {
        assert_eq!(big_endian(&[0xff, 0xfe]), Some(-2));
        assert_eq!(big_endian(&[0x01, 0x00]), Some(256));
        assert_eq!(big_endian(&[]), None);
        assert_eq!(big_endian(&[0; 17]), None);
    }
}
