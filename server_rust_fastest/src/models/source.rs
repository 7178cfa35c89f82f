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

/// Looks whether there is something to serve, for a start that does not wait for it.
///
/// # Errors
/// Unavailable, with the remedy, where there is nothing to serve now.
pub fn check_base_path(base_path: &Path) -> Result<()> {
    let shown = base_path.display();
    match versions_on_disk(base_path) {
        Ok(versions) if versions.is_empty() => Err(Error::unavailable(format!(
            "no version directory under {shown}: expected a folder named by a number, such as {}",
            base_path.join("1").display()
        ))),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::unavailable(format!(
            "there is no model folder {shown}: give the folder that holds the version folders by --model_base_path, \
             or make one with generate/run.sh and convert_to_tflite/run.sh"
        ))),
        Err(error) => Err(Error::unavailable(format!("the model folder {shown} cannot be read: {}", reason(&error)))),
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tempfile::TempDir;

    use super::*;
    use crate::settings::PLATFORM;

    fn folder_of(names: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        folder
    }

    fn config(base_path: &Path, policy: VersionPolicy) -> ModelConfig {
        let (labels, platform) = (BTreeMap::new(), PLATFORM.to_owned());
        ModelConfig { name: "m".to_owned(), base_path: base_path.to_owned(), policy, labels, platform }
    }

    fn aspired(names: &[&str], policy: VersionPolicy) -> Vec<(i64, String)> {
        let folder = folder_of(names);
        let versions = aspired_versions(&config(folder.path(), policy)).unwrap();
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        versions.into_iter().map(|(number, path)| (number, name(path))).collect()
    }

    fn numbers(policy: VersionPolicy) -> Vec<i64> {
        aspired(&["9", "10", "2"], policy).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn the_policy_picks() {
        assert_eq!(numbers(VersionPolicy::Latest(1)), [10]);
        assert_eq!(numbers(VersionPolicy::Latest(0)), [10]);
        assert_eq!(numbers(VersionPolicy::Latest(2)), [9, 10]);
        assert_eq!(numbers(VersionPolicy::Latest(100)), [2, 9, 10]);
        assert_eq!(numbers(VersionPolicy::All), [2, 9, 10]);
        assert_eq!(numbers(VersionPolicy::Specific(vec![77, 9, 2])), [2, 9]);
    }

    #[test]
    fn leading_zeros_stay_in_the_folders_name() {
        assert_eq!(aspired(&["00000123", "5"], VersionPolicy::Latest(1)), [(123, "00000123".to_owned())]);
    }

    #[test]
    fn of_two_names_of_one_number_the_one_that_sorts_first_wins() {
        assert_eq!(aspired(&["1", "001", "01"], VersionPolicy::All), [(1, "001".to_owned())]);
    }

    #[test]
    fn other_names_are_no_versions() {
        let names = ["latest", "v2", "-3", "+4", "1.5", "\u{b2}", "tmp_4", "99999999999999999999"];
        assert_eq!(aspired(&names, VersionPolicy::All), []);
    }

    #[test]
    fn a_base_path_that_is_not_there_is_not_found() {
        let folder = folder_of(&[]);
        let path = folder.path().join("nowhere");
        assert_eq!(
            aspired_versions(&config(&path, VersionPolicy::All)).unwrap_err().status(),
            format!(
                "NOT_FOUND: Could not find base path {} for servable m with error No such file or directory",
                path.display()
            )
        );
    }

    #[test]
    fn a_missing_base_path_is_refused_with_the_remedy() {
        let path = folder_of(&[]).path().join("nowhere");
        let error = check_base_path(&path).unwrap_err();
        assert_eq!(
            error.status(),
            format!(
                "UNAVAILABLE: there is no model folder {}: give the folder that holds the version folders by \
                 --model_base_path, or make one with generate/run.sh and convert_to_tflite/run.sh",
                path.display()
            )
        );
    }

    #[test]
    fn a_base_path_that_is_a_file_is_refused() {
        let folder = folder_of(&[]);
        let path = folder.path().join("file");
        fs::write(&path, "").unwrap();
        let text = check_base_path(&path).unwrap_err().text;
        assert_eq!(text, format!("the model folder {} cannot be read: Not a directory", path.display()));
    }

    #[test]
    fn a_base_path_without_a_version_is_refused_with_an_example() {
        let folder = folder_of(&["latest"]);
        let path = folder.path().display();
        assert_eq!(
            check_base_path(folder.path()).unwrap_err().text,
            format!("no version directory under {path}: expected a folder named by a number, such as {path}/1")
        );
    }

    #[test]
    fn a_fingerprint_changes_with_a_files_content() {
        let folder = folder_of(&["variables"]);
        let file = folder.path().join("variables/data");
        let empty = fingerprint(folder.path());
        fs::write(&file, "1").unwrap();
        let one = fingerprint(folder.path());
        fs::write(&file, "22").unwrap();
        let two = fingerprint(folder.path());
        assert!(empty != one && one != two && two != empty);
        assert_eq!(two, fingerprint(folder.path()));
    }
}
