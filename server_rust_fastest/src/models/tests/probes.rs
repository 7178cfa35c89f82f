//! What becomes of a probe, by how its process ends.

use super::super::probe::Probe;
use super::*;
use crate::settings::RuntimeOptions;

fn options(library: Option<&str>) -> RuntimeOptions {
    RuntimeOptions { instances: 1, threads: 1, library: library.map(PathBuf::from) }
}

pub(super) fn probe(limit: Duration) -> Probe {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/models/tests/probed.sh");
    Probe { program: Some(program), limit }
}

/// What is said of a version whose load does this; FOLDER stands for its folder.
fn tried_within(limit: Duration, does: &str, library: Option<&str>) -> std::result::Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("does"), does).unwrap();
    let ended = probe(limit).try_out(folder.path(), &options(library));
    ended.map_err(|error| error.status().replace(folder.path().to_str().unwrap(), "FOLDER"))
}

fn tried(does: &str) -> std::result::Result<(), String> {
    tried_within(WAIT, does, None)
}

#[test]
fn a_version_that_loads_passes() {
    assert_eq!(tried("exit 0"), Ok(()));
}

#[test]
fn the_library_is_handed_on() {
    let does = "[ \"$*\" = \"probe $2 --litert_library /l.so\" ]";
    assert_eq!(tried_within(WAIT, does, Some("/l.so")), Ok(()));
}

#[test]
fn a_refusal_is_told_in_its_own_words() {
    assert_eq!(tried("printf 'no model here'; exit 3"), Err("UNAVAILABLE: no model here".to_owned()));
}

#[test]
fn a_crash_is_told_with_its_signal() {
    let text = "UNAVAILABLE: loading FOLDER crashed the runtime (signal SIGSEGV); the file is damaged or cut off: convert \
                it again";
    assert_eq!(tried("kill -s SEGV $$"), Err(text.to_owned()));
}

#[test]
fn an_end_by_sigkill_is_told_as_want_of_memory() {
    let text = "UNAVAILABLE: loading FOLDER was ended by SIGKILL, as when memory runs out: how much the model needs to \
                load is not known; a container gets more by --memory, of docker run and of gcloud run deploy";
    assert_eq!(tried("kill -s KILL $$"), Err(text.to_owned()));
}

#[test]
fn a_probe_sees_the_end_of_the_server() {
    // The server's end of the pipe stays open while it waits.
    assert_eq!(tried("[ -p /dev/stdin ] || exit 7"), Ok(()));
}

#[test]
fn any_other_end_is_told_with_its_status() {
    assert_eq!(tried("exit 7"), Err("UNAVAILABLE: loading FOLDER ended its process with exit status 7".to_owned()));
}

#[test]
fn a_load_without_end_is_given_up() {
    let text = "UNAVAILABLE: loading FOLDER had not ended after 0.05 s: convert or export the model again";
    assert_eq!(tried_within(Duration::from_millis(50), "exec sleep 1000", None), Err(text.to_owned()));
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let probe = Probe { program: Some("/no/such/program".into()), limit: WAIT };
    let text = probe.try_out(Path::new("/models/m/1"), &options(None)).unwrap_err().text;
    assert!(text.starts_with("/models/m/1 cannot be tried out in a process of its own: No such file"), "{text}");
}
