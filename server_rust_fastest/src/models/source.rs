//! Source: a model's base path and version policy -> the version folders that are wanted.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::settings::{ModelConfig, VersionPolicy};

/// Version folders by number.
pub type Versions = BTreeMap<i64, PathBuf>;

/// The folders that the policy picks of those on disk; empty where there is none.
///
/// # Errors
/// Not found where the base path cannot be seen.
pub fn aspired_versions(config: &ModelConfig) -> Result<Versions> {
    match versions_on_disk(&config.base_path) {
        Ok(versions) => Ok(pick(&config.policy, versions)),
        Err(error) => Err(Error::not_found(format!(
            "Could not find base path {} for servable {} with error {}",
            config.base_path.display(),
            config.name,
            reason(&error)
        ))),
    }
}

/// As `aspired_versions`, where nobody waits for a first version.
///
/// # Errors
/// Unavailable, with the remedy, where there is nothing to serve now.
pub fn versions_at_start(config: &ModelConfig) -> Result<Versions> {
    let base_path = config.base_path.display();
    let versions = versions_on_disk(&config.base_path).map_err(|error| {
        Error::unavailable(if error.kind() == io::ErrorKind::NotFound {
            format!(
                "there is no model folder {base_path}: give the folder that holds the version folders by \
                 --model_base_path, or make one with generate/run.sh and convert_to_tflite/run.sh"
            )
        } else {
            format!("the model folder {base_path} cannot be read: {}", reason(&error))
        })
    })?;
    if versions.is_empty() {
        return Err(Error::unavailable(format!(
            "no version directory under {base_path}: expected a folder named by a number, such as {}",
            config.base_path.join("1").display()
        )));
    }
    Ok(pick(&config.policy, versions))
}

/// A number that changes when a file of the folder does: whether a copy is still under way, or was mended.
pub fn fingerprint(version_folder: &Path) -> u64 {
    let mut seen = Vec::new();
    let mut folders = vec![version_folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if let Ok(file) = fs::metadata(&path) {
                seen.push((path, file.size(), file.mtime(), file.mtime_nsec(), file.ino()));
            }
        }
    }
    seen.sort();
    let mut hasher = DefaultHasher::new();
    seen.hash(&mut hasher);
    hasher.finish()
}

/// Of two names of one number, such as 1 and 001, the one that sorts first wins, always the same.
fn versions_on_disk(base_path: &Path) -> io::Result<Versions> {
    let mut versions = Versions::new();
    for entry in fs::read_dir(base_path)? {
        let name = entry?.file_name();
        let Some(number) = name.to_str().and_then(version_number) else { continue };
        let path = base_path.join(name);
        versions
            .entry(number)
            .and_modify(|known| {
                if path < *known {
                    known.clone_from(&path);
                }
            })
            .or_insert(path);
    }
    Ok(versions)
}

/// None for what is no number, and for one that no request can ask for.
fn version_number(name: &str) -> Option<i64> {
    if name.bytes().all(|octet| octet.is_ascii_digit()) { name.parse().ok() } else { None }
}

fn pick(policy: &VersionPolicy, mut versions: Versions) -> Versions {
    match policy {
        VersionPolicy::All => {}
        VersionPolicy::Specific(numbers) => versions.retain(|number, _| numbers.contains(number)),
        VersionPolicy::Latest(count) => {
            while versions.len() > (*count).max(1) {
                versions.pop_first();
            }
        }
    }
    versions
}

/// What the system says, without the number that Rust adds.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
