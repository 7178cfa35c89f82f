//! Configs that are replaced while the server runs, and labels.

use std::sync::mpsc;

use super::*;

async fn reload(managed: &mut Managed, configs: Vec<ModelConfig>) -> Result<()> {
    managed.manager.shared.replace(configs.clone())?;
    managed.work();
    // The same configs again: what they wait for has been decided.
    managed.manager.reload(configs, Some(Instant::now())).await
}

fn refused(managed: &Managed, configs: Vec<ModelConfig>) -> String {
    let error = managed.manager.shared.replace(configs).unwrap_err();
    assert_eq!(managed.manager.names(), ["m"]);
    error.status()
}

fn one_version() -> (Models, Managed) {
    let models = Models::new();
    models.add("m", 1);
    let managed = Managed::start(vec![models.config("m")]);
    (models, managed)
}

const UNAVAILABLE: &str = "FAILED_PRECONDITION: Request to assign label to version 2 of model m, which is not currently \
                           available for inference";

#[tokio::test]
async fn a_reload_returns_when_the_new_model_can_answer() {
    let models = Models::new();
    models.add("m", 1);
    models.add("n", 2);
    let (manager, _) = manager(settings());
    let (sender, ends) = mpsc::channel();
    manager.start(vec![models.config("m")], move |end| sender.send(end).unwrap()).unwrap();
    ends.recv_timeout(WAIT).unwrap().unwrap();
    manager.reload(vec![models.config("m"), models.config("n")], within()).await.unwrap();
    assert_eq!(manager.handle(&latest("n"), Some(Instant::now())).await.unwrap().number, 2);
    manager.stop();
}

#[tokio::test]
async fn a_reload_that_takes_too_long_is_told_so() {
    let (models, managed) = one_version();
    let error = managed.manager.reload(vec![models.config("n")], Some(Instant::now())).await.unwrap_err();
    assert_eq!(error.status(), "UNAVAILABLE: the new models are still loading: ask for their status");
}

#[tokio::test]
async fn a_model_that_is_left_out_is_unloaded() {
    let (models, mut managed) = one_version();
    models.add("n", 1);
    reload(&mut managed, vec![models.config("n")]).await.unwrap();
    assert_eq!(managed.versions("m"), [(1, State::End)]);
    assert_eq!(managed.ask(&latest("m")).await.unwrap_err().text, "Servable not found for request: Latest(m)");
    assert_eq!(managed.manager.names(), ["n"]);
}

#[tokio::test]
async fn a_policy_may_change() {
    let models = Models::new();
    (1..=2).for_each(|number| models.add("m", number));
    let mut managed = Managed::start(vec![models.config("m")]);
    reload(&mut managed, vec![models.all_of("m")]).await.unwrap();
    assert_eq!(managed.versions("m"), [(2, State::Available), (1, State::Available)]);
}

#[tokio::test]
async fn a_new_model_that_cannot_be_loaded_is_told() {
    let (models, mut managed) = one_version();
    models.add_with("n", 1, "bad");
    let error = reload(&mut managed, vec![models.config("m"), models.config("n")]).await.unwrap_err();
    assert_eq!(error.code, crate::error::Code::Unknown);
    assert!(error.text.starts_with("1 servable(s) did not become available: {{name: n version: 1} due to error: UNAV"));
    assert_eq!(managed.ask(&latest("m")).await, Ok(1));
}

#[test]
fn a_name_may_come_once() {
    let (models, managed) = one_version();
    assert_eq!(
        refused(&managed, vec![models.config("m"), models.config("m")]),
        "INVALID_ARGUMENT: Illegal to list model m multiple times in config list"
    );
}

#[test]
fn a_platform_is_tensorflow_and_stays_it() {
    let (models, managed) = one_version();
    let other = |name| ModelConfig { platform: "other".to_owned(), ..models.config(name) };
    assert_eq!(
        refused(&managed, vec![other("m")]),
        "INVALID_ARGUMENT: Illegal to change a model's platform. For model m platform was tensorflow and new platform \
         requested is other"
    );
    assert_eq!(refused(&managed, vec![other("n")]), "INVALID_ARGUMENT: Model n requests unsupported platform other");
}

#[test]
fn a_label_for_what_is_not_available_is_refused() {
    let (models, managed) = one_version();
    assert_eq!(refused(&managed, vec![models.labeled("m", &[("stable", 2)])]), UNAVAILABLE);
}

#[test]
fn a_start_with_labels_is_refused_since_nothing_is_available() {
    let models = Models::new();
    let (manager, _) = manager(settings());
    let error = manager.start(vec![models.labeled("m", &[("stable", 2)])], |_| ()).unwrap_err();
    assert_eq!(error.status(), UNAVAILABLE);
}

#[tokio::test]
async fn a_label_moves_between_available_versions() {
    let models = Models::new();
    (1..=2).for_each(|number| models.add("m", number));
    let mut managed = Managed::start(vec![models.all_of("m")]);
    for number in [1, 2, 1] {
        reload(&mut managed, vec![models.labeled("m", &[("stable", number)])]).await.unwrap();
        assert_eq!(managed.manager.version_of_label("m", "stable"), Ok(number));
        assert_eq!(managed.ask(&label("m", "stable")).await, Ok(number));
    }
}

#[tokio::test]
async fn an_unknown_label_is_told() {
    let (_models, managed) = one_version();
    for name in ["m", "n"] {
        let error = managed.ask(&label(name, "stable")).await.unwrap_err();
        assert_eq!(error.status(), "INVALID_ARGUMENT: Unrecognized servable version label: stable");
    }
}

#[tokio::test]
async fn a_new_label_may_come_before_its_version_where_that_is_allowed() {
    let models = Models::new();
    models.add("m", 1);
    let settings = ModelsSettings { labels_for_unavailable: true, ..settings() };
    let mut managed = Managed::start_with(settings, vec![models.labeled("m", &[("stable", 1), ("next", 2)])]);
    assert_eq!(
        managed.ask(&label("m", "next")).await.unwrap_err().text,
        "Servable not found for request: Specific(m, 2)"
    );
    assert_eq!(refused(&managed, vec![models.labeled("m", &[("stable", 2)])]), UNAVAILABLE);
    models.add("m", 2);
    managed.poll();
    assert_eq!(managed.ask(&label("m", "next")).await, Ok(2));
}

#[test]
fn the_config_file_is_read_anew_and_a_fault_leaves_the_old_configs() {
    let models = Models::new();
    models.add("m", 1);
    models.add("n", 2);
    let (steps, taken) = mpsc::channel();
    let taken = Mutex::new(taken);
    let settings = ModelsSettings {
        config_file: Some(models.folder.path().join("models.config")),
        config_file_poll: Some(Duration::from_millis(1)),
        ..settings()
    };
    let read = Box::new(move |_: &Path| taken.lock().unwrap().recv_timeout(WAIT).unwrap_or(Ok(None)));
    let manager = ModelManager::with(settings, Box::new(FileLoader(Record::default())), read);
    let (sender, ends) = mpsc::channel();
    manager.start(vec![models.config("m")], move |end| sender.send(end).unwrap()).unwrap();
    steps.send(Err(Error::invalid_argument("Invalid protobuf file: 'x'"))).unwrap();
    steps.send(Ok(None)).unwrap();
    steps.send(Ok(Some(vec![models.config("m"), models.config("n")]))).unwrap();
    ends.recv_timeout(WAIT).unwrap().unwrap();
    while manager.names() != ["m", "n"] {
        std::thread::yield_now();
    }
    manager.stop();
    drop(steps);
}
