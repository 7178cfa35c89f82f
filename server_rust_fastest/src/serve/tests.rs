mod streams;

use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Barrier;
use std::thread;

use axum::body::Bytes;
use axum::extract::Request;
use axum::routing::any;

use super::running::{LIMIT, Running, get, post, read_all, read_answer};
use super::*;

/// Says which path was asked, and how long the body was.
fn echo() -> Router {
    Router::new().fallback(any(async |request: Request| {
        let path = request.uri().path().to_owned();
        let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
        format!("{path} {}\n", body.len())
    }))
}

#[test]
fn requests_on_one_connection_are_answered_in_turn() {
    let server = Running::new(echo());
    let mut stream = server.connect();
    for path in ["/a", "/b", "/c"] {
        stream.write_all(&post(path, b"abc")).unwrap();
        let answer = read_answer(&mut stream);
        assert!(answer.ends_with(&format!("{path} 3\n")), "{answer}");
        assert!(answer.contains("\r\nServer: firstserve\r\n"), "{answer}");
    }
}

#[test]
fn pipelined_requests_are_answered_in_turn() {
    let server = Running::new(echo());
    let chunked = b"POST /chunks HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let last = b"GET /last HTTP/1.1\r\nhost: a\r\nConnection: close\r\n\r\n";
    let large = post("/large", &vec![b'\n'; 300_000]);
    let sent = [&b"\r\n"[..], &get("/a"), &large, chunked, &post("/b", b"\r\n\r\n"), &get("/c"), last].concat();
    let answers = server.exchange(&sent);
    let bodies: Vec<&str> = answers.lines().filter(|line| line.starts_with('/')).collect();
    assert_eq!(bodies, ["/a 0", "/large 300000", "/chunks 3", "/b 4", "/c 0", "/last 0"]);
}

#[test]
fn a_request_that_comes_byte_by_byte_is_answered() {
    let server = Running::new(echo());
    let mut stream = server.connect();
    stream.set_nodelay(true).unwrap();
    for byte in post("/slow", b"abc") {
        stream.write_all(&[byte]).unwrap();
    }
    assert!(read_answer(&mut stream).ends_with("/slow 3\n"));
}

#[test]
fn a_client_that_only_reads_on_is_answered() {
    let server = Running::new(echo());
    let mut stream = server.connect();
    stream.write_all(&post("/half", b"abc")).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(read_all(&mut stream).ends_with("/half 3\n"));
}

#[test]
fn a_body_that_waits_is_told_to_come() {
    let server = Running::new(echo());
    let mut stream = server.connect();
    stream.write_all(b"POST /wait HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n").unwrap();
    assert_eq!(read_answer(&mut stream), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").unwrap();
    assert!(read_answer(&mut stream).ends_with("/wait 3\n"));
}

#[test]
fn what_is_no_request_is_refused_in_json_and_the_connection_closed() {
    let server = Running::new(echo());
    let long = "a".repeat(500_000);
    let many = "a: a\r\n".repeat(300);
    let much = format!("a: {}\r\n", &long[..8000]).repeat(20);
    for (sent, status) in [
        ("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_owned(), 400),
        ("GET /\r\n\r\n".to_owned(), 400),
        ("GE T / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcde".to_owned(), 400),
        ("GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{much}\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nhost: x\r\na: {long}\r\n\r\n"), 431),
        (format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", &long[..100_000]), 414),
    ] {
        let answer = server.exchange(sent.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("\r\n\r\n{\"error\": \""), "{answer}");
        assert!(answer.ends_with("\"}\n"), "{answer}");
    }
}

#[test]
fn a_long_head_is_read() {
    let server = Running::new(echo());
    let much = format!("a: {}\r\n", "a".repeat(8000)).repeat(12);
    let answer =
        server.exchange(format!("GET /long HTTP/1.1\r\nhost: x\r\n{much}connection: close\r\n\r\n").as_bytes());
    assert!(answer.ends_with("/long 0\n"), "{answer}");
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let server = Running::new(echo());
    let answer = server.exchange(b"GET /old HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.0 200 ") && answer.ends_with("/old 0\n"), "{answer}");
}

#[test]
fn what_is_put_off_runs_behind_the_answer() {
    let (told, tell) = (Arc::new(std::sync::atomic::AtomicBool::new(false)), std::sync::mpsc::channel());
    let (sender, receiver) = tell;
    let router = Router::new().fallback(any({
        let told = Arc::clone(&told);
        async move |request: Request| {
            let afterwards = request.extensions().get::<Afterwards>().unwrap().clone();
            let told = Arc::clone(&told);
            afterwards.add(move || {
                told.store(true, std::sync::atomic::Ordering::SeqCst);
                sender.send(()).unwrap();
            });
            Bytes::from_static(b"done")
        }
    }));
    let server = Running::new(router);
    let mut stream = server.connect();
    stream.write_all(&get("/")).unwrap();
    assert!(read_answer(&mut stream).ends_with("done"));
    receiver.recv_timeout(LIMIT).unwrap();
    assert!(told.load(std::sync::atomic::Ordering::SeqCst));
}

#[test]
fn an_idle_server_ends_and_closes_its_connections_in_order() {
    let mut server = Running::new(echo());
    let mut fresh = server.connect();
    let mut idle = server.connect();
    idle.write_all(&get("/")).unwrap();
    read_answer(&mut idle);
    server.join();
    assert_eq!(read_all(&mut fresh), "");
    assert_eq!(read_all(&mut idle), "");
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn what_was_sent_on_an_idle_connection_before_the_stop_is_answered() {
    let (begun, go) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let router = Router::new().fallback(any({
        let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
        // Holds the only thread: what comes meanwhile is unread when the stop is seen.
        async move |request: Request| {
            if request.uri().path() == "/hold" {
                begun.wait();
                go.wait();
            }
            "answered"
        }
    }));
    let mut server = Running::new(router);
    let mut idle = server.connect();
    idle.write_all(&get("/first")).unwrap();
    read_answer(&mut idle);
    let mut holding = server.connect();
    holding.write_all(&get("/hold")).unwrap();
    begun.wait();
    idle.write_all(&[get("/second"), get("/third")].concat()).unwrap();
    let mut waiting = server.connect();
    waiting.write_all(&get("/in_the_backlog")).unwrap();
    server.stop();
    go.wait();
    server.join();
    assert!(read_all(&mut holding).ends_with("answered"));
    assert!(read_all(&mut waiting).ends_with("answered"));
    let answers = read_all(&mut idle);
    assert_eq!(answers.matches("answered").count(), 2, "{answers}");
    assert!(answers.matches("Connection: close").count() <= 1, "{answers}");
}

#[test]
fn a_slow_request_is_finished_after_the_stop() {
    let mut server = Running::new(echo());
    let mut slow = server.connect();
    let request = post("/slow", b"abcdef");
    let (first, second) = request.split_at(request.len() - 3);
    slow.write_all(first).unwrap();
    let mut head = server.connect();
    head.write_all(&get("/head")[..10]).unwrap();
    let mut other = server.connect();
    other.write_all(&get("/")).unwrap();
    read_answer(&mut other);
    server.stop();
    assert_eq!(read_all(&mut other), "");
    slow.write_all(second).unwrap();
    head.write_all(&get("/head")[10..]).unwrap();
    for (stream, expected) in [(&mut slow, "/slow 6\n"), (&mut head, "/head 0\n")] {
        let answer = read_all(stream);
        assert!(answer.contains("\r\nConnection: close\r\n") && answer.ends_with(expected), "{answer}");
    }
    server.join();
}

#[test]
fn no_request_of_32_connections_under_load_is_lost_by_a_stop() {
    let mut server = Running::new(echo());
    let under_way = Arc::new(Barrier::new(33));
    let clients: Vec<_> = (0..32)
        .map(|number| {
            let (address, under_way) = (server.address, Arc::clone(&under_way));
            thread::spawn(move || ask_until_closed(address, &under_way, number % 2 == 0))
        })
        .collect();
    under_way.wait();
    server.join();
    for client in clients {
        assert!(client.join().unwrap() >= 2);
    }
}

/// Asks without pause, on one connection or on ever new ones, until there is no server; gives the number of answers.
fn ask_until_closed(address: SocketAddr, under_way: &Barrier, keeps: bool) -> usize {
    let body = vec![7; 50_000];
    let mut answered = 0;
    let mut kept: Option<TcpStream> = None;
    loop {
        let mut stream = match kept.take() {
            Some(stream) => stream,
            None => match TcpStream::connect(address) {
                Ok(stream) => stream,
                Err(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
                    return answered;
                }
            },
        };
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all(&post("/load", &body)).unwrap();
        let answer = read_answer(&mut stream);
        assert!(answer.ends_with("/load 50000\n"), "{answer}");
        answered += 1;
        if answered == 2 {
            under_way.wait();
        }
        if keeps && !answer.contains("\r\nConnection: close\r\n") {
            kept = Some(stream);
        }
    }
}
