use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lakegate_bridge::durable_store::DurableLocalStore;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload};

use crate::abi::Folder;

fn location(folder: &Folder, name: &str) -> Path {
    Path::from_absolute_path(folder.join(name)).unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work)
}

#[test]
fn a_put_if_absent_has_exactly_one_winner() {
    for durable in [true, false] {
        let folder = Folder::new();
        let store = Arc::new(DurableLocalStore::new(durable));
        let path = location(&folder, "new/folder/entry.json");
        let won = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..16 {
                let (store, path, won) = (store.clone(), path.clone(), &won);
                scope.spawn(move || {
                    let body = PutPayload::from(format!("{thread:>4096}"));
                    let options = PutMode::Create.into();
                    match block_on(store.put_opts(&path, body, options)) {
                        Ok(_) => {
                            won.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(Error::AlreadyExists { .. }) => {
                            // Losers see the winner whole.
                            let found = block_on(async { store.get(&path).await?.bytes().await });
                            assert_eq!(found.unwrap().len(), 4096);
                        }
                        Err(error) => panic!("{error:?}"),
                    }
                });
            }
        });
        assert_eq!(won.load(Ordering::SeqCst), 1);
        assert_eq!(folder.files().len(), 1, "staged names are gone");
    }
}

#[test]
fn an_overwrite_replaces_and_a_create_does_not() {
    let folder = Folder::new();
    let store = DurableLocalStore::new(true);
    let path = location(&folder, "object");
    let put = |text: &'static str, mode: PutMode| {
        block_on(store.put_opts(&path, PutPayload::from_static(text.as_bytes()), mode.into()))
    };
    put("one", PutMode::Create).unwrap();
    assert!(matches!(
        put("two", PutMode::Create),
        Err(Error::AlreadyExists { .. })
    ));
    put("three", PutMode::Overwrite).unwrap();
    assert_eq!(
        std::fs::read_to_string(folder.join("object")).unwrap(),
        "three"
    );
}

#[test]
fn an_upload_appears_whole_or_not_at_all() {
    let folder = Folder::new();
    let store = DurableLocalStore::new(true);
    let path = location(&folder, "deep/object");
    let file = folder.join("deep/object");
    block_on(async {
        let mut upload = store.put_multipart(&path).await.unwrap();
        let second = upload.put_part(PutPayload::from_static(b"first "));
        let first = upload.put_part(PutPayload::from_static(b"second"));
        // Parts may finish in any order.
        first.await.unwrap();
        second.await.unwrap();
        assert!(!file.exists());
        upload.complete().await.unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first second");
        assert!(upload.complete().await.is_err());

        let mut aborted = store
            .put_multipart(&location(&folder, "deep/other"))
            .await
            .unwrap();
        aborted
            .put_part(PutPayload::from_static(b"x"))
            .await
            .unwrap();
        aborted.abort().await.unwrap();
        let dropped = store
            .put_multipart(&location(&folder, "deep/third"))
            .await
            .unwrap();
        drop(dropped);
    });
    assert_eq!(folder.files(), [file]);
}

#[test]
fn staged_names_are_hidden_from_listings() {
    use futures::TryStreamExt;
    let folder = Folder::new();
    let store = DurableLocalStore::new(true);
    block_on(async {
        let upload = store
            .put_multipart(&location(&folder, "a.parquet"))
            .await
            .unwrap();
        let prefix = location(&folder, "");
        let listed: Vec<_> = store.list(Some(&prefix)).try_collect().await.unwrap();
        assert!(listed.is_empty(), "{listed:?}");
        drop(upload);
    });
}

#[test]
fn a_missing_object_is_not_found() {
    let folder = Folder::new();
    let store = DurableLocalStore::new(true);
    let missing = block_on(store.get(&location(&folder, "nothing")));
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}
