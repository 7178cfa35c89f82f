//! Versions that come, go, break and are asked for.

use super::State::{Available, End, Start, Unloading};
use super::*;

#[tokio::test]
async fn the_highest_version_answers() {
    let models = Models::new();
    models.add("m", 9);
    models.add("m", 10);
    let managed = Managed::start(vec![models.config("m")]);
    assert_eq!(managed.settled(), Some(Ok(())));
    assert_eq!(managed.ask(&latest("m")).await, Ok(10));
    assert_eq!(managed.versions("m"), [(10, State::Available)]);
}

#[tokio::test]
async fn all_versions_answer_by_their_number() {
    let models = Models::new();
    (1..=3).for_each(|number| models.add("m", number));
    let managed = Managed::start(vec![models.all_of("m")]);
    for number in 1..=3 {
        assert_eq!(managed.ask(&version("m", number)).await, Ok(number));
    }
}

#[tokio::test]
async fn a_specific_version_answers_though_there_are_higher_ones() {
    let models = Models::new();
    (1..=2).for_each(|number| models.add("m", number));
    let config = ModelConfig { policy: VersionPolicy::Specific(vec![1, 7]), ..models.config("m") };
    let managed = Managed::start(vec![config]);
    assert_eq!(managed.ask(&latest("m")).await, Ok(1));
    assert_eq!(managed.versions("m"), [(1, State::Available)]);
}

#[tokio::test]
async fn a_new_version_is_loaded_before_the_old_one_goes() {
    let models = Models::new();
    models.add("m", 1);
    let mut managed = Managed::start(vec![models.config("m")]);
    models.add("m", 2);
    managed.manager.shared.lock().next_poll = Some(Instant::now());
    let mut seen = Vec::new();
    while managed.worker.step() {
        seen.push(managed.versions("m"));
    }
    assert_eq!(
        seen,
        [
            [(2, Start), (1, Available)],
            [(2, Available), (1, Available)],
            [(2, Available), (1, Unloading)],
            [(2, Available), (1, End)]
        ]
    );
    assert_eq!(managed.ask(&latest("m")).await, Ok(2));
    assert_eq!(managed.record.in_memory(), 1);
}

#[tokio::test]
async fn a_handle_keeps_its_version_in_memory_until_it_is_dropped() {
    let models = Models::new();
    models.add("m", 1);
    let mut managed = Managed::start(vec![models.config("m")]);
    let handle = managed.handle(&latest("m")).await.unwrap();
    models.add("m", 2);
    managed.poll();
    assert_eq!(managed.state("m", 1), Some(State::Unloading));
    assert_eq!(managed.ask(&latest("m")).await, Ok(2));
    assert_eq!(managed.ask(&version("m", 1)).await.unwrap_err().code, crate::error::Code::NotFound);
    assert_eq!((handle.number, managed.record.in_memory()), (1, 2));
    drop(handle);
    assert_eq!(managed.record.in_memory(), 2, "the memory is the worker's to give back");
    managed.work();
    assert_eq!(managed.state("m", 1), Some(State::End));
    assert_eq!(managed.record.in_memory(), 1);
}

#[tokio::test]
async fn a_broken_version_leaves_the_old_one_serving() {
    let models = Models::new();
    models.add("m", 1);
    let mut managed = Managed::start(vec![models.config("m")]);
    models.add_with("m", 2, "bad");
    managed.poll();
    assert_eq!(managed.ask(&latest("m")).await, Ok(1));
    let status = managed.manager.statuses("m", Some(2)).unwrap().remove(0);
    assert_eq!(status.state, State::End);
    assert_eq!(status.error.unwrap().text, format!("no model in {}", models.path("m", 2).display()));
}

#[tokio::test]
async fn a_load_that_panics_is_one_that_fails() {
    let models = Models::new();
    models.add_with("m", 1, "panics");
    let managed = Managed::start(vec![models.config("m")]);
    let error = managed.manager.statuses("m", None).unwrap().remove(0).error.unwrap();
    assert_eq!(error.text, format!("{} cannot be loaded: a bad load", models.path("m", 1).display()));
}

#[tokio::test]
async fn a_broken_version_serves_once_it_is_mended() {
    let models = Models::new();
    models.add("m", 1);
    let mut managed = Managed::start(vec![models.config("m")]);
    models.add_with("m", 2, "bad");
    managed.poll();
    managed.poll();
    assert_eq!(managed.record.loads().len(), 2, "one that has not changed is not tried again");
    models.add("m", 2);
    managed.poll();
    assert_eq!(managed.ask(&latest("m")).await, Ok(2));
}

#[tokio::test]
async fn what_came_late_or_has_failed_before_is_tried_out_first() {
    let models = Models::new();
    models.add_with("m", 1, "bad");
    models.add("n", 1);
    let mut managed = Managed::start(vec![models.config("m"), models.config("n")]);
    models.add("m", 1);
    models.add("n", 2);
    managed.poll();
    let first = |name: &str, number, probe| (name.to_owned(), number, probe);
    assert_eq!(
        managed.record.loads(),
        [first("m", 1, false), first("n", 1, false), first("m", 1, true), first("n", 2, true)]
    );
}

#[tokio::test]
async fn a_load_is_retried_as_often_as_asked_for() {
    let models = Models::new();
    models.add_with("m", 1, "bad");
    let mut managed = Managed::start_with(ModelsSettings { load_retries: 2, ..settings() }, vec![models.config("m")]);
    for attempt in 1..=2 {
        assert_eq!(managed.record.loads().len(), attempt);
        assert_eq!(managed.state("m", 1), Some(State::Loading));
        assert_eq!(managed.settled(), None);
        managed.pass_retry_interval();
    }
    managed.work();
    assert_eq!(managed.record.loads().len(), 3);
    assert_eq!(managed.state("m", 1), Some(State::End));
    assert!(managed.settled().unwrap().is_err());
}

#[test]
fn a_retry_may_be_further_off_than_any_clock_tells() {
    let models = Models::new();
    models.add_with("m", 1, "bad");
    let settings = ModelsSettings { load_retries: 2, load_retry_interval: Duration::MAX, ..settings() };
    let managed = Managed::start_with(settings, vec![models.config("m")]);
    assert_eq!((managed.record.loads().len(), managed.state("m", 1)), (1, Some(State::Loading)));
}

#[tokio::test]
async fn a_version_that_leaves_the_disk_and_comes_back_is_loaded_again() {
    let models = Models::new();
    (1..=2).for_each(|number| models.add("m", number));
    let mut managed = Managed::start(vec![models.config("m")]);
    models.remove("m", 2);
    managed.poll();
    assert_eq!(managed.versions("m"), [(2, State::End), (1, State::Available)]);
    models.add("m", 2);
    managed.poll();
    assert_eq!(managed.versions("m"), [(2, State::Available), (1, State::End)]);
}

#[tokio::test]
async fn a_model_without_any_version_left_is_unloaded() {
    let models = Models::new();
    models.add("m", 1);
    let mut managed = Managed::start(vec![models.config("m")]);
    assert!(!managed.manager.ready_models().is_empty());
    models.remove("m", 1);
    managed.poll();
    assert_eq!(managed.versions("m"), [(1, State::End)]);
    assert_eq!(managed.ask(&latest("m")).await.unwrap_err().text, "Servable not found for request: Latest(m)");
    assert!(managed.manager.ready_models().is_empty());
}

#[tokio::test]
async fn one_base_path_that_cannot_be_seen_holds_up_all_models() {
    let models = Models::new();
    models.add("m", 1);
    models.add("n", 1);
    let mut managed = Managed::start(vec![models.config("m"), models.config("n")]);
    models.rename("n", "away");
    models.add("m", 2);
    managed.poll();
    assert_eq!(managed.state("m", 2), None);
    assert_eq!(managed.ask(&latest("n")).await, Ok(1));
    models.rename("away", "n");
    managed.poll();
    assert_eq!(managed.state("m", 2), Some(State::Available));
}

#[tokio::test]
async fn what_is_not_served_is_not_found() {
    let models = Models::new();
    models.add("m", 1);
    let managed = Managed::start(vec![models.config("m")]);
    for (spec, asked) in [(latest("n"), "Latest(n)"), (version("m", 9), "Specific(m, 9)")] {
        let error = managed.ask(&spec).await.unwrap_err();
        assert_eq!(error.status(), format!("NOT_FOUND: Servable not found for request: {asked}"));
    }
}

#[test]
fn the_status_of_what_is_unknown_is_not_found() {
    let models = Models::new();
    models.add("m", 1);
    let managed = Managed::start(vec![models.config("m")]);
    let text = |name, version| managed.manager.statuses(name, version).unwrap_err().text;
    assert_eq!(text("n", None), "Could not find any versions of model n");
    assert_eq!(text("m", Some(2)), "Could not find version 2 of model m");
}
