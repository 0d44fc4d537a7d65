//! Tables over files and the writer of files.

use std::sync::Arc;

use arrow::array::{Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use serde_json::{Value, json};

use crate::abi::*;
use crate::kind;

fn rows() -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("score", DataType::Float64, true),
    ]);
    let columns: Vec<Arc<dyn Array>> = vec![
        Arc::new(Int64Array::from(vec![1, 2, 3])),
        Arc::new(StringArray::from(vec![
            Some("a,\"b\""),
            None,
            Some("é\nline"),
        ])),
        Arc::new(Float64Array::from(vec![Some(0.5), Some(-1.0), None])),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn read(engine: &Engine, location: Value) -> Outcome<String> {
    let table = engine.table(location, None)?;
    let session = engine.plain_session();
    session.add_table("t", &table)?;
    session.text("select id, name, score from t order by id")
}

#[test]
fn what_is_written_is_read_again() {
    let folder = Folder::new("roundtrip");
    let engine = Engine::open();
    let expected = as_text(&[rows()]);
    let cases = [
        (
            "parquet",
            json!({"compression": "zstd(1)", "max_row_group_rows": 2}),
            json!({}),
        ),
        (
            "parquet",
            json!({"compression": "none", "dictionary": false, "statistics": "none"}),
            json!({}),
        ),
        ("arrow", json!({}), json!({})),
        ("arrow", json!({"compression": "lz4"}), json!({})),
        ("ndjson", json!({}), json!({})),
        (
            "ndjson",
            json!({"explicit_nulls": true}),
            json!({"infer_rows": 10}),
        ),
        ("csv", json!({}), json!({"newlines_in_values": true})),
        (
            "csv",
            json!({"delimiter": ";", "null": "N"}),
            json!({"newlines_in_values": true, "delimiter": ";", "null_regex": "^N$"}),
        ),
    ];
    for (index, (format, options, reading)) in cases.into_iter().enumerate() {
        let path = folder.path(&format!("{index}.{format}"));
        let written = engine
            .write_file(
                json!({"path": path, "format": format, "options": options}),
                &[rows()],
            )
            .unwrap();
        assert_eq!(written["rows"], 3, "{format} {options}");
        assert_eq!(
            written["bytes"],
            std::fs::metadata(&path).unwrap().len(),
            "{format} {options}"
        );
        let location = json!({"format": format, "paths": [path], "options": reading});
        assert_eq!(
            read(&engine, location).unwrap(),
            expected,
            "{format} {options}"
        );
    }
}

#[test]
fn a_folder_is_read_in_the_order_of_its_names() {
    let folder = Folder::new("folder");
    let engine = Engine::open();
    folder.file("data/b.csv", b"id,name\n3,c\n");
    folder.file("data/a.csv", b"id,name\n1,a\n2,b\n");
    folder.file("data/_hidden.csv", b"id,name\n9,z\n");
    folder.file("data/.x.csv", b"id,name\n9,z\n");
    folder.file("data/notes.md", b"# no data\n");
    folder.file("data/empty.csv", b"");
    let location = json!({"format": "csv", "paths": [folder.path("data")]});
    let table = engine.table(location, None).unwrap();
    assert_eq!(table.info()["files"], 2);
    let session = engine
        .session(json!({"target_partitions": 1, "ordered": true}))
        .unwrap();
    session.add_table("t", &table).unwrap();
    assert_eq!(
        session.text("select id, name from t").unwrap(),
        "1|a;2|b;3|c"
    );
}

#[test]
fn partition_columns_come_from_the_folders() {
    let folder = Folder::new("hive");
    let engine = Engine::open();
    folder.file("t/year=2025/a.csv", b"id\n1\n");
    folder.file("t/year=2026/a.csv", b"id\n2\n");
    let location =
        json!({"format": "csv", "paths": [folder.path("t")], "partition_columns": ["year"]});
    let table = engine.table(location, None).unwrap();
    let session = engine.plain_session();
    session.add_table("t", &table).unwrap();
    assert_eq!(
        session
            .text("select id, year from t where year = '2026'")
            .unwrap(),
        "2|2026"
    );
}

#[test]
fn bad_inputs_are_typed_and_name_the_file() {
    let folder = Folder::new("bad");
    let engine = Engine::open();
    let garbage = folder.file("x.parquet", b"PAR1 this is not it PAR1");
    let text = folder.file("x.arrow", b"not arrow at all, not at all, not at all");
    let truncated = folder.file("x.ndjson", b"{\"id\": 1}\n{\"id\": 2}\n{\"id\": ");
    let empty = folder.file("empty.csv", b"");
    std::fs::create_dir_all(folder.path("hollow")).unwrap();
    let open = |format: &str, path: &str| {
        let location = json!({"format": format, "paths": [path]});
        engine.table(location, None).map(|_| ()).unwrap_err()
    };
    let missing = folder.path("missing.csv");
    let cases = [
        ("parquet", garbage.as_str(), kind::CORRUPT_DATA),
        ("arrow", text.as_str(), kind::CORRUPT_DATA),
        ("ndjson", truncated.as_str(), kind::CORRUPT_DATA),
        ("csv", empty.as_str(), kind::NOT_FOUND),
        ("csv", missing.as_str(), kind::NOT_FOUND),
    ];
    for (format, path, kind) in cases {
        let failure = open(format, path);
        assert_eq!(failure.kind, kind, "{format}: {}", failure.message);
        assert!(
            failure.message.contains(path),
            "{format}: {}",
            failure.message
        );
        assert_eq!(failure.subject, path, "{format}");
    }
    assert_eq!(open("ndjson", &truncated).line, 3);
    assert_eq!(
        open("parquet", &folder.path("hollow")).kind,
        kind::NOT_FOUND
    );
    assert_eq!(open("csv", "relative.csv").kind, kind::INVALID_ARGUMENT);
    assert_eq!(open("orc", &empty).kind, kind::INVALID_ARGUMENT);
    assert_eq!(open("delta", &folder.path("hollow")).kind, kind::NOT_FOUND);
}

#[test]
fn data_that_breaks_while_it_is_read_is_corrupt() {
    let folder = Folder::new("breaks");
    let engine = Engine::open();
    let mut lines = String::new();
    for id in 1..=3000 {
        lines += &format!("{{\"id\": {id}, \"name\": \"n\", \"score\": 1.0}}\n");
    }
    let ndjson = folder.file("late.ndjson", (lines + "{\"id\": 3001, \"na").as_bytes());
    let failure = read(&engine, json!({"format": "ndjson", "paths": [ndjson]})).unwrap_err();
    assert_eq!(
        (failure.kind, failure.line),
        (kind::CORRUPT_DATA, 3001),
        "{}",
        failure.message
    );
    let mut lines = "id,name,score\n".to_owned();
    for id in 1..=3000 {
        lines += &format!("{id},n,1.0\n");
    }
    let csv = folder.file("late.csv", (lines + "many,n,1.0\n").as_bytes());
    let failure = read(&engine, json!({"format": "csv", "paths": [csv]})).unwrap_err();
    assert_eq!(failure.kind, kind::CORRUPT_DATA, "{}", failure.message);
    assert_eq!(
        (failure.subject.as_str(), failure.line),
        (csv.as_str(), 3002)
    );
    assert!(
        failure.message.contains("for column 'id' at line 3002"),
        "{}",
        failure.message
    );
    let wide = folder.file("wide.csv", b"id,name\n1,a\n2,b,c\n3,d\n");
    let failure = read(&engine, json!({"format": "csv", "paths": [wide]})).unwrap_err();
    assert_eq!(
        (failure.kind, failure.subject.as_str(), failure.line),
        (kind::CORRUPT_DATA, wide.as_str(), 3),
        "{}",
        failure.message
    );
    let path = folder.path("cut.parquet");
    engine
        .write_file(
            json!({"path": path, "format": "parquet", "options": {"compression": "none"}}),
            &[rows()],
        )
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4..40].fill(0xee);
    std::fs::write(&path, bytes).unwrap();
    let failure = read(&engine, json!({"format": "parquet", "paths": [path]})).unwrap_err();
    assert_eq!(failure.kind, kind::CORRUPT_DATA, "{}", failure.message);
    assert_eq!(failure.subject, path);
}

#[test]
fn a_given_schema_is_used_and_allows_an_empty_folder() {
    let folder = Folder::new("schema");
    let engine = Engine::open();
    let schema = Schema::new(vec![
        Field::new("id", DataType::Utf8, true),
        Field::new("name", DataType::Utf8, true),
    ]);
    let path = folder.file("x.csv", b"id,name\n007,bond\n");
    let table = engine
        .table(json!({"format": "csv", "paths": [path]}), Some(&schema))
        .unwrap();
    let session = engine.plain_session();
    session.add_table("t", &table).unwrap();
    assert_eq!(session.text("select id from t").unwrap(), "007");
    std::fs::create_dir_all(folder.path("none")).unwrap();
    let location = json!({"format": "ndjson", "paths": [folder.path("none")]});
    let table = engine.table(location, Some(&schema)).unwrap();
    session.add_table("e", &table).unwrap();
    assert_eq!(session.text("select count(*) from e").unwrap(), "0");
    assert_eq!(table.schema().fields().len(), 2);
}

#[test]
fn options_of_another_format_are_refused_by_name() {
    let folder = Folder::new("options");
    let engine = Engine::open();
    let csv = folder.file("x.csv", b"id\n1\n");
    let table = |format: &str, options: Value| {
        let location = json!({"format": format, "paths": [csv], "options": options});
        engine.table(location, None).map(|_| ()).unwrap_err()
    };
    for (format, options, name) in [
        ("csv", json!({"delimeter": ";"}), "delimeter"),
        ("csv", json!({"delimiter": ";;"}), "delimiter"),
        ("csv", json!({"compression": "rar"}), "compression"),
        ("ndjson", json!({"delimiter": ";"}), "delimiter"),
        ("parquet", json!({"infer_rows": 1}), "infer_rows"),
    ] {
        let failure = table(format, options.clone());
        assert_eq!(failure.kind, kind::INVALID_ARGUMENT, "{format} {options}");
        assert!(failure.message.contains(name), "{}", failure.message);
    }
    let writer = |format: &str, options: Value| {
        let path = folder.path("out");
        let request = json!({"path": path, "format": format, "options": options});
        let failure = engine
            .writer(request, &rows().schema())
            .map(|_| ())
            .unwrap_err();
        assert!(
            !std::path::Path::new(&path).exists(),
            "{format} {options} made a file"
        );
        failure
    };
    for (format, options, name) in [
        ("parquet", json!({"delimiter": ";"}), "delimiter"),
        ("parquet", json!({"compression": "rar"}), "compression"),
        ("parquet", json!({"statistics": "all"}), "statistics"),
        ("csv", json!({"compression": "zstd"}), "compression"),
        ("ndjson", json!({"header": true}), "header"),
        ("arrow", json!({"compression": "gzip"}), "compression"),
        ("arrow", json!({"batch": 1}), "batch"),
    ] {
        let failure = writer(format, options.clone());
        assert_eq!(failure.kind, kind::INVALID_ARGUMENT, "{format} {options}");
        assert!(failure.message.contains(name), "{}", failure.message);
    }
}

#[test]
fn the_writer_refuses_what_it_cannot_do() {
    let folder = Folder::new("writer");
    let engine = Engine::open();
    let open = |path: &str, format: &str, schema: &Schema| {
        engine
            .writer(json!({"path": path, "format": format}), schema)
            .map(|_| ())
    };
    let schema = rows().schema();
    let taken = folder.file("taken.csv", b"precious");
    assert_eq!(
        open(&taken, "csv", &schema).unwrap_err().kind,
        kind::ALREADY_EXISTS
    );
    assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
    let nowhere = folder.path("no/such/folder.csv");
    assert_eq!(
        open(&nowhere, "csv", &schema).unwrap_err().kind,
        kind::NOT_FOUND
    );
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)])]);
    let nested = Schema::new(vec![Field::new("l", list.data_type().clone(), true)]);
    let failure = open(&folder.path("l.csv"), "csv", &nested).unwrap_err();
    assert_eq!(
        (failure.kind, failure.subject.as_str()),
        (kind::UNSUPPORTED, "l")
    );
    let path = folder.path("spent.ndjson");
    let writer = engine
        .writer(json!({"path": path, "format": "ndjson"}), &schema)
        .unwrap();
    writer.write(&rows()).unwrap();
    writer.finish().unwrap();
    assert_eq!(
        writer.write(&rows()).unwrap_err().kind,
        kind::INVALID_ARGUMENT
    );
    assert_eq!(writer.finish().unwrap_err().kind, kind::INVALID_ARGUMENT);
}

#[test]
fn an_empty_result_still_has_its_header() {
    let folder = Folder::new("header");
    let engine = Engine::open();
    let path = folder.path("empty.csv");
    let writer = engine
        .writer(json!({"path": path, "format": "csv"}), &rows().schema())
        .unwrap();
    writer.finish().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "id,name,score\n");
}

#[test]
fn arrow_streams_are_read_like_arrow_files() {
    let folder = Folder::new("ipc");
    let engine = Engine::open();
    let path = folder.path("x.arrows");
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(file, &rows().schema()).unwrap();
    writer.write(&rows()).unwrap();
    writer.finish().unwrap();
    let location = json!({"format": "arrow", "paths": [path]});
    assert_eq!(read(&engine, location).unwrap(), as_text(&[rows()]));
}

#[test]
fn a_delta_table_is_read_at_its_version_and_never_written() {
    let folder = Folder::new("delta");
    let engine = Engine::open();
    let path = folder.path("t");
    std::fs::create_dir_all(folder.path("t/_delta_log")).unwrap();
    let file = folder.path("t/a.parquet");
    let written = engine
        .write_file(json!({"path": file, "format": "parquet"}), &[rows()])
        .unwrap();
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind, "nullable": true, "metadata": {}});
    let fields = [
        field("id", "long"),
        field("name", "string"),
        field("score", "double"),
    ];
    let schema = json!({"type": "struct", "fields": fields}).to_string();
    let log = [
        json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}),
        json!({"metaData": {"id": "3f0b6f3c-0000-4000-8000-000000000000",
            "format": {"provider": "parquet", "options": {}}, "schemaString": schema,
            "partitionColumns": [], "configuration": {}, "createdTime": 0}}),
        json!({"add": {"path": "a.parquet", "partitionValues": {}, "size": written["bytes"],
            "modificationTime": 0, "dataChange": true}}),
    ];
    let log = log.map(|action| action.to_string()).join("\n");
    folder.file("t/_delta_log/00000000000000000000.json", log.as_bytes());
    let location = json!({"format": "delta", "paths": [path]});
    let table = engine.table(location.clone(), None).unwrap();
    let info = table.info();
    assert_eq!(
        (&info["version"], &info["files"]),
        (&json!(0), &json!(1)),
        "{info}"
    );
    assert_eq!(read(&engine, location).unwrap(), as_text(&[rows()]));
    let session = engine.plain_session();
    session.add_table("t", &table).unwrap();
    let plan = session.plan("select id from t where id > 1").unwrap();
    let facts = plan.facts();
    let nodes = facts["nodes"].as_array().unwrap();
    let scan = nodes
        .iter()
        .find(|node| node["kind"] == "table_scan")
        .unwrap();
    assert_eq!(scan["provider"], "DeltaReader");
    let insert = session.rows("insert into t select * from t").unwrap_err();
    assert_eq!(insert.kind, kind::UNSUPPORTED, "{}", insert.message);
    for location in [
        json!({"format": "delta", "paths": [path], "version": 7}),
        json!({"format": "delta", "paths": [folder.path("u")]}),
    ] {
        assert_eq!(
            engine.table(location, None).map(|_| ()).unwrap_err().kind,
            kind::NOT_FOUND
        );
    }
    let both = json!({"format": "delta", "paths": [path], "options": {"header": true}});
    let failure = engine.table(both, None).map(|_| ()).unwrap_err();
    assert_eq!(failure.kind, kind::INVALID_ARGUMENT);
}
