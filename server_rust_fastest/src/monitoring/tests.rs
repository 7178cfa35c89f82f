use super::*;

fn lines(metrics: &Metrics, name: &str) -> Vec<String> {
    let page = metrics.exposition(&[("ready", Duration::from_millis(250))]);
    page.lines().filter(|line| line.trim_start_matches("# TYPE ").starts_with(name)).map(str::to_owned).collect()
}

#[test]
fn requests_are_counted_by_model_and_status() {
    let metrics = Metrics::default();
    for code in [Code::Ok, Code::Ok, Code::InvalidArgument] {
        metrics.request("m", code, "predict", "REST", 500.0);
    }
    assert_eq!(
        lines(&metrics, ":tensorflow:serving:request_count"),
        [
            "# TYPE :tensorflow:serving:request_count counter",
            ":tensorflow:serving:request_count{model_name=\"m\",status=\"OK\"} 2",
            ":tensorflow:serving:request_count{model_name=\"m\",status=\"INVALID_ARGUMENT\"} 1",
        ]
    );
}

#[test]
fn latency_is_a_histogram_of_33_buckets_and_infinity() {
    let metrics = Metrics::default();
    for latency_us in [10.0, 33.0, 1e12] {
        metrics.request("m", Code::Ok, "Predict", "GRPC", latency_us);
    }
    let lines = lines(&metrics, ":tensorflow:serving:request_latency");
    let labels = "model_name=\"m\",API=\"Predict\",entrypoint=\"GRPC\"";
    let bucket = |bound: &str, below: u32| {
        format!(":tensorflow:serving:request_latency_bucket{{{labels},le=\"{bound}\"}} {below}")
    };
    assert_eq!(lines.len(), 1 + 34 + 2);
    assert_eq!(lines[0], "# TYPE :tensorflow:serving:request_latency histogram");
    assert_eq!(lines[1..5], [bucket("10", 1), bucket("18", 1), bucket("32.4", 1), bucket("58.32", 2)]);
    assert_eq!(lines[33..35], [bucket("1.47476e+09", 2), bucket("+Inf", 3)]);
    assert_eq!(lines[35], format!(":tensorflow:serving:request_latency_sum{{{labels}}} 1000000000043"));
    assert_eq!(lines[36], format!(":tensorflow:serving:request_latency_count{{{labels}}} 3"));
}

#[test]
fn latency_of_what_failed_is_not_recorded() {
    let metrics = Metrics::default();
    metrics.request("m", Code::NotFound, "predict", "REST", 500.0);
    assert_eq!(
        lines(&metrics, ":tensorflow:serving:request_latency"),
        ["# TYPE :tensorflow:serving:request_latency histogram"]
    );
}

#[test]
fn warmup_is_timed_and_its_records_counted() {
    let metrics = Metrics::default();
    metrics.warmup("/models/m/1", Code::Ok, 5000.0, 7);
    let page = metrics.exposition(&[]);
    assert!(
        page.contains(":tensorflow:serving:model_warmup_latency_sum{model_path=\"/models/m/1\",status=\"OK\"} 5000\n")
    );
    assert!(page.contains(":tensorflow:serving:model_warmup_records_read{} 7\n"));
}

#[test]
fn the_start_is_told_by_phase() {
    assert_eq!(
        lines(&Metrics::default(), "firstserve_startup_seconds"),
        ["# TYPE firstserve_startup_seconds gauge", "firstserve_startup_seconds{phase=\"ready\"} 0.25"]
    );
}

#[test]
fn metrics_come_in_the_order_of_their_names_and_counters_without_labels_have_braces() {
    let page = Metrics::default().exposition(&[]);
    let names: Vec<&str> = page.lines().filter(|line| line.starts_with('#')).collect();
    assert!(names.is_sorted());
    assert_eq!(names.len(), 11);
    assert!(page.contains("\n:tensorflow:serving:batching_session:wrapped_run_count{} 0\n"));
    assert!(page.ends_with('\n'));
}

#[test]
fn a_label_ends_neither_its_quotes_nor_its_line() {
    let metrics = Metrics::default();
    metrics.request("a\"b\\c\nd", Code::Ok, "predict", "REST", 100.0);
    assert!(metrics.exposition(&[]).contains(r#"{model_name="a\"b\\c\nd",status="OK"} 1"#));
}

#[test]
fn names_that_no_model_has_do_not_fill_the_memory() {
    let metrics = Metrics::default();
    for number in 0..5000 {
        metrics.request(&format!("stranger{number}"), Code::NotFound, "predict", "REST", 100.0);
    }
    metrics.request(&"x".repeat(100_000), Code::NotFound, "predict", "REST", 100.0);
    metrics.request("served", Code::Ok, "predict", "REST", 100.0);
    let counted = lines(&metrics, ":tensorflow:serving:request_count{");
    assert_eq!(counted.len(), 102);
    let others = ":tensorflow:serving:request_count{model_name=\"(other)\",status=\"NOT_FOUND\"} 4901";
    assert!(counted.iter().any(|line| line == others));
}
