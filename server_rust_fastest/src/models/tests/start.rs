//! How a start ends, and who waits for it; the worker has its thread here.

use std::sync::mpsc;

use super::super::registry::Registry;
use super::*;

/// A manager that is stopped when it goes.
struct Running {
    manager: Arc<ModelManager<Model>>,
    record: Record,
    ends: mpsc::Receiver<Result<()>>,
}

impl Running {
    fn start(settings: ModelsSettings, configs: Vec<ModelConfig>) -> Self {
        let (manager, record) = manager(settings);
        let (sender, ends) = mpsc::channel();
        manager.start(configs, move |end| sender.send(end).unwrap()).unwrap();
        Self { manager, record, ends }
    }

    /// Waits until all versions have this state.
    async fn wait_for(&self, state: State) {
        let reached =
            |registry: &Registry<Model>| registry.harnesses().all(|(_, harness)| harness.state == state).then_some(());
        self.manager.shared.wait_for(within(), reached).await.unwrap();
    }

    fn end_of_start(&self) -> Result<()> {
        self.ends.recv_timeout(WAIT).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.manager.stop();
    }
}

fn often() -> ModelsSettings {
    ModelsSettings { version_poll: Some(Duration::from_millis(5)), ..settings() }
}

fn plain() -> ModelsSettings {
    ModelsSettings { waits_for_versions: false, ..settings() }
}

#[tokio::test]
async fn a_request_waits_while_the_first_version_loads() {
    let models = Models::new();
    models.add("later", 1);
    let running = Running::start(often(), vec![models.config("m")]);
    let spec = latest("m");
    let answer = running.manager.handle(&spec, within());
    let (handle, ()) = tokio::join!(answer, async { models.rename("later", "m") });
    assert_eq!(handle.unwrap().number, 1);
}

#[tokio::test]
async fn a_fault_behind_the_start_does_not_end_the_care_for_models() {
    let models = Models::new();
    models.add("m", 1);
    let (manager, _) = manager(often());
    manager.start(vec![models.config("m")], |_| panic!("stderr cannot be written")).unwrap();
    assert_eq!(manager.handle(&latest("m"), within()).await.unwrap().number, 1);
    models.add("later", 2);
    fs::rename(models.path("later", 2), models.path("m", 2)).unwrap();
    let second = |registry: &Registry<Model>| registry.available("m", Some(2)).map(|_| ());
    manager.shared.wait_for(within(), second).await.unwrap();
    manager.stop();
}

#[tokio::test]
async fn a_request_that_has_waited_long_enough_is_turned_away() {
    let models = Models::new();
    let running = Running::start(often(), vec![models.config("m")]);
    let error = running.manager.handle(&latest("m"), Some(Instant::now())).await.err().unwrap();
    assert_eq!(error.status(), "UNAVAILABLE: model \"m\" is still loading: ask again");
}

#[tokio::test]
async fn a_request_that_waits_is_turned_away_when_the_manager_stops() {
    let models = Models::new();
    let running = Running::start(often(), vec![models.config("m")]);
    let spec = latest("m");
    let (handle, ()) = tokio::join!(running.manager.handle(&spec, within()), async { running.manager.stop() });
    assert_eq!(handle.err().unwrap().text, "model \"m\" is still loading: ask again");
}

#[tokio::test]
async fn the_last_handle_wakes_the_thread_that_unloads() {
    let models = Models::new();
    models.add("m", 1);
    let running = Running::start(settings(), vec![models.config("m")]);
    let handle = running.manager.handle(&latest("m"), within()).await.unwrap();
    running.manager.reload(Vec::new(), within()).await.unwrap();
    running.wait_for(State::Unloading).await;
    assert_eq!(running.record.in_memory(), 1);
    drop(handle);
    running.wait_for(State::End).await;
    assert_eq!(running.record.in_memory(), 0);
}

#[test]
fn a_start_waits_for_the_first_version() {
    let models = Models::new();
    models.add("later", 1);
    let running = Running::start(often(), vec![models.config("m")]);
    assert_eq!(running.ends.try_recv(), Err(mpsc::TryRecvError::Empty));
    models.rename("later", "m");
    assert_eq!(running.end_of_start(), Ok(()));
}

#[test]
fn a_start_fails_with_every_reason() {
    let models = Models::new();
    for name in ["m", "n"] {
        models.add_with(name, 7, "bad");
    }
    models.add("o", 1);
    let configs = ["m", "n", "o"].map(|name| models.config(name)).to_vec();
    let fault = Running::start(settings(), configs).end_of_start().unwrap_err();
    let reason = |name| format!("no model in {}", models.path(name, 7).display());
    assert_eq!(
        fault.status(),
        format!(
            "UNKNOWN: 2 servable(s) did not become available: {{{{name: m version: 7}} due to error: UNAVAILABLE: \
             {}}}, {{name: n version: 7}} due to error: UNAVAILABLE: {}}}, }}",
            reason("m"),
            reason("n")
        )
    );
}

#[test]
fn a_plain_start_does_not_retry() {
    let models = Models::new();
    models.add_with("m", 1, "bad");
    let running = Running::start(ModelsSettings { load_retries: 5, ..plain() }, vec![models.config("m")]);
    assert!(running.end_of_start().is_err());
    assert_eq!(running.record.loads().len(), 1);
}

#[test]
fn nothing_is_looked_for_where_polling_is_off() {
    let models = Models::new();
    models.add("m", 1);
    let never = Managed::start_with(ModelsSettings { version_poll: None, ..settings() }, vec![models.config("m")]);
    assert_eq!(never.state("m", 1), None);
    let once = ModelsSettings { version_poll: Some(Duration::ZERO), ..settings() };
    let once = Managed::start_with(once, vec![models.config("m")]);
    assert_eq!(once.state("m", 1), Some(State::Available));
    assert_eq!(once.manager.shared.lock().next_poll, None);
}

#[tokio::test]
async fn a_start_without_models_has_settled() {
    let running = Running::start(settings(), Vec::new());
    assert_eq!(running.end_of_start(), Ok(()));
    assert!(running.manager.ready_models().is_empty());
}
