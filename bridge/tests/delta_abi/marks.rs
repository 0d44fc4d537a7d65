use serde_json::{Value, json};

use crate::abi::{Engine, Folder, Table};
use crate::kind;
use crate::rows::{batch, schema, write};

/// One file of ten rows, in a table that may mark them.
fn ten_rows(engine: &Engine, path: &std::path::Path) -> Table {
    let configuration = json!({"delta.enableDeletionVectors": "true"});
    let table = engine
        .table_actions(
            None,
            Some(&schema()),
            json!({"configuration": configuration}),
        )
        .unwrap();
    let mut actions = vec![
        json!({"protocol": table["protocol"]}),
        json!({"metaData": table["metadata"]}),
    ];
    let ids: Vec<i64> = (0..10).collect();
    actions.extend(
        engine
            .stage(&[batch(&ids, "a")], json!({"path": path}))
            .unwrap(),
    );
    engine.commit(None, write(path, actions)).unwrap();
    engine.table(path).unwrap()
}

fn commit_marks(engine: &Engine, path: &std::path::Path, base: &Table, told: &Value) -> Table {
    let mut add = base.files()[0].clone();
    add["deletionVector"] = told["vectors"][0]["deletionVector"].clone();
    let mut actions = base.removes();
    actions.push(json!({"add": add}));
    engine.commit(Some(base), write(path, actions)).unwrap();
    engine.table(path).unwrap()
}

#[test]
fn marks_are_added_to_those_that_are_there() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = ten_rows(&engine, &path);
    let file = base.files()[0]["path"].as_str().unwrap().to_owned();
    let told = base.mark(&[(&file, &[0, 3, 9])]).unwrap();
    let name = told["file"].as_str().unwrap();
    assert!(path.join(name).is_file());
    assert_eq!(told["vectors"][0]["path"], file.as_str());
    assert_eq!(told["vectors"][0]["deletionVector"]["cardinality"], 3);
    let marked = commit_marks(&engine, &path, &base, &told);
    // Of 1 2 4 5 6 7 8 the first and the last.
    let more = marked.mark(&[(&file, &[0, 6])]).unwrap();
    assert_eq!(more["vectors"][0]["deletionVector"]["cardinality"], 5);
    assert_ne!(more["file"], told["file"]);
    let left = commit_marks(&engine, &path, &marked, &more);
    assert_eq!(left.files()[0]["deletionVector"]["cardinality"], 5);
}

#[test]
fn marks_are_refused_where_there_is_nothing_to_mark() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = ten_rows(&engine, &path);
    let file = base.files()[0]["path"].as_str().unwrap().to_owned();
    let nowhere = base.mark(&[("nothing.parquet", &[0])]).unwrap_err();
    assert_eq!(
        (nowhere.kind, nowhere.subject.as_str()),
        (kind::INVALID_ARGUMENT, "nothing.parquet")
    );
    assert_eq!(
        base.mark(&[(&file, &[2, 1])]).unwrap_err().kind,
        kind::INVALID_ARGUMENT
    );
    let nothing = base.mark(&[]).unwrap();
    assert_eq!(nothing, json!({"file": null, "vectors": []}));
    let vectors = folder
        .files()
        .iter()
        .filter(|file| file.to_string_lossy().ends_with(".bin"))
        .count();
    assert_eq!(vectors, 0);
}
