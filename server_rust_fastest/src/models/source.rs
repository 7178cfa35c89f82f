//! Source: a model's base path and version policy -> the version folders that are wanted.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::settings::{ModelConfig, VersionPolicy};

/// Version folders by number.
pub type Versions = BTreeMap<i64, PathBuf>;

/// What a look at a base path has found.
pub struct Look {
    /// The folders that the policy picks of those on disk; empty where there is none.
    pub versions: Versions,
    /// What an operator may have meant otherwise.
    pub warnings: Vec<String>,
}

/// Looks for a model's versions.
///
/// # Errors
/// Not found where the base path cannot be seen.
pub fn look(config: &ModelConfig) -> Result<Look> {
    match versions_on_disk(&config.base_path) {
        Ok((versions, too_high)) => {
            let versions = pick(&config.policy, versions);
            let warnings = warnings(config, &versions, &too_high);
            Ok(Look { versions, warnings })
        }
        Err(error) => Err(Error::not_found(format!(
            "Could not find base path {} for servable {} with error {}",
            config.base_path.display(),
            config.name,
            reason(&error)
        ))),
    }
}

fn warnings(config: &ModelConfig, versions: &Versions, too_high: &[String]) -> Vec<String> {
    let (name, base_path) = (&config.name, config.base_path.display());
    let mut warnings: Vec<String> = too_high
        .iter()
        .map(|folder| {
            format!("{base_path}/{folder} is no version of servable {name}: a version is a number up to {}", i64::MAX)
        })
        .collect();
    match &config.policy {
        VersionPolicy::Specific(numbers) => {
            let missing: BTreeSet<_> = numbers.iter().filter(|&number| !versions.contains_key(number)).collect();
            warnings.extend(missing.into_iter().map(|number| {
                format!(
                    "Version {number} of servable {name}, which its version policy asks for, was not found under base \
                     path {base_path}: a version's folder is named by its number, such as {base_path}/{number}"
                )
            }));
        }
        // The words are TensorFlow Serving's.
        _ if versions.is_empty() => warnings.push(format!(
            "No versions of servable {name} found under base path {base_path}. Did you forget to name your leaf \
             directory as a number (eg. '/1/')?"
        )),
        _ => {}
    }
    warnings
}

/// Looks whether there is something to serve, for a start that does not wait for it.
///
/// # Errors
/// Unavailable, with the remedy, where there is nothing to serve now.
pub fn check_base_path(base_path: &Path) -> Result<()> {
    let shown = base_path.display();
    match versions_on_disk(base_path) {
        Ok((versions, _)) if versions.is_empty() => Err(Error::unavailable(format!(
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

/// Looks that a file is a regular one, where it is there: a FIFO would keep whoever opens it for ever.
///
/// # Errors
/// Unavailable where it is something else.
pub fn check_regular(file: &Path) -> Result<()> {
    match fs::metadata(file) {
        Ok(found) if !found.is_file() => Err(Error::unavailable(format!(
            "{} is no regular file: put the file itself there, or a link to it",
            file.display()
        ))),
        _ => Ok(()),
    }
}

/// The folders by number, and the names of those whose number no request could ask for.
///
/// Of two names of one number, such as 1 and 001, the one that sorts first wins, always the same.
fn versions_on_disk(base_path: &Path) -> io::Result<(Versions, Vec<String>)> {
    let (mut versions, mut too_high) = (Versions::new(), Vec::new());
    for entry in fs::read_dir(base_path)? {
        let name = entry?.file_name();
        let Some(digits) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        let Ok(number) = digits.parse() else {
            too_high.push(digits.to_owned());
            continue;
        };
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
    too_high.sort_unstable_by(|one, other| other.cmp(one));
    Ok((versions, too_high))
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
        let versions = look(&config(folder.path(), policy)).unwrap().versions;
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

    fn warnings_of(folder: &TempDir, policy: VersionPolicy) -> Vec<String> {
        look(&config(folder.path(), policy)).unwrap().warnings
    }

    #[test]
    fn a_number_over_int64_is_no_version_and_is_warned_of() {
        let folder = folder_of(&["7", "20240131123045123456"]);
        assert_eq!(
            warnings_of(&folder, VersionPolicy::All),
            [format!(
                "{}/20240131123045123456 is no version of servable m: a version is a number up to 9223372036854775807",
                folder.path().display()
            )]
        );
    }

    #[test]
    fn a_base_path_without_versions_is_warned_of_with_the_hint() {
        let folder = folder_of(&["v1.0"]);
        for policy in [VersionPolicy::All, VersionPolicy::Latest(1)] {
            assert_eq!(
                warnings_of(&folder, policy),
                [format!(
                    "No versions of servable m found under base path {}. Did you forget to name your leaf directory as \
                     a number (eg. '/1/')?",
                    folder.path().display()
                )]
            );
        }
    }

    #[test]
    fn each_specific_version_that_is_missing_is_warned_of() {
        let folder = folder_of(&["2"]);
        let path = folder.path().display();
        let told = |number: i64| {
            format!(
                "Version {number} of servable m, which its version policy asks for, was not found under base path \
                 {path}: a version's folder is named by its number, such as {path}/{number}"
            )
        };
        assert_eq!(warnings_of(&folder, VersionPolicy::Specific(vec![2, 9, 5])), [told(5), told(9)]);
    }

    #[test]
    fn what_is_there_is_not_warned_of() {
        assert!(warnings_of(&folder_of(&["1", "v1.0"]), VersionPolicy::Latest(1)).is_empty());
    }

    #[test]
    fn a_folder_is_no_regular_file() {
        let folder = folder_of(&["model.tflite"]);
        let text = check_regular(&folder.path().join("model.tflite")).unwrap_err().text;
        assert!(
            text.ends_with("model.tflite is no regular file: put the file itself there, or a link to it"),
            "{text}"
        );
        assert!(check_regular(&folder.path().join("nothing")).is_ok());
    }

    #[test]
    fn a_base_path_that_is_not_there_is_not_found() {
        let folder = folder_of(&[]);
        let path = folder.path().join("nowhere");
        assert_eq!(
            look(&config(&path, VersionPolicy::All)).err().unwrap().status(),
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
