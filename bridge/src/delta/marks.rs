//! `lg_delta_marks`: rows of data files marked as deleted, as a file of deletion vectors.

use std::collections::HashMap;
use std::str::FromStr;

use delta_kernel::actions::deletion_vector::{
    DeletionVectorDescriptor as Descriptor, DeletionVectorStorageType,
};
use delta_kernel::actions::deletion_vector_writer::{
    DeletionVectorWriteResult, KernelDeletionVector, StreamingDeletionVectorWriter,
};
use deltalake_core::kernel::{Add, DeletionVectorDescriptor};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use serde_json::{Value, json};
use uuid::Uuid;

use super::location::TableRoot;
use super::snapshot::{DeltaTableHandle, spelled};
use crate::abi::LgStr;
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{BridgeError, Result};
use crate::fence;
use crate::text::Text;

pub struct Marks {
    engine: Engine,
    root: TableRoot,
    /// The live files by their paths as the log spells them.
    files: HashMap<String, Add>,
    marked: Vec<(String, KernelDeletionVector)>,
}

impl Marks {
    fn open(base: &DeltaTableHandle) -> Result<Self> {
        let mut files = HashMap::new();
        for add in base.adds()? {
            files.insert(spelled(&add)?, add);
        }
        Ok(Self {
            engine: base.engine.clone(),
            root: base.root.clone(),
            files,
            marked: Vec::new(),
        })
    }

    /// `seen`: places among the rows that a reader of the file sees, ascending.
    fn add(&mut self, path: &str, seen: &[u64]) -> Result<()> {
        let file = self.files.get(path).ok_or_else(|| {
            BridgeError::invalid_argument(format!("The version has no such file: {path}"))
                .with_subject(path)
        })?;
        let hidden = match &file.deletion_vector {
            None => Vec::new(),
            Some(vector) => self.hidden_rows(vector)?,
        };
        let mut rows = KernelDeletionVector::new();
        rows.add_deleted_row_indexes(&hidden);
        rows.add_deleted_row_indexes(places_in_file(seen, &hidden)?);
        self.marked.push((path.to_owned(), rows));
        Ok(())
    }

    fn hidden_rows(&self, vector: &DeletionVectorDescriptor) -> Result<Vec<u64>> {
        let storage = DeletionVectorStorageType::from_str(vector.storage_type.as_ref())?;
        let descriptor = Descriptor::try_new(
            storage,
            vector.path_or_inline_dv.clone(),
            vector.offset,
            vector.size_in_bytes,
            vector.cardinality,
        )?;
        // The kernel looks for a runtime where it is called.
        let _runtime = self.engine.handle().enter();
        let storage = self.root.log_store.engine(None).storage_handler();
        Ok(descriptor.row_indexes(storage, &self.root.url)?)
    }

    /// One file for all of them.
    fn finish(&mut self) -> Result<Value> {
        let marked = std::mem::take(&mut self.marked);
        if marked.is_empty() {
            return Ok(json!({"file": null, "vectors": []}));
        }
        let id = Uuid::new_v4();
        let file = format!("deletion_vector_{id}.bin");
        let mut bytes = Vec::new();
        let mut vectors = Vec::with_capacity(marked.len());
        let mut writer = StreamingDeletionVectorWriter::new(&mut bytes);
        for (path, rows) in marked {
            let written = writer.write_deletion_vector(rows)?;
            vectors.push(json!({"path": path, "deletionVector": describe(&written, id)}));
        }
        writer.finalize()?;
        let store = self.root.log_store.object_store(None);
        let path = Path::from(file.as_str());
        self.engine.run(&Cancel::never(), async move {
            store.put(&path, PutPayload::from(bytes)).await?;
            Ok(())
        })?;
        Ok(json!({"file": file, "vectors": vectors}))
    }
}

/// The n-th row that is seen is the n-th that is not hidden.
fn places_in_file(seen: &[u64], hidden: &[u64]) -> Result<Vec<u64>> {
    let mut places = Vec::with_capacity(seen.len());
    let mut hidden = hidden.iter().peekable();
    let mut before = 0;
    for row in seen {
        let mut place = row + before;
        while hidden.next_if(|next| **next <= place).is_some() {
            before += 1;
            place += 1;
        }
        if places.last().is_some_and(|last| *last >= place) {
            return Err(BridgeError::invalid_argument("rows to mark must ascend"));
        }
        places.push(place);
    }
    Ok(places)
}

fn describe(written: &DeletionVectorWriteResult, id: Uuid) -> Value {
    json!({
        "storageType": "u",
        "pathOrInlineDv": z85::encode(id.as_bytes()),
        "offset": written.offset,
        "sizeInBytes": written.size_in_bytes,
        "cardinality": written.cardinality,
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_marks_open(
    base: *const DeltaTableHandle,
    out: *mut *mut Marks,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let base = unsafe { fence::borrow(base, "base") }?;
        unsafe { fence::give(out, Marks::open(base)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_marks_add(
    marks: *mut Marks,
    path: LgStr,
    rows: *const u64,
    count: usize,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let marks = unsafe { fence::borrow_mut(marks, "marks") }?;
        let path = unsafe { fence::text(path, "path") }?;
        if rows.is_null() {
            return Err(BridgeError::invalid_argument("a pointer is null: rows"));
        }
        // SAFETY: the caller lends so many numbers for the call.
        marks.add(path, unsafe { std::slice::from_raw_parts(rows, count) })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_marks_finish(
    marks: *mut Marks,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let marks = unsafe { fence::borrow_mut(marks, "marks") }?;
        unsafe { fence::give(out, Text::json(&marks.finish()?)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_marks_free(marks: *mut Marks) {
    unsafe { fence::free(marks) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_seen_are_counted_over_those_that_are_hidden() {
        let places = |seen: &[u64], hidden: &[u64]| places_in_file(seen, hidden).ok();
        assert_eq!(places(&[0, 2, 5], &[]), Some(vec![0, 2, 5]));
        assert_eq!(places(&[0, 1, 2], &[0, 1, 3]), Some(vec![2, 4, 5]));
        assert_eq!(places(&[1], &[0, 1, 2, 3]), Some(vec![5]));
        assert_eq!(places(&[], &[7]), Some(vec![]));
        assert_eq!(places(&[3, 3], &[]), None);
        assert_eq!(places(&[4, 3], &[1]), None);
    }
}
