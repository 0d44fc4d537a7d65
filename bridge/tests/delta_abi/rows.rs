//! Small inputs, and the table most tests begin with.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::{Value, json};

use crate::abi::{Engine, Outcome, Table};

pub fn schema() -> Schema {
    Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("part", DataType::Utf8, true),
    ])
}

pub fn batch(ids: &[i64], part: &str) -> RecordBatch {
    let names: Vec<String> = ids.iter().map(|id| format!("n{id}")).collect();
    RecordBatch::try_new(
        Arc::new(schema()),
        vec![
            Arc::new(Int64Array::from(ids.to_vec())),
            Arc::new(StringArray::from(names)),
            Arc::new(StringArray::from(vec![part; ids.len()])),
        ],
    )
    .unwrap()
}

pub fn write(path: &Path, actions: Vec<Value>) -> Value {
    json!({
        "path": path,
        "actions": actions,
        "operation": {"name": "WRITE", "mode": "Append", "partition_by": ["part"]},
        "commit_info": {"lakegate.run": "r1"},
    })
}

pub fn staged(engine: &Engine, path: &Path, ids: &[i64], part: &str) -> Vec<Value> {
    let options = json!({"path": path, "partition_columns": ["part"]});
    engine.stage(&[batch(ids, part)], options).unwrap()
}

/// Creates the table with rows 1, 2 and 3 in two partitions.
pub fn create(engine: &Engine, path: &Path) -> Table {
    let table = engine
        .table_actions(
            None,
            Some(&schema()),
            json!({"partition_columns": ["part"]}),
        )
        .unwrap();
    let mut actions = vec![
        json!({"protocol": table["protocol"]}),
        json!({"metaData": table["metadata"]}),
    ];
    let options = json!({"path": path, "partition_columns": ["part"]});
    let rows = [batch(&[1, 2], "a"), batch(&[3], "b")];
    actions.extend(engine.stage(&rows, options).unwrap());
    assert_eq!(engine.commit(None, write(path, actions)).unwrap(), 0);
    engine.table(path).unwrap()
}

pub fn append(engine: &Engine, base: &Table, path: &Path, ids: &[i64], part: &str) -> Outcome<i64> {
    let adds = staged(engine, path, ids, part);
    engine.commit(Some(base), write(path, adds))
}
