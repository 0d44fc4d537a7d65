use std::path::Path;

use serde_json::{Value, json};

use crate::abi::{Engine, Folder, free_nulls, null_handle_kinds};
use crate::kind;
use crate::rows::{append, create, schema, write};

fn entry(path: &Path, version: u64) -> std::path::PathBuf {
    path.join(format!("_delta_log/{version:020}.json"))
}

#[test]
fn a_path_without_a_log_is_not_found() {
    let (engine, folder) = (Engine::open(), Folder::new());
    std::fs::create_dir_all(folder.join("empty/_delta_log")).unwrap();
    std::fs::write(folder.join("file"), "x").unwrap();
    for name in ["", "nowhere", "empty", "file"] {
        let path = folder.join(name);
        let missing = engine.table(&path).err().unwrap();
        assert_eq!(missing.kind, kind::NOT_FOUND, "{name}");
        assert!(
            missing.message.starts_with("No Delta log at this path"),
            "{}",
            missing.message
        );
    }
    let relative = engine.table(Path::new("t")).err().unwrap();
    assert_eq!(relative.kind, kind::INVALID_ARGUMENT);
}

#[test]
fn a_pin_outside_the_log_names_the_range() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    append(&engine, &base, &path, &[4], "a").unwrap();
    let at = |location: Value| engine.table_at(location);
    assert_eq!(at(json!({"path": path, "version": 0})).unwrap().rows(), 3);
    assert_eq!(at(json!({"path": path, "version": 1})).unwrap().rows(), 4);
    let missing = at(json!({"path": path, "version": 7})).err().unwrap();
    assert_eq!(missing.kind, kind::NOT_FOUND);
    assert!(
        missing.message.contains("it has 0 to 1"),
        "{}",
        missing.message
    );
    assert_eq!(missing.found_version, 1);
    let early = at(json!({"path": path, "timestamp_ms": 1})).err().unwrap();
    assert_eq!(early.kind, kind::NOT_FOUND);
    let late = at(json!({"path": path, "timestamp_ms": 9_000_000_000_000_i64})).unwrap();
    assert_eq!(late.version(), 1);
    let both = at(json!({"path": path, "version": 0, "timestamp_ms": 1}))
        .err()
        .unwrap();
    assert_eq!(both.kind, kind::INVALID_ARGUMENT);
    let unknown = at(json!({"path": path, "versoin": 0})).err().unwrap();
    assert_eq!(unknown.kind, kind::INVALID_ARGUMENT);
}

#[test]
fn a_timestamp_finds_the_version_of_its_moment() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    append(&engine, &base, &path, &[4], "a").unwrap();
    let seconds = std::time::Duration::from_secs;
    let times = [1_700_000_000, 1_700_000_100];
    for (version, time) in times.iter().enumerate() {
        let file = std::fs::File::options()
            .write(true)
            .open(entry(&path, version as u64))
            .unwrap();
        file.set_modified(std::time::UNIX_EPOCH + seconds(*time))
            .unwrap();
    }
    for (ms, version) in [
        (1_700_000_000_000_i64, 0),
        (1_700_000_099_999, 0),
        (1_700_000_100_000, 1),
    ] {
        let table = engine
            .table_at(json!({"path": path, "timestamp_ms": ms}))
            .unwrap();
        assert_eq!(table.version(), version, "{ms}");
    }
}

#[test]
fn a_corrupt_log_names_the_file() {
    let engine = Engine::open();
    type Damage = fn(&Path);
    let damage: [(&str, Damage); 4] = [
        ("not JSON", |file| {
            std::fs::write(file, "garbage\n").unwrap()
        }),
        ("cut short", |file| {
            let text = std::fs::read(file).unwrap();
            std::fs::write(file, &text[..text.len() - 20]).unwrap();
        }),
        ("binary", |file| {
            std::fs::write(file, [0xff_u8; 64]).unwrap()
        }),
        ("gone", |file| std::fs::remove_file(file).unwrap()),
    ];
    for (name, damage) in damage {
        let folder = Folder::new();
        let path = folder.join("t");
        let base = create(&engine, &path);
        append(&engine, &base, &path, &[4], "a").unwrap();
        let base = engine.table(&path).unwrap();
        append(&engine, &base, &path, &[5], "a").unwrap();
        damage(&entry(&path, 1));
        let corrupt = engine
            .table(&path)
            .err()
            .unwrap_or_else(|| panic!("{name} was accepted"));
        assert_eq!(corrupt.kind, kind::CORRUPT_DATA, "{name}: {corrupt:?}");
        assert_eq!(
            corrupt.subject,
            entry(&path, 1).display().to_string(),
            "{name}"
        );
        assert!(
            corrupt.message.contains("00000000000000000001.json"),
            "{}",
            corrupt.message
        );
    }
}

#[test]
fn a_log_without_metadata_is_corrupt() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    std::fs::create_dir_all(path.join("_delta_log")).unwrap();
    std::fs::write(
        entry(&path, 0),
        "{\"txn\":{\"appId\":\"a\",\"version\":1}}\n",
    )
    .unwrap();
    let corrupt = engine.table(&path).err().unwrap();
    assert_eq!(corrupt.kind, kind::CORRUPT_DATA, "{corrupt:?}");
}

#[test]
fn a_corrupt_checkpoint_names_the_file() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    create(&engine, &path).checkpoint().unwrap();
    let checkpoint = path.join("_delta_log/00000000000000000000.checkpoint.parquet");
    std::fs::write(&checkpoint, "PAR1 no more").unwrap();
    let corrupt = engine.table(&path).err().unwrap();
    assert_eq!(corrupt.kind, kind::CORRUPT_DATA, "{corrupt:?}");
    assert_eq!(corrupt.subject, checkpoint.display().to_string());
}

/// The table of `create`, with another protocol from its first entry on.
fn with_protocol(engine: &Engine, path: &Path, protocol: Value) {
    create(engine, path);
    let text = std::fs::read_to_string(entry(path, 0)).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.starts_with("{\"protocol\"") {
            true => json!({"protocol": protocol}).to_string(),
            false => line.to_owned(),
        })
        .collect();
    std::fs::write(entry(path, 0), lines.join("\n")).unwrap();
}

#[test]
fn a_reader_feature_from_the_future_is_unsupported_by_name() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let features = json!(["timeTravelToTuesday"]);
    with_protocol(
        &engine,
        &path,
        json!({"minReaderVersion": 3, "minWriterVersion": 7,
               "readerFeatures": features, "writerFeatures": features}),
    );
    let refused = engine.table(&path).err().unwrap();
    assert_eq!(refused.kind, kind::UNSUPPORTED, "{refused:?}");
    assert!(
        refused.message.contains("timeTravelToTuesday"),
        "{}",
        refused.message
    );
}

#[test]
fn a_writer_feature_is_read_but_not_written() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    with_protocol(
        &engine,
        &path,
        json!({"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["rowTracking", "domainMetadata"]}),
    );
    let base = engine.table(&path).unwrap();
    assert_eq!(base.rows(), 3);
    let refused = append(&engine, &base, &path, &[4], "a").unwrap_err();
    assert_eq!(refused.kind, kind::UNSUPPORTED, "{refused:?}");
    assert!(
        refused.message.contains("rowTracking"),
        "{}",
        refused.message
    );
    let compaction = engine.compact(&base, json!({})).unwrap_err();
    assert_eq!(compaction.kind, kind::UNSUPPORTED);
}

#[test]
fn rows_for_a_table_with_invariants_are_refused() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    create(&engine, &path);
    let text = std::fs::read_to_string(entry(&path, 0)).unwrap();
    let plain = r#"\"name\":\"id\",\"type\":\"long\",\"nullable\":false,\"metadata\":{}"#;
    assert!(text.contains(plain), "{text}");
    let rule = r#"\"metadata\":{\"delta.invariants\":\"{\\\"expression\\\":{\\\"expression\\\":\\\"id > 3\\\"}}\"}"#;
    let text = text.replace(plain, &plain.replace(r#"\"metadata\":{}"#, rule));
    std::fs::write(entry(&path, 0), text).unwrap();
    let base = engine.table(&path).unwrap();
    let refused = append(&engine, &base, &path, &[4], "a").unwrap_err();
    assert_eq!(
        (refused.kind, refused.subject.as_str()),
        (kind::UNSUPPORTED, "invariants")
    );
}

#[test]
fn a_property_nobody_reads_is_refused() {
    let engine = Engine::open();
    let actions = |configuration: Value| {
        engine.table_actions(
            None,
            Some(&schema()),
            json!({"configuration": configuration}),
        )
    };
    let unknown = actions(json!({"delta.autoMagic": "true"})).unwrap_err();
    assert_eq!(unknown.kind, kind::INVALID_ARGUMENT);
    assert_eq!(unknown.subject, "delta.autoMagic");
    let value = actions(json!({"delta.enableChangeDataFeed": "maybe"})).unwrap_err();
    assert_eq!(value.kind, kind::INVALID_ARGUMENT, "{value:?}");
    let raised = actions(json!({"delta.enableChangeDataFeed": "true"})).unwrap();
    assert_eq!(raised["protocol"]["minWriterVersion"], 4);
    let none = engine.table_actions(None, None, json!({})).unwrap_err();
    assert_eq!(none.kind, kind::INVALID_ARGUMENT);
    let partition = engine
        .table_actions(
            None,
            Some(&schema()),
            json!({"partition_columns": ["nope"]}),
        )
        .unwrap_err();
    assert_eq!(partition.kind, kind::NOT_FOUND);
}

#[test]
fn features_join_constraints_and_not_null_when_listed() {
    let engine = Engine::open();
    let actions = engine
        .table_actions(
            None,
            Some(&schema()),
            json!({"configuration": {
                "delta.enableDeletionVectors": "true", "delta.constraints.c": "id > 0",
            }}),
        )
        .unwrap();
    let features = actions["protocol"]["writerFeatures"].as_array().unwrap();
    for feature in ["checkConstraints", "deletionVectors", "invariants"] {
        assert!(
            features.contains(&json!(feature)),
            "{feature}: {features:?}"
        );
    }
}

#[test]
fn an_entry_past_the_head_is_not_found() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    create(&engine, &path);
    let missing = engine.read_commit(&path, 1).unwrap_err();
    assert_eq!((missing.kind, missing.found_version), (kind::NOT_FOUND, 0));
    assert_eq!(
        engine.read_commit(&path, -1).unwrap_err().kind,
        kind::INVALID_ARGUMENT
    );
    let nowhere = engine.read_commit(&folder.join("nowhere"), 0).unwrap_err();
    assert_eq!(nowhere.kind, kind::NOT_FOUND);
    assert!(nowhere.message.starts_with("No Delta log at this path"));
}

#[test]
fn null_handles_are_errors_and_freeing_null_is_nothing() {
    assert!(
        null_handle_kinds()
            .iter()
            .all(|found| *found == kind::INVALID_ARGUMENT)
    );
    free_nulls();
}

#[test]
fn a_commit_without_a_table_needs_protocol_and_metadata() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let refused = engine
        .commit(None, write(&folder.join("t"), vec![]))
        .unwrap_err();
    assert_eq!(refused.kind, kind::INVALID_ARGUMENT);
    assert!(folder.files().is_empty());
}
