//! Models that cannot be loaded, beside those that can: what is answered, and who is ready.

use super::*;
use crate::error::Code;

fn spec(name: &str) -> ModelSpec {
    ModelSpec { name: name.to_owned(), version: None, label: None }
}

/// Serves m; n came later, cannot be loaded, and is tried again much later.
fn retried(models: &Models) -> Managed {
    models.add("m", 1);
    models.add_with("n", 1, "broken");
    let mut managed = Managed::start_with(ModelsSettings { load_retries: 5, ..settings() }, vec![models.config("m")]);
    managed.manager.shared.lock().count_all();
    managed.manager.shared.replace(vec![models.config("m"), models.config("n")]).unwrap();
    managed.work();
    assert_eq!(managed.state("n", 1), Some(State::Loading));
    managed
}

#[tokio::test]
async fn a_new_model_that_fails_is_told_at_once_with_the_reason() {
    let models = Models::new();
    let managed = retried(&models);
    let error = managed.manager.handle(&spec("n"), None).await.err().unwrap();
    assert_eq!(error.code, Code::NotFound);
    let reason = format!("no model in {}", models.path("n", 1).display());
    assert!(error.text.starts_with("Servable not found for request: Latest(n); it could not be loaded: "));
    assert!(error.text.ends_with(&reason), "{}", error.text);
}

#[tokio::test]
async fn a_new_model_that_fails_leaves_the_server_ready_and_counts_once_it_could_answer() {
    let models = Models::new();
    let mut managed = retried(&models);
    assert_eq!(managed.manager.ready_models(), ["m"]);
    models.add("n", 1);
    managed.poll();
    assert_eq!(managed.manager.ready_models(), ["m", "n"]);
    models.remove("n", 1);
    managed.poll();
    assert!(managed.manager.ready_models().is_empty());
}

#[tokio::test]
async fn a_server_without_models_is_not_ready() {
    let models = Models::new();
    let mut managed = retried(&models);
    managed.manager.shared.replace(Vec::new()).unwrap();
    managed.work();
    assert!(managed.manager.ready_models().is_empty());
}

#[tokio::test]
async fn a_first_model_that_is_tried_again_is_told_at_once_with_the_reason() {
    let models = Models::new();
    models.add("m", 1);
    models.add_with("n", 1, "broken");
    let configs = vec![models.config("m"), models.config("n")];
    let managed = Managed::start_with(ModelsSettings { load_retries: 5, ..settings() }, configs);
    let error = managed.manager.handle(&spec("n"), None).await.err().unwrap();
    assert_eq!(error.code, Code::Unavailable);
    assert!(error.text.starts_with("model \"n\" cannot be loaded, and is tried again: "), "{}", error.text);
    assert_eq!(managed.ask(&spec("m")).await.unwrap(), 1);
}
