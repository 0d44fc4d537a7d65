//! Where a table is, and which version of it is meant.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use deltalake_core::logstore::{LogStoreRef, ObjectStoreRef, StorageConfig, logstore_with};
use serde::Deserialize;
use url::Url;

use super::overlay::{Overlay, OverlayStore};
use crate::durable_store::DurableLocalStore;
use crate::engine::Engine;
use crate::error::{BridgeError, Result};

pub const LOG_FOLDER: &str = "_delta_log";

/// `{"path", "version", "timestamp_ms"}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeltaLocation {
    pub path: String,
    #[serde(default)]
    pub version: Option<u64>,
    #[serde(default)]
    pub timestamp_ms: Option<i64>,
}

/// A folder that is a table, or may become one.
#[derive(Clone)]
pub struct TableRoot {
    pub path: PathBuf,
    pub url: Url,
    pub log_store: LogStoreRef,
    /// Commits that are seen here and nowhere else.
    pub overlay: Option<Arc<Overlay>>,
}

impl TableRoot {
    pub fn new(engine: &Engine, path: &str) -> Result<Self> {
        let path = PathBuf::from(path);
        let url = Url::from_directory_path(&path).map_err(|()| {
            BridgeError::invalid_argument(format!(
                "The path of a Delta table must be absolute: {}",
                path.display()
            ))
        })?;
        let overlay = engine.overlay_of(&path);
        let local: ObjectStoreRef = Arc::new(DurableLocalStore::new(engine.durable()));
        let store = match &overlay {
            Some(overlay) => Arc::new(OverlayStore::new(local, overlay.clone())),
            None => local,
        };
        let log_store = logstore_with(store, &url, StorageConfig::default())?;
        Ok(Self {
            path,
            url,
            log_store,
            overlay,
        })
    }

    pub fn log_folder(&self) -> PathBuf {
        self.path.join(LOG_FOLDER)
    }

    pub fn commit_file(&self, version: u64) -> PathBuf {
        self.log_folder().join(format!("{version:020}.json"))
    }
}

/// The versions a log folder has files for, ascending.
#[derive(Debug, Default)]
pub struct LogListing {
    /// Version and modification time in milliseconds.
    pub commits: Vec<(u64, i64)>,
    pub checkpoints: Vec<u64>,
}

impl LogListing {
    /// None when there is no log at all.
    pub fn read(root: &TableRoot) -> Result<Option<Self>> {
        let Some(overlay) = &root.overlay else {
            return Self::on_disk(root);
        };
        let mut listing = Self::on_disk(root)?.unwrap_or_default();
        let seen = |version: &u64| overlay.base.is_some_and(|base| *version <= base);
        listing.commits.retain(|(version, _)| seen(version));
        listing.checkpoints.retain(seen);
        listing.commits.extend(overlay.commits());
        Ok(Some(listing).filter(|listing| !listing.is_empty()))
    }

    fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.checkpoints.is_empty()
    }

    fn on_disk(root: &TableRoot) -> Result<Option<Self>> {
        let folder = root.log_folder();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(about(error.into(), &folder)),
        };
        let mut listing = Self::default();
        for entry in entries {
            let entry = entry.map_err(|error| about(error.into(), &folder))?;
            let name = entry.file_name();
            let Some((version, is_commit)) = name.to_str().and_then(log_file) else {
                continue;
            };
            if is_commit {
                let modified = entry.metadata().and_then(|data| data.modified());
                let modified = modified.map_err(|error| about(error.into(), &entry.path()))?;
                let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
                let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
                listing.commits.push((version, millis));
            } else {
                listing.checkpoints.push(version);
            }
        }
        listing.commits.sort_unstable();
        listing.checkpoints.sort_unstable();
        Ok(Some(listing).filter(|listing| !listing.is_empty()))
    }

    pub fn latest(&self) -> u64 {
        let commit = self.commits.last().map_or(0, |(version, _)| *version);
        commit.max(self.checkpoints.last().copied().unwrap_or(0))
    }

    /// The oldest version that can still be put together.
    pub fn earliest(&self) -> u64 {
        match (self.commits.first(), self.checkpoints.first()) {
            (Some((0, _)), _) | (None, None) => 0,
            (Some((first, _)), None) => *first,
            (_, Some(checkpoint)) => *checkpoint,
        }
    }

    /// The newest version that was there at `timestamp_ms`; commit times count as rising.
    fn at(&self, timestamp_ms: i64) -> Option<u64> {
        let mut found = None;
        let mut last = i64::MIN;
        for (version, modified) in &self.commits {
            last = (*modified).max(last.saturating_add(1));
            if last > timestamp_ms {
                break;
            }
            found = Some(*version);
        }
        found.filter(|version| *version >= self.earliest())
    }

    /// The version that `location` pins, checked against what there is.
    pub fn resolve(&self, location: &DeltaLocation) -> Result<Option<u64>> {
        let (earliest, latest) = (self.earliest(), self.latest());
        let missing = |what: String| {
            BridgeError::not_found(format!(
                "The Delta table has no such version: {what}; it has {earliest} to {latest}: {}",
                location.path
            ))
            .with_versions(-1, i64::try_from(latest).unwrap_or(-1))
        };
        match (location.version, location.timestamp_ms) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(BridgeError::invalid_argument(
                "A Delta table is pinned by version or by timestamp_ms, not by both",
            )),
            (Some(version), None) if version < earliest || version > latest => {
                Err(missing(version.to_string()))
            }
            (Some(version), None) => Ok(Some(version)),
            (None, Some(timestamp)) => match self.at(timestamp) {
                Some(version) => Ok(Some(version)),
                None => Err(missing(format!("timestamp_ms {timestamp}"))),
            },
        }
    }
}

pub fn no_log(root: &TableRoot) -> BridgeError {
    let path = root.path.display().to_string();
    BridgeError::not_found(format!("No Delta log at this path: {path}")).with_subject(path)
}

/// Version, and whether it is a commit; None for every other file of a log folder.
pub fn log_file(name: &str) -> Option<(u64, bool)> {
    let (version, rest) = split_version(name)?;
    if rest == ".json" {
        Some((version, true))
    } else if rest.starts_with(".checkpoint.")
        && (rest.ends_with(".parquet") || rest.ends_with(".json"))
    {
        Some((version, false))
    } else {
        None
    }
}

/// The newest version that a file of a log folder tells of; none for what has no version.
pub fn newest_version(name: &str) -> Option<u64> {
    let (version, rest) = split_version(name)?;
    // "FROM.TO.compacted.json"
    let to = rest.strip_prefix('.').and_then(split_version);
    Some(to.map_or(version, |(to, _)| to))
}

fn split_version(name: &str) -> Option<(u64, &str)> {
    let (digits, rest) = name.split_at_checked(20)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, rest))
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn about(error: BridgeError, path: &Path) -> BridgeError {
    error.about_file(&path.display().to_string())
}
