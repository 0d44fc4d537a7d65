//! Views of a batch may refer to the bytes of a much larger one, and the Arrow writers write all
//! bytes that a column refers to: a view column cut into batches would be written once a batch.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, GenericByteViewArray, RecordBatch, RecordBatchOptions,
};
use arrow::datatypes::{BinaryViewType, ByteViewType, DataType, StringViewType};

use crate::error::Result;

/// The batch with view columns that hold little more than their own bytes.
pub fn own_bytes(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(own_column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        batch.schema(),
        columns,
        &options,
    )?)
}

fn own_column(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => own_views(column.as_byte_view::<StringViewType>(), column),
        DataType::BinaryView => own_views(column.as_byte_view::<BinaryViewType>(), column),
        _ => column.clone(),
    }
}

fn own_views<T: ByteViewType>(views: &GenericByteViewArray<T>, column: &ArrayRef) -> ArrayRef {
    let held: usize = views.data_buffers().iter().map(|bytes| bytes.len()).sum();
    if held <= 2 * views.total_buffer_bytes_used() {
        return column.clone();
    }
    Arc::new(views.gc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringViewArray;

    #[test]
    fn a_part_of_a_column_leaves_the_rest_behind() -> Result<()> {
        let texts: Vec<String> = (0..1000)
            .map(|i| format!("a text of many bytes {i}"))
            .collect();
        let whole = StringViewArray::from_iter_values(&texts);
        let batch = RecordBatch::try_from_iter([("s", Arc::new(whole) as ArrayRef)])?;
        let part = batch.slice(10, 5);
        let own = own_bytes(&part)?;
        let held = |batch: &RecordBatch| -> usize {
            let views = batch.column(0).as_string_view();
            views.data_buffers().iter().map(|bytes| bytes.len()).sum()
        };
        assert_eq!(own, part);
        assert!(held(&part) > 20_000);
        assert!(held(&own) < 200);
        // What uses its bytes is not copied.
        assert_eq!(held(&own_bytes(&batch)?), held(&batch));
        Ok(())
    }
}
