//! `POST /predict` with a model.

use super::*;

const BOUNDARY: &str = "b0undary";

fn form(files: usize, field: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for _ in 0..files {
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.jpg\"\r\n\r\n");
        body.extend_from_slice(&[head.as_bytes(), &picture("cat.jpg"), b"\r\n"].concat());
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

fn post_form(server: &Server, body: &[u8]) -> Answer {
    let content_type = format!("content-type: multipart/form-data; boundary={BOUNDARY}");
    server.ask("POST", "/predict", &[&content_type], body)
}

#[test]
fn a_picture_is_answered_with_its_classes() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    let first = server.post("/predict", &picture("cat.jpg"));
    assert_eq!(first.status, 200, "{}", first.body);
    assert!(
        first.body.starts_with("{\"model\": \"mobilenet\", \"version\": \"1\", \"predictions\": [{\"class\": 285, "),
        "{}",
        first.body
    );
    let timing = first.header("server-timing").unwrap();
    assert!(timing.starts_with("decode;dur=") && timing.contains(", startup;dur="), "{timing}");
    let second = server.post("/predict?top_k=1", &picture("cat.jpg"));
    assert!(!second.header("server-timing").unwrap().contains("startup"));
    assert_eq!(second.body.matches("\"class\"").count(), 1);
    let phases: Vec<&str> = server.app.clock.moments().iter().map(|&(phase, _)| phase).collect();
    assert!(phases.contains(&"request_read") && phases.contains(&"answered"), "{phases:?}");
}

#[test]
fn a_raw_body_is_a_picture_whatever_its_content_type() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    let expected = server.post("/predict", &picture("cat.jpg")).body;
    for content_type in ["image/jpeg", "application/x-www-form-urlencoded", "text/plain", "application/json"] {
        let header = format!("content-type: {content_type}");
        assert_eq!(server.ask("POST", "/predict", &[&header], &picture("cat.jpg")).body, expected);
    }
}

#[test]
fn a_form_with_one_file_is_answered_whatever_its_field_is_called() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    let expected = server.post("/predict", &picture("cat.jpg")).body;
    for field in ["image", "file", "x y"] {
        assert_eq!(post_form(&server, &form(1, field)).body, expected);
    }
}

#[test]
fn a_form_without_exactly_one_file_is_an_error() {
    let server = Server::empty(&[]);
    for count in [0, 2] {
        let answer = post_form(&server, &form(count, "image"));
        assert_eq!(answer.status, 400);
        assert!(error(&answer).contains(&format!("the form holds {count} files")), "{}", answer.body);
    }
    let damaged = post_form(&server, b"--b0undary\r\nnonsense");
    assert_eq!(damaged.status, 400);
    assert!(error(&damaged).starts_with("the form cannot be read: "));
}

#[test]
fn chunks_are_answered() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    let picture = picture("cat.jpg");
    let (first, second) = picture.split_at(10_000);
    let mut body = Vec::new();
    for chunk in [first, second] {
        body.extend_from_slice(&[format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    body.extend_from_slice(b"0\r\n\r\n");
    let mut connection = server.connect();
    connection.send("POST", "/predict", &["transfer-encoding: chunked"], &body);
    assert!(Answer::read(&mut connection.0).body.contains("\"class\": 285"));
}

#[test]
fn what_is_wrong_with_a_query_or_a_picture_is_said() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    for (query, status, text) in [
        ("?top_k=0", 400, "expected a whole number from 1 to"),
        ("?top_k=", 400, "expected a whole number from 1 to"),
        ("?model=resnet", 404, "no model \"resnet\": this server has mobilenet"),
        ("?version=one", 404, "no version \"one\" of model \"mobilenet\": versions are numbers"),
        ("?version=2", 404, "Servable not found for request: Specific(mobilenet, 2)"),
        ("?version=99999999999999999999", 404, "Specific(mobilenet, 99999999999999999999)"),
        ("?label=stable", 404, "no label \"stable\" of model \"mobilenet\""),
        ("?version=1&label=stable", 400, "version and label exclude each other: send one of them"),
    ] {
        let answer = server.post(&format!("/predict{query}"), &picture("cat.jpg"));
        assert_eq!(answer.status, status, "{query}");
        assert!(error(&answer).contains(text), "{}", answer.body);
    }
    let text = server.post("/predict", b"hello");
    assert_eq!((text.status, error(&text).contains("the body is not a picture")), (400, true));
    let empty = server.post("/predict", b"");
    assert_eq!((empty.status, error(&empty).contains("the body is empty")), (400, true));
    assert_eq!(server.post("/predict?model=mobilenet&version=1", &picture("cat.jpg")).status, 200);
}

#[test]
fn a_server_is_ready_after_a_run() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    for _ in 0..2 {
        let ready = server.get("/v2/health/ready");
        assert_eq!((ready.status, ready.body.as_str()), (200, "{\"ready\": true}\n"));
    }
}

#[test]
fn a_picture_is_counted_and_timed() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("monitoring.config");
    fs::write(&config, "prometheus_config { enable: true }").unwrap();
    let flag = format!("--monitoring_config_file={}", config.display());
    let Some(server) = Server::mobilenet(&[&flag]) else { return };
    let mut connection = server.connect();
    assert_eq!(connection.ask("POST", "/predict", &[], &picture("cat.jpg")).status, 200);
    assert_eq!(connection.ask("POST", "/predict", &[], b"no picture").status, 400);
    let page = connection.ask("GET", "/monitoring/prometheus/metrics", &[], b"").body;
    for line in [
        ":tensorflow:serving:request_count{model_name=\"mobilenet\",status=\"OK\"} 1\n",
        ":tensorflow:serving:request_count{model_name=\"mobilenet\",status=\"INVALID_ARGUMENT\"} 1\n",
        ":tensorflow:serving:request_latency_count{model_name=\"mobilenet\",API=\"image\",entrypoint=\"REST\"} 1\n",
        ":tensorflow:serving:runtime_latency_count{model_name=\"mobilenet\",API=\"Image\",runtime=\"LiteRT\"} 1\n",
        "firstserve_startup_seconds{phase=\"answered\"} ",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
}
