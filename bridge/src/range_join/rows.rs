//! Rows of a join from rows of its sides.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array,
    new_null_array,
};
use arrow::compute::{filter, prep_null_mask_filter, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::{JoinSide, JoinType, Result};
use datafusion::physical_plan::joins::utils::{ColumnIndex, JoinFilter};

/// The output of a join: which column is which side's.
pub struct Output {
    pub schema: SchemaRef,
    pub columns: Vec<ColumnIndex>,
}

impl Output {
    /// One row for each pair; a null index stands for no row, and `mark` for the column that
    /// belongs to neither side.
    pub fn rows(
        &self,
        build: (&RecordBatch, &UInt32Array),
        probe: (&RecordBatch, &UInt32Array),
        mark: Option<BooleanArray>,
    ) -> Result<RecordBatch> {
        let rows = build.1.len().max(probe.1.len());
        let mark: Option<ArrayRef> = mark.map(|mark| Arc::new(mark) as ArrayRef);
        let mut columns = Vec::with_capacity(self.columns.len());
        for (at, field) in self.columns.iter().zip(self.schema.fields()) {
            let column = match (at.side, &mark) {
                (JoinSide::Left, _) => taken(build, at.index)?,
                (JoinSide::Right, _) => taken(probe, at.index)?,
                (JoinSide::None, Some(mark)) => mark.clone(),
                (JoinSide::None, None) => new_null_array(field.data_type(), rows),
            };
            columns.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            self.schema.clone(),
            columns,
            &options,
        )?)
    }
}

fn taken((batch, rows): (&RecordBatch, &UInt32Array), column: usize) -> Result<ArrayRef> {
    let column = batch.column(column);
    if rows.null_count() == rows.len() {
        return Ok(new_null_array(column.data_type(), rows.len()));
    }
    Ok(take(column, rows, None)?)
}

/// The pairs for which the rest of the condition holds.
pub fn kept(
    residual: &JoinFilter,
    build: (&RecordBatch, UInt32Array),
    probe: (&RecordBatch, UInt32Array),
) -> Result<(UInt32Array, UInt32Array)> {
    let output = Output {
        schema: residual.schema().clone(),
        columns: residual.column_indices().to_vec(),
    };
    let rows = output.rows((build.0, &build.1), (probe.0, &probe.1), None)?;
    let holds = residual
        .expression()
        .evaluate(&rows)?
        .into_array(rows.num_rows())?;
    let holds = holds.as_boolean();
    let holds = match holds.null_count() {
        0 => holds.clone(),
        _ => prep_null_mask_filter(holds),
    };
    let of = |rows: &UInt32Array| -> Result<UInt32Array> {
        Ok(filter(rows, &holds)?.as_primitive().clone())
    };
    Ok((of(&build.1)?, of(&probe.1)?))
}

/// What becomes of rows, by the kind of join; the left side is the build side.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// Rows of pairs.
    pub pairs: bool,
    pub lone_probe: bool,
    pub lone_build: bool,
    pub one_side: Option<OneSide>,
}

/// Rows of one side alone, by whether they have a match.
#[derive(Clone, Copy)]
pub struct OneSide {
    pub build: bool,
    pub which: Which,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Matched,
    Unmatched,
    /// All, with a column that says it.
    Marked,
}

impl Wanted {
    pub fn of(kind: JoinType) -> Self {
        let pairs = |lone_build: bool, lone_probe: bool| Wanted {
            pairs: true,
            lone_probe,
            lone_build,
            one_side: None,
        };
        let one_side = |build: bool, which: Which| Wanted {
            pairs: false,
            lone_probe: false,
            lone_build: false,
            one_side: Some(OneSide { build, which }),
        };
        match kind {
            JoinType::Inner => pairs(false, false),
            JoinType::Left => pairs(true, false),
            JoinType::Right => pairs(false, true),
            JoinType::Full => pairs(true, true),
            JoinType::LeftSemi => one_side(true, Which::Matched),
            JoinType::LeftAnti => one_side(true, Which::Unmatched),
            JoinType::LeftMark => one_side(true, Which::Marked),
            JoinType::RightSemi => one_side(false, Which::Matched),
            JoinType::RightAnti => one_side(false, Which::Unmatched),
            JoinType::RightMark => one_side(false, Which::Marked),
        }
    }

    /// Whether it matters which build rows have a match.
    pub fn marks_build(&self) -> bool {
        self.lone_build || self.one_side.is_some_and(|side| side.build)
    }

    /// Whether it matters which probe rows have a match, and nothing else does.
    pub fn probe_alone(&self) -> Option<Which> {
        self.one_side
            .filter(|side| !side.build)
            .map(|side| side.which)
    }
}

impl Which {
    /// The rows in [first, last) to give, and the mark of each.
    pub fn rows(
        self,
        first: usize,
        last: usize,
        is_matched: impl Fn(usize) -> bool,
    ) -> (UInt32Array, Option<BooleanArray>) {
        let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
        let range = first..last;
        match self {
            Which::Matched => {
                let rows = range.filter(|row| is_matched(*row)).map(number);
                (UInt32Array::from_iter_values(rows), None)
            }
            Which::Unmatched => {
                let rows = range.filter(|row| !is_matched(*row)).map(number);
                (UInt32Array::from_iter_values(rows), None)
            }
            Which::Marked => {
                let marks: Vec<bool> = range.clone().map(is_matched).collect();
                let rows = UInt32Array::from_iter_values(range.map(number));
                (rows, Some(BooleanArray::from(marks)))
            }
        }
    }
}
