//! How large the answer of a function is, worked out from its arguments.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::kernels::length::length;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

/// A number or an offset of a list.
const ITEM_BYTES: u64 = 8;
const DAY_US: i64 = 86_400_000_000;

/// What an answer grows with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Growth {
    /// The text, so many times.
    Repeat,
    /// Texts of the given length.
    Pad,
    /// The value, so many times.
    Elements,
    /// Lists of the given length.
    Resize,
    /// Numbers or times from one bound to the other.
    Series,
    /// All arguments one after the other.
    Sum,
    /// Two digits for each byte of the value.
    Digits,
    /// Replacements of a text in a text.
    Replace,
    /// Replacements of a pattern, all of them with the flag g.
    ReplacePattern,
}

impl Growth {
    pub fn of(function: &str) -> Option<Growth> {
        Some(match function {
            "repeat" => Growth::Repeat,
            "lpad" | "rpad" => Growth::Pad,
            "array_repeat" => Growth::Elements,
            "array_resize" => Growth::Resize,
            "range" | "generate_series" => Growth::Series,
            "concat" | "concat_ws" | "array_concat" | "array_append" | "array_prepend"
            | "make_array" => Growth::Sum,
            "encode" | "to_hex" => Growth::Digits,
            "replace" => Growth::Replace,
            "regexp_replace" => Growth::ReplacePattern,
            _ => return None,
        })
    }

    /// What the call makes: a little less where only characters are known, and the most that is
    /// possible for replacements, which are counted when that passes `limit`.
    pub fn bytes(self, args: &ScalarFunctionArgs, limit: u64) -> Result<u64> {
        let values = values_of(args)?;
        let bytes = match (self, values.as_slice()) {
            (Growth::Repeat, [text, times, ..]) => {
                pairs(&lengths(text)?, &numbers(times)?, |text, times| {
                    text * times
                })
            }
            (Growth::Pad, [_, size, ..]) => numbers(size)?.iter().sum(),
            (Growth::Elements, [value, times, ..]) => {
                let one = width(&value.array);
                numbers(times)?.iter().map(|times| times * one).sum()
            }
            (Growth::Resize, [_, size, ..]) => numbers(size)?
                .iter()
                .map(|size| size * u128::from(ITEM_BYTES))
                .sum(),
            (Growth::Series, [_, ..]) => series(&values)? * u128::from(ITEM_BYTES),
            (Growth::Digits, [value, ..]) => 2 * value.bytes(),
            (Growth::Sum, all) => all.iter().map(Value::bytes).sum(),
            (Growth::Replace, [text, from, to]) => {
                let most = replaced(text, to, None)?;
                if most > u128::from(limit) {
                    replaced(text, to, Some(&matches(text, from)?))?
                } else {
                    most
                }
            }
            (Growth::ReplacePattern, [text, _, to, flags @ ..]) => {
                let all = flags.first().is_none_or(|flags| any_has(flags, 'g'));
                let once = vec![1; text.rows];
                replaced(text, to, (!all || flags.is_empty()).then_some(&once))?
            }
            _ => 0,
        };
        // Functions may write a constant down once a row.
        let constants = match self {
            Growth::Sum => 0,
            _ => values.iter().map(Value::spread_bytes).sum(),
        };
        Ok(u64::try_from(bytes.max(constants)).unwrap_or(u64::MAX))
    }
}

/// An argument; a constant is held once, whatever the rows.
struct Value {
    array: ArrayRef,
    constant: bool,
    rows: usize,
}

impl Value {
    /// One for each row, from one for each value.
    fn spread<T: Copy>(&self, values: Vec<T>) -> Vec<T> {
        match values.first() {
            Some(value) if self.constant => vec![*value; self.rows],
            _ => values,
        }
    }

    fn bytes(&self) -> u128 {
        let times = if self.constant { self.rows as u128 } else { 1 };
        slice_bytes(&self.array) * times
    }

    fn spread_bytes(&self) -> u128 {
        if self.constant { self.bytes() } else { 0 }
    }
}

fn values_of(args: &ScalarFunctionArgs) -> Result<Vec<Value>> {
    let constant = |value: &ColumnarValue| matches!(value, ColumnarValue::Scalar(_));
    // Over constants alone a function answers once.
    let rows = if args.args.iter().all(constant) {
        1
    } else {
        args.number_rows
    };
    args.args
        .iter()
        .map(|value| {
            let array = match value {
                ColumnarValue::Array(array) => array.clone(),
                ColumnarValue::Scalar(scalar) => scalar.to_array_of_size(1)?,
            };
            Ok(Value {
                array,
                constant: constant(value),
                rows,
            })
        })
        .collect()
}

fn pairs(left: &[u128], right: &[u128], size: impl Fn(u128, u128) -> u128) -> u128 {
    left.iter().zip(right).map(|(l, r)| size(*l, *r)).sum()
}

/// Every value as a number that is not negative; 0 for null and for what is no number.
fn numbers(value: &Value) -> Result<Vec<u128>> {
    Ok(value.spread(counts(&value.array)?))
}

fn counts(array: &ArrayRef) -> Result<Vec<u128>> {
    let signed = as_i64(array)?;
    Ok(signed
        .into_iter()
        .map(|number| u128::try_from(number.unwrap_or(0)).unwrap_or(0))
        .collect())
}

fn as_i64(array: &ArrayRef) -> Result<Vec<Option<i64>>> {
    let options = CastOptions::default();
    let cast = cast_with_options(array, &DataType::Int64, &options)?;
    Ok(cast.as_primitive::<Int64Type>().iter().collect())
}

/// Bytes of every text; 0 for null.
fn lengths(value: &Value) -> Result<Vec<u128>> {
    if value.array.data_type().is_null() {
        return Ok(vec![0; value.rows]);
    }
    Ok(value.spread(counts(&length(&value.array)?)?))
}

fn slice_bytes(array: &ArrayRef) -> u128 {
    array
        .to_data()
        .get_slice_memory_size()
        .map_or(u128::MAX >> 8, |bytes| bytes as u128)
}

/// Of one value, on average.
fn width(array: &ArrayRef) -> u128 {
    let bytes = slice_bytes(array) / (array.len().max(1) as u128);
    bytes.max(u128::from(ITEM_BYTES))
}

/// Every text with so many replacements, or one for each of its bytes.
fn replaced(text: &Value, to: &Value, counts: Option<&Vec<u128>>) -> Result<u128> {
    let (texts, replacements) = (lengths(text)?, lengths(to)?);
    let sizes = texts.iter().zip(&replacements).enumerate();
    Ok(sizes
        .map(|(row, (text, to))| {
            let count = counts
                .and_then(|counts| counts.get(row).copied())
                .unwrap_or(text + 1);
            text + count * to
        })
        .sum())
}

/// How often each `from` is in its text.
fn matches(text: &Value, from: &Value) -> Result<Vec<u128>> {
    let (texts, wanted) = (plain(&text.array)?, plain(&from.array)?);
    let texts = text.spread(texts.as_string::<i64>().iter().collect());
    let wanted = from.spread(wanted.as_string::<i64>().iter().collect());
    Ok(texts
        .into_iter()
        .zip(wanted)
        .map(|pair| match pair {
            (Some(text), Some(from)) => text.matches(from).count() as u128,
            _ => 0,
        })
        .collect())
}

fn any_has(flags: &Value, flag: char) -> bool {
    // What cannot be read is taken to ask for everything.
    plain(&flags.array).is_ok_and(|flags| {
        let mut texts = flags.as_string::<i64>().iter().flatten();
        texts.any(|text| text.contains(flag))
    })
}

fn plain(array: &ArrayRef) -> Result<ArrayRef> {
    let options = CastOptions::default();
    Ok(cast_with_options(array, &DataType::LargeUtf8, &options)?)
}

/// Steps between two bounds, all rows together.
fn series(arguments: &[Value]) -> Result<u128> {
    let (start, stop, step) = match arguments {
        [stop] => (None, stop, None),
        [start, stop] => (Some(start), stop, None),
        [start, stop, step, ..] => (Some(start), stop, Some(step)),
        [] => return Ok(0),
    };
    let stops = points(stop)?;
    let starts = match start {
        Some(start) => points(start)?,
        None => vec![Some(0); stops.len()],
    };
    let steps = match step {
        Some(step) => widths(step)?,
        None if stop.array.data_type().is_integer() => vec![Some(1); stops.len()],
        None => vec![Some(DAY_US); stops.len()],
    };
    let count = |(start, stop, step): (Option<i64>, Option<i64>, Option<i64>)| -> u128 {
        match (start, stop, step) {
            (Some(start), Some(stop), Some(step)) if step != 0 => {
                let reach = i128::from(stop) - i128::from(start);
                if (reach < 0) != (step < 0) {
                    return 1;
                }
                reach.unsigned_abs() / u128::from(step.unsigned_abs()) + 1
            }
            _ => 0,
        }
    };
    Ok(starts
        .into_iter()
        .zip(stops)
        .zip(steps)
        .map(|((start, stop), step)| count((start, stop, step)))
        .sum())
}

/// Whole numbers as they are, times as microseconds.
fn points(value: &Value) -> Result<Vec<Option<i64>>> {
    let array = &value.array;
    let kind = array.data_type();
    if kind.is_integer() || kind.is_null() {
        return Ok(value.spread(as_i64(array)?));
    }
    let instant = DataType::Timestamp(TimeUnit::Microsecond, None);
    let options = CastOptions::default();
    let cast = cast_with_options(array, &instant, &options)?;
    Ok(value.spread(as_i64(&cast)?))
}

/// Steps; months at their shortest, and nothing shorter than a microsecond.
fn widths(value: &Value) -> Result<Vec<Option<i64>>> {
    let array = &value.array;
    if !matches!(array.data_type(), DataType::Interval(_)) {
        return Ok(value.spread(as_i64(array)?));
    }
    let whole = DataType::Interval(IntervalUnit::MonthDayNano);
    let options = CastOptions::default();
    let intervals = cast_with_options(array, &whole, &options)?;
    let steps = intervals
        .as_primitive::<IntervalMonthDayNanoType>()
        .iter()
        .map(|interval| {
            interval.map(|step| {
                let days = i64::from(step.months) * 28 + i64::from(step.days);
                let whole = days
                    .saturating_mul(DAY_US)
                    .saturating_add(step.nanoseconds / 1_000);
                if whole == 0 { step.nanoseconds } else { whole }
            })
        })
        .collect();
    Ok(value.spread(steps))
}
