//! What needs no model: health, paths, methods, limits, figures.

use super::*;

#[test]
fn a_server_is_live_and_not_ready_before_its_models_are() {
    let server = Server::empty(&[]);
    let live = server.get("/v2/health/live");
    assert_eq!((live.status, live.body.as_str()), (200, "{\"live\": true}\n"));
    let ready = server.get("/v2/health/ready");
    assert_eq!((ready.status, ready.body.as_str()), (503, "{\"ready\": false}\n"));
}

#[test]
fn head_is_answered_without_a_body() {
    let server = Server::empty(&[]);
    for (path, status) in [("/", 200), ("/v2/health/live", 200), ("/predict", 405), ("/nowhere", 404)] {
        let mut connection = server.connect();
        connection.send("HEAD", path, &["connection: close"], b"");
        let answer = crate::serve::running::read_all(&mut connection.0);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        let length = answer.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        assert!(length.parse::<usize>().unwrap() > 0);
    }
}

#[test]
fn the_playground_is_the_page_of_all_servers() {
    let answer = Server::empty(&[]).get("/?x=1");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../firstserve/web/playground/page.html");
    assert_eq!(answer.body, fs::read_to_string(file).unwrap());
    assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'; script-src 'sha256-"));
    assert!(answer.header("x-served-by").unwrap().ends_with(" (Rust, LiteRT)"));
}

#[test]
fn a_path_that_nobody_has_is_not_found() {
    let server = Server::empty(&[]);
    for (path, shown) in [("/predict/", "/predict/"), ("/Predict", "/Predict"), ("/a%20b?x=1", "/a b")] {
        let answer = server.post(path, b"x");
        assert_eq!(answer.status, 404);
        assert_eq!(error(&answer), format!("no such path: {shown}; pictures go to POST /predict"));
    }
}

#[test]
fn a_wrong_method_is_named_with_the_right_one() {
    let server = Server::empty(&[]);
    for method in ["GET", "PUT", "DELETE", "PATCH", "PURGE"] {
        let answer = server.ask(method, "/predict", &[], b"abc");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST, OPTIONS")));
        assert_eq!(error(&answer), format!("{method} is not allowed here: /predict takes POST, OPTIONS"));
    }
    let page = server.post("/", b"abc");
    assert_eq!((page.status, page.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    assert_eq!(error(&page), "POST is not allowed here: / takes GET, HEAD, OPTIONS");
    let options = server.ask("OPTIONS", "/predict", &[], b"");
    assert_eq!((options.status, options.header("allow"), options.body.as_str()), (200, Some("POST, OPTIONS"), ""));
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let server = Server::empty(&[]);
    let long = "a".repeat(10_000);
    for (path, header, status) in [
        (format!("/{long}"), "a: a".to_owned(), 414),
        ("/".to_owned(), format!("a: {long}"), 431),
        ("/".to_owned(), "expect: tea".to_owned(), 417),
    ] {
        let answer = server.ask("POST", &path, &[&header], b"");
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")));
        assert!(!error(&answer).is_empty());
    }
}

#[test]
fn a_connection_lives_on_after_an_error_with_an_unread_body() {
    let server = Server::empty(&[]);
    let mut connection = server.connect();
    for (method, path, status) in [("PUT", "/predict", 405), ("POST", "/nowhere", 404), ("PUT", "/v1/models/m", 400)] {
        assert_eq!(connection.ask(method, path, &[], &vec![0; 3_000_000]).status, status);
    }
    assert_eq!(connection.ask("GET", "/v2/health/live", &[], b"").status, 200);
}

#[test]
fn figures_are_for_every_method_and_take_no_query() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("monitoring.config");
    fs::write(&config, "prometheus_config { enable: true, path: \"/figures\" }").unwrap();
    let server = Server::empty(&[&format!("--monitoring_config_file={}", config.display())]);
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"] {
        let answer = server.ask(method, "/figures", &[], b"");
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain")));
        assert!(answer.body.starts_with("# TYPE :tensorflow:serving:"), "{}", answer.body);
    }
    for query in ["x=1", ""] {
        let answer = server.get(&format!("/figures?{query}"));
        assert_eq!((answer.status, answer.header("content-type")), (400, Some("text/plain")));
        assert_eq!(answer.body, format!("Unexpected path: /figures?{query}. Should be /figures"));
    }
}

#[test]
fn a_server_without_monitoring_has_no_figures() {
    assert_eq!(Server::empty(&[]).get("/monitoring/prometheus/metrics").status, 404);
}

#[test]
fn more_requests_than_the_limit_are_turned_away_at_once() {
    let Some(server) = Server::mobilenet(&["--max_requests_at_once=1"]) else { return };
    let place = server.app.admission.admit().unwrap();
    let mut connection = server.connect();
    let answer = connection.ask("POST", "/predict", &[], &vec![0; 1_000_000]);
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
    assert!(error(&answer).contains("its limit of requests at once, 1 (--max_requests_at_once)"));
    assert_eq!(connection.ask("GET", "/v2/health/live", &[], b"").status, 200, "the connection lives on");
    drop(place);
    assert_eq!(server.post("/predict", b"abc").status, 400);
}

#[test]
fn a_body_over_the_limit_is_too_large() {
    let server = Server::empty(&["--max_body_bytes=1000"]);
    let large = server.post("/predict", &[0; 1001]);
    assert_eq!(
        (large.status, error(&large).as_str()),
        (413, "the body is longer than the limit of 1000 bytes (--max_body_bytes)")
    );
    let mut chunked = server.connect();
    let chunks = format!("258\r\n{0}\r\n258\r\n{0}\r\n0\r\n\r\n", "a".repeat(600));
    chunked.send("POST", "/predict", &["transfer-encoding: chunked"], chunks.as_bytes());
    assert_eq!(Answer::read(&mut chunked.0).status, 413);
    assert_eq!(chunked.ask("GET", "/v2/health/live", &[], b"").status, 200);
}

#[test]
fn a_damaged_body_is_the_clients_fault() {
    let server = Server::empty(&[]);
    for chunks in ["zz\r\nabc\r\n", "3\r\nabcdef\r\n0\r\n\r\n", "\r\n\r\n"] {
        let mut connection = server.connect();
        connection.send("POST", "/predict", &["transfer-encoding: chunked"], chunks.as_bytes());
        let answer = Answer::read(&mut connection.0);
        assert_eq!(answer.status, 400);
        assert!(error(&answer).starts_with("the body cannot be read: "), "{}", answer.body);
    }
}
