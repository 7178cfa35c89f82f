use std::time::Duration;

use super::*;

fn log() -> AccessLog {
    AccessLog::new(LogLevel::Error, true, Arc::new(StartupClock::new()))
}

fn answered() -> Access {
    let mut access = Access { inference_ms: Some(3.0), ..Access::default() };
    access.asks("Predict", "m");
    access.answered();
    access
}

#[test]
fn figures_go_by_the_protocols_own_names() {
    let log = log();
    log.http(&answered(), "POST", "/v1/models/m:predict", 200, Trace::default(), false);
    log.rpc(&answered(), "/tensorflow.serving.PredictionService/Predict", Code::Ok, Trace::default());
    let page = log.exposition();
    for line in [
        "request_latency_count{model_name=\"m\",API=\"predict\",entrypoint=\"REST\"} 1\n",
        "request_latency_count{model_name=\"m\",API=\"Predict\",entrypoint=\"GRPC\"} 1\n",
        "runtime_latency_count{model_name=\"m\",API=\"Predict\",runtime=\"LiteRT\"} 2\n",
        "runtime_latency_sum{model_name=\"m\",API=\"Predict\",runtime=\"LiteRT\"} 6000\n",
        "request_count{model_name=\"m\",status=\"OK\"} 2\n",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
}

#[test]
fn a_status_is_counted_as_its_code() {
    let log = log();
    log.http(&answered(), "POST", "/predict", 413, Trace::default(), false);
    assert!(log.exposition().contains("request_count{model_name=\"m\",status=\"RESOURCE_EXHAUSTED\"} 1\n"));
}

#[test]
fn an_error_is_counted_as_its_own_code() {
    let log = log();
    let access = Access { error: Some(Error::failed_precondition("no")), ..answered() };
    log.http(&access, "POST", "/v1/models/m:predict", 400, Trace::default(), false);
    assert!(log.exposition().contains("request_count{model_name=\"m\",status=\"FAILED_PRECONDITION\"} 1\n"));
}

#[test]
fn what_runs_no_model_has_no_figures() {
    let log = log();
    log.http(&Access::default(), "GET", "/v1/models/m", 200, Trace::default(), false);
    assert!(!log.exposition().contains("request_count{"));
}

#[test]
fn nothing_is_counted_where_nobody_reads_it() {
    let log = AccessLog::new(LogLevel::Error, false, Arc::new(StartupClock::new()));
    log.http(&answered(), "POST", "/predict", 200, Trace::default(), false);
    assert_eq!(log.exposition(), "");
    assert!(log.metrics().is_none());
}

#[test]
fn latency_ends_when_the_answer_is_ready() {
    let mut access = Access::default();
    access.answered = access.started.checked_add(Duration::from_millis(5));
    assert!((access.latency_us() - 5000.0).abs() < 1.0);
}

#[test]
fn numbers_are_written_as_python_does() {
    assert_eq!([rounded(1.0), rounded(0.12345), rounded(12_345.678_9)], ["1.0", "0.123", "12345.679"]);
}

#[test]
fn faults_of_the_server_are_errors_and_of_the_client_are_not() {
    assert_eq!(level_of(code_of(503)), LogLevel::Error);
    assert_eq!(level_of(code_of(500)), LogLevel::Error);
    assert_eq!(level_of(code_of(404)), LogLevel::Info);
    assert_eq!(level_of(code_of(200)), LogLevel::Info);
}
