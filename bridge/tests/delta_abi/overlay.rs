use serde_json::json;

use crate::abi::{Engine, Folder};
use crate::kind;
use crate::rows::{append, create, staged, write};

#[test]
fn commits_of_an_overlay_are_its_own() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let inside = engine.overlay(&path, base.version()).unwrap();
    for id in 10..12 {
        let head = inside.table(&path).unwrap();
        append(&inside, &head, &path, &[id], "a b").unwrap();
    }
    let seen = inside.table(&path).unwrap();
    assert_eq!((seen.version(), seen.rows()), (2, 5));
    assert_eq!(inside.read_commit(&path, 2).unwrap().len(), 2);
    let outside = engine.table(&path).unwrap();
    assert_eq!((outside.version(), outside.rows()), (0, 3));
    let missing = engine.read_commit(&path, 1).unwrap_err();
    assert_eq!(missing.kind, kind::NOT_FOUND);
    // As the log spells them: the folder of a value with a space, encoded once more.
    let files = inside.overlay_files(&path).unwrap();
    let files = files.as_array().unwrap();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(
        files[0].as_str().unwrap().starts_with("part=a%2520b/"),
        "{files:?}"
    );
    assert_eq!(
        engine.overlay_files(&path).unwrap_err().kind,
        kind::INVALID_ARGUMENT
    );
}

#[test]
fn what_lands_outside_is_not_seen_inside() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let inside = engine.overlay(&path, 0).unwrap();
    append(&engine, &base, &path, &[20], "a").unwrap();
    let head = engine.table(&path).unwrap();
    head.checkpoint().unwrap();
    assert_eq!(inside.table(&path).unwrap().version(), 0);
    let seen = inside.table(&path).unwrap();
    append(&inside, &seen, &path, &[30], "a").unwrap();
    let seen = inside.table(&path).unwrap();
    assert_eq!((seen.version(), seen.rows()), (1, 4));
    assert_eq!(seen.checkpoint().unwrap_err().kind, kind::UNSUPPORTED);
    // Compare-and-swap holds in memory as on the disk.
    let files = staged(&inside, &path, &[40], "a");
    let lost = inside.commit(Some(&base), write(&path, files)).unwrap_err();
    assert_eq!(lost.kind, kind::COMMIT_CONFLICT);
}

#[test]
fn a_table_may_begin_in_an_overlay() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let inside = engine.overlay(&path, -1).unwrap();
    assert_eq!(inside.table(&path).unwrap_err().kind, kind::NOT_FOUND);
    assert_eq!(create(&inside, &path).rows(), 3);
    assert_eq!(engine.table(&path).unwrap_err().kind, kind::NOT_FOUND);
    // Over one that is there, it is as if it were not.
    create(&engine, &path);
    let again = engine.overlay(&path, -1).unwrap();
    assert_eq!(again.table(&path).unwrap_err().kind, kind::NOT_FOUND);
}

#[test]
fn files_that_are_there_are_described() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let table = create(&engine, &path);
    let files = table.files();
    let name = files[0]["path"].as_str().unwrap();
    let told = engine
        .describe(json!({"path": path, "files": [name], "stats_columns": ["id"]}))
        .unwrap();
    let told = &told[0];
    assert_eq!(
        (&told["path"], &told["size"]),
        (&files[0]["path"], &files[0]["size"])
    );
    let stats: serde_json::Value = serde_json::from_str(told["stats"].as_str().unwrap()).unwrap();
    assert!(stats["minValues"]["id"].is_number());
    assert!(stats["minValues"]["name"].is_null());
    let absent = engine.describe(json!({"path": path, "files": ["nothing.parquet"]}));
    assert_eq!(
        absent.unwrap_err().subject,
        path.join("nothing.parquet").to_str().unwrap()
    );
    std::fs::write(
        path.join("text.parquet"),
        "no Parquet at all, but long enough",
    )
    .unwrap();
    let broken = engine.describe(json!({"path": path, "files": ["text.parquet"]}));
    assert_eq!(broken.unwrap_err().kind, kind::CORRUPT_DATA);
}
