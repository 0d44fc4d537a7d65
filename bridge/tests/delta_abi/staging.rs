use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, StringViewArray,
    TimestampMillisecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use serde_json::{Value, json};

use crate::abi::{Engine, Folder, rows_of};
use crate::kind;
use crate::rows::{batch, create, schema, staged, write};

fn one(name: &str, nullable: bool, values: ArrayRef) -> RecordBatch {
    let field = Field::new(name, values.data_type().clone(), nullable);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![values]).unwrap()
}

#[test]
fn an_unfinished_writer_leaves_nothing() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("deep/table");
    let options = json!({
        "path": path, "partition_columns": ["part"], "target_file_bytes": 1024,
        "max_row_group_rows": 64,
    });
    let writer = engine.writer(&schema(), options).unwrap();
    for start in 0..20_i64 {
        let ids: Vec<i64> = (start * 1000..start * 1000 + 1000).collect();
        writer
            .write(&batch(&ids, if start % 2 == 0 { "a" } else { "b" }))
            .unwrap();
    }
    drop(writer);
    assert_eq!(folder.files(), Vec::<std::path::PathBuf>::new());
    assert!(!path.exists());
}

#[test]
fn a_target_size_makes_more_files_and_loses_no_row() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let ids: Vec<i64> = (0..200_000).collect();
    let rows: Vec<RecordBatch> = ids.chunks(10_000).map(|ids| batch(ids, "a")).collect();
    let options = json!({
        "path": path, "target_file_bytes": 200_000, "max_row_group_rows": 20_000,
        "compression": "none",
    });
    let adds = engine.stage(&rows, options).unwrap();
    assert!(adds.len() > 2, "{}", adds.len());
    assert_eq!(
        adds.iter().map(|add| rows_of(&add["add"])).sum::<i64>(),
        200_000
    );
    for add in &adds {
        let file = path.join(add["add"]["path"].as_str().unwrap());
        assert_eq!(
            file.metadata().unwrap().len(),
            add["add"]["size"].as_u64().unwrap()
        );
    }
}

#[test]
fn statistics_are_for_the_columns_that_were_asked_for() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let stats = |columns: Value| -> Value {
        let mut options = json!({"path": path});
        if !columns.is_null() {
            options["stats_columns"] = columns;
        }
        let adds = engine.stage(&[batch(&[3, 1, 2], "a")], options).unwrap();
        serde_json::from_str(adds[0]["add"]["stats"].as_str().unwrap()).unwrap()
    };
    let named = stats(json!(["id"]));
    assert_eq!(
        (&named["minValues"], &named["maxValues"]),
        (&json!({"id": 1}), &json!({"id": 3}))
    );
    assert_eq!(stats(json!([]))["minValues"], json!({}));
    assert_eq!(stats(json!([]))["numRecords"], 3);
    assert_eq!(stats(Value::Null)["minValues"]["name"], "n1");
}

#[test]
fn odd_partition_values_survive_writing_and_removing() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let mut table = create(&engine, &path);
    let values = ["a b/c", "100%", "x=y#1", "é", "a:b?c*", "..", "'\"`"];
    for (index, value) in values.iter().enumerate() {
        let adds = staged(&engine, &path, &[500 + index as i64], value);
        assert_eq!(adds[0]["add"]["partitionValues"]["part"], *value);
        engine.commit(Some(&table), write(&path, adds)).unwrap();
        table = engine.table(&path).unwrap();
    }
    let found: Vec<_> = table
        .files()
        .iter()
        .map(|add| add["partitionValues"].clone())
        .collect();
    for value in values {
        assert!(
            found.contains(&json!({"part": value})),
            "{value}: {found:?}"
        );
    }
    engine
        .commit(Some(&table), write(&path, table.removes()))
        .unwrap();
    let now = engine.table(&path).unwrap();
    assert_eq!(now.files(), Vec::<Value>::new());
}

#[test]
fn a_null_partition_value_is_null() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let rows = RecordBatch::try_new(
        Arc::new(schema()),
        vec![
            Arc::new(Int64Array::from(vec![1])),
            Arc::new(StringArray::from(vec!["n"])),
            Arc::new(StringArray::from(vec![None::<&str>])),
        ],
    )
    .unwrap();
    let adds = engine
        .stage(
            &[rows],
            json!({"path": path, "partition_columns": ["part"]}),
        )
        .unwrap();
    assert_eq!(adds[0]["add"]["partitionValues"], json!({"part": null}));
}

#[test]
fn very_many_partitions_keep_their_rows() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let parts: Vec<String> = (0..300).map(|index| format!("p{index}")).collect();
    let rows: Vec<RecordBatch> = parts.iter().map(|part| batch(&[1, 2], part)).collect();
    let adds = engine
        .stage(&rows, json!({"path": path, "partition_columns": ["part"]}))
        .unwrap();
    assert_eq!(adds.len(), 300);
    assert!(adds.iter().all(|add| rows_of(&add["add"]) == 2));
    let paths: Vec<&str> = adds
        .iter()
        .map(|add| add["add"]["path"].as_str().unwrap())
        .collect();
    let mut sorted = paths.clone();
    sorted.sort_unstable();
    assert_eq!(
        paths, sorted,
        "the order of files does not depend on a hash"
    );
}

#[test]
fn types_that_delta_lacks_become_the_next_wider() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let times = TimestampMillisecondArray::from(vec![Some(1_000), None]).with_timezone("+02:00");
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "view",
            Arc::new(StringViewArray::from(vec![Some("x"), None])),
        ),
        (
            "number",
            Arc::new(UInt64Array::from(vec![7, i64::MAX as u64])),
        ),
        ("at", Arc::new(times)),
    ];
    let rows = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, values)| (name, values, true)),
    )
    .unwrap();
    let table = engine
        .table_actions(None, Some(&rows.schema()), json!({}))
        .unwrap();
    let mut actions = vec![
        json!({"protocol": table["protocol"]}),
        json!({"metaData": table["metadata"]}),
    ];
    actions.extend(engine.stage(&[rows], json!({"path": path})).unwrap());
    engine.commit(None, write(&path, actions)).unwrap();
    let schema = engine.table(&path).unwrap().schema();
    let types: Vec<&DataType> = schema
        .fields()
        .iter()
        .map(|field| field.data_type())
        .collect();
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(types, [&DataType::Utf8, &DataType::Int64, &utc]);
}

#[test]
fn a_value_that_does_not_fit_is_refused() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let rows = one("n", true, Arc::new(UInt64Array::from(vec![u64::MAX])));
    let refused = engine.stage(&[rows], json!({"path": path})).unwrap_err();
    assert_eq!(
        (refused.kind, refused.subject.as_str()),
        (kind::SCHEMA_MISMATCH, "n")
    );
    assert!(folder.files().is_empty());
}

#[test]
fn a_null_in_a_column_that_must_not_be_null_is_refused() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let strict = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
    let writer = engine.writer(&strict, json!({"path": path})).unwrap();
    let rows = one("n", true, Arc::new(Int64Array::from(vec![Some(1), None])));
    let refused = writer.write(&rows).unwrap_err();
    assert_eq!(
        (refused.kind, refused.subject.as_str()),
        (kind::CONSTRAINT_VIOLATION, "n")
    );
    drop(writer);
    assert!(folder.files().is_empty());
}

#[test]
fn rows_are_cast_to_the_schema_of_the_table() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let text = base.info()["metadata"]["schemaString"].clone();
    let options = json!({"path": path, "partition_columns": ["part"], "schema_string": text});
    let narrow: Vec<(&str, ArrayRef)> = vec![
        ("part", Arc::new(StringViewArray::from(vec!["a"]))),
        ("name", Arc::new(StringArray::from(vec!["n"]))),
        ("id", Arc::new(Int32Array::from(vec![77]))),
    ];
    let rows = RecordBatch::try_from_iter(narrow.clone()).unwrap();
    let adds = engine.stage(&[rows], options.clone()).unwrap();
    engine.commit(Some(&base), write(&path, adds)).unwrap();
    assert_eq!(engine.table(&path).unwrap().rows(), 4);

    let refuse = |columns: Vec<(&str, ArrayRef)>, subject: &str| {
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let refused = engine
            .writer(&rows.schema(), options.clone())
            .err()
            .unwrap();
        assert_eq!(
            (refused.kind, refused.subject.as_str()),
            (kind::SCHEMA_MISMATCH, subject)
        );
    };
    refuse(narrow[..2].to_vec(), "id");
    let text_id: ArrayRef = Arc::new(StringArray::from(vec!["77"]));
    refuse([&narrow[..2], &[("id", text_id.clone())]].concat(), "id");
    refuse([&narrow[..], &[("more", text_id)]].concat(), "more");
}

#[test]
fn a_writer_refuses_what_it_cannot_write() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let refused = |schema: &Schema, options: Value| engine.writer(schema, options).err().unwrap();
    let missing = refused(
        &schema(),
        json!({"path": path, "partition_columns": ["nope"]}),
    );
    assert_eq!(missing.kind, kind::NOT_FOUND);
    assert!(
        missing.message.contains("id, name, part"),
        "{}",
        missing.message
    );
    let codec = refused(&schema(), json!({"path": path, "compression": "magic"}));
    assert_eq!(
        (codec.kind, codec.subject.as_str()),
        (kind::INVALID_ARGUMENT, "compression")
    );
    let relative = refused(&schema(), json!({"path": "some/table"}));
    assert_eq!(relative.kind, kind::INVALID_ARGUMENT);
    let unknown = refused(&schema(), json!({"path": path, "fast": true}));
    assert_eq!(unknown.kind, kind::INVALID_ARGUMENT);
    let interval = DataType::Duration(TimeUnit::Second);
    let untyped = Schema::new(vec![Field::new("d", interval, true)]);
    let typed = refused(&untyped, json!({"path": path}));
    assert_eq!(
        (typed.kind, typed.subject.as_str()),
        (kind::UNSUPPORTED, "d")
    );
    let twice = Schema::new(vec![
        Field::new("a", DataType::Int64, true),
        Field::new("A", DataType::Int64, true),
    ]);
    assert_eq!(
        refused(&twice, json!({"path": path})).kind,
        kind::SCHEMA_MISMATCH
    );
    let mapped = json!({"path": path, "configuration": {"delta.columnMapping.mode": "name"}});
    let mapping = refused(&schema(), mapped);
    assert_eq!(
        (mapping.kind, mapping.subject.as_str()),
        (kind::UNSUPPORTED, "columnMapping")
    );
    std::fs::write(folder.join("file"), "x").unwrap();
    let file = refused(&schema(), json!({"path": folder.join("file")}));
    assert_eq!(file.kind, kind::INVALID_ARGUMENT);
}

#[test]
fn a_finished_writer_is_spent() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let writer = engine.writer(&schema(), json!({"path": path})).unwrap();
    assert_eq!(writer.finish().unwrap(), Vec::<Value>::new());
    assert_eq!(writer.finish().unwrap_err().kind, kind::INVALID_ARGUMENT);
    assert_eq!(
        writer.write(&batch(&[1], "a")).unwrap_err().kind,
        kind::INVALID_ARGUMENT
    );
}

#[test]
fn discarding_removes_staged_files_and_nothing_else() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let table = create(&engine, &path);
    let before = folder.files();
    let adds = staged(&engine, &path, &[8], "50% of #x");
    assert_eq!(folder.files().len(), before.len() + 1);
    let file = adds[0]["add"]["path"].as_str().unwrap();
    engine
        .discard(&path, &[file, "part=a/was-never-there.parquet"])
        .unwrap();
    assert_eq!(folder.files(), before);
    for bad in [
        "../t2/x.parquet",
        "/etc/passwd",
        "_delta_log/00000000000000000000.json",
        "",
    ] {
        let refused = engine.discard(&path, &[bad]).unwrap_err();
        assert_eq!(refused.kind, kind::INVALID_ARGUMENT, "{bad}");
    }
    let sneaky = "part=a/..%2F..%2F_delta_log%2F00000000000000000000.json";
    assert_eq!(
        engine.discard(&path, &[sneaky]).unwrap_err().kind,
        kind::INVALID_ARGUMENT
    );
    assert_eq!(folder.files(), before);
    assert_eq!(table.rows(), 3);
}
