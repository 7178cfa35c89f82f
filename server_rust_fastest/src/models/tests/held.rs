//! Versions whose file is written to before a copy has taken its place.

use super::probes::probe;
use super::warmups::Real;
use super::*;
use crate::real::or_skip;

fn one_version() -> (Models, Managed) {
    let models = Models::new();
    models.add("m", 1);
    let managed = Managed::start(vec![models.config("m")]);
    (models, managed)
}

#[tokio::test]
async fn a_version_whose_file_has_changed_is_tried_out_and_loaded_anew() {
    let (_models, mut managed) = one_version();
    managed.record.change_files();
    assert_eq!(managed.state("m", 1), Some(State::Loading));
    assert_eq!((managed.record.in_memory(), managed.manager.ready_models()), (0, Vec::new()));
    managed.work();
    assert_eq!(managed.state("m", 1), Some(State::Available));
    assert_eq!(managed.record.loads(), [("m".to_owned(), 1, false), ("m".to_owned(), 1, true)]);
    assert_eq!((managed.ask(&latest("m")).await, managed.record.in_memory()), (Ok(1), 1));
}

#[tokio::test]
async fn requests_wait_while_a_version_is_loaded_anew() {
    let (_models, mut managed) = one_version();
    managed.record.change_files();
    let asking = Arc::clone(&managed.manager);
    for spec in [latest("m"), version("m", 1)] {
        let refused = managed.ask(&spec).await.unwrap_err();
        assert_eq!(refused.text, "model \"m\" is still loading: ask again");
    }
    let asked = tokio::spawn(async move { asking.handle(&latest("m"), within()).await.map(|handle| handle.number) });
    tokio::task::yield_now().await;
    assert!(!asked.is_finished());
    managed.work();
    assert_eq!(asked.await.unwrap(), Ok(1));
}

#[tokio::test]
async fn a_request_that_runs_keeps_what_it_runs_on() {
    let (_models, mut managed) = one_version();
    let handle = managed.handle(&latest("m")).await.unwrap();
    managed.record.change_files();
    managed.work();
    assert_eq!((handle.number, managed.record.in_memory()), (1, 2));
    drop(handle);
    assert_eq!(managed.record.in_memory(), 1);
}

#[tokio::test]
async fn a_version_that_cannot_be_loaded_anew_is_told_with_the_reason_and_serves_once_it_is_mended() {
    let (models, mut managed) = one_version();
    models.add_with("m", 1, "bad");
    managed.record.change_files();
    managed.work();
    let refused = managed.ask(&latest("m")).await.unwrap_err();
    assert!(refused.text.contains("it could not be loaded: no model in "), "{refused}");
    models.add("m", 1);
    managed.poll();
    assert_eq!(managed.ask(&latest("m")).await, Ok(1));
}

#[test]
fn a_version_that_is_out_of_service_is_not_loaded_anew() {
    let (models, mut managed) = one_version();
    models.remove("m", 1);
    managed.poll();
    managed.record.change_files();
    managed.work();
    assert_eq!((managed.state("m", 1), managed.record.loads().len()), (Some(State::End), 1));
}

#[test]
fn a_file_that_changes_while_it_is_first_loaded_is_tried_out_and_loaded_anew() {
    let mut real = or_skip!(Real::new());
    let folder = real.folder.path();
    fs::rename(folder.join("model.tflite"), folder.join("good")).unwrap();
    fs::write(folder.join("model.tflite"), "half of it").unwrap();
    // Done when the reason is asked for why the first load has failed, and not when the good file is tried out.
    fs::write(folder.join("does"), "[ ! -e \"$2/good\" ] || mv \"$2/good\" \"$2/model.tflite\"").unwrap();
    real.loader.probe = probe(WAIT);
    assert_eq!(real.load().map(|model| model.version), Ok(1));
}

#[test]
fn a_file_that_is_bad_and_stays_so_is_loaded_once() {
    let mut real = or_skip!(Real::new());
    let folder = real.folder.path();
    fs::write(folder.join("model.tflite"), "half of it").unwrap();
    fs::write(folder.join("does"), "echo >> \"$2/tried\"").unwrap();
    real.loader.probe = probe(WAIT);
    assert!(real.load().is_err());
    assert_eq!(fs::read_to_string(folder.join("tried")).unwrap(), "\n");
}
