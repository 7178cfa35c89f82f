use std::io::{self, PipeReader, Read};
use std::sync::mpsc::{self, Receiver, Sender};

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

/// Takes what it is told to take, each time that it is told.
struct Gate {
    told: Receiver<io::Result<usize>>,
    taken: Sender<Vec<u8>>,
}

impl Write for Gate {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let size = self.told.recv().map_err(io::Error::other)??.min(lines.len());
        self.taken.send(lines[..size].to_vec()).map_err(io::Error::other)?;
        Ok(size)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gate() -> (Gate, Sender<io::Result<usize>>, Receiver<Vec<u8>>) {
    let (tell, told) = mpsc::channel();
    let (taken, take) = mpsc::channel();
    (Gate { told, taken }, tell, take)
}

fn lost(gate: &mut Gate, rest: &mut Vec<u8>, lines: &str) -> usize {
    put(gate, rest, lines.to_owned())
}

/// A queue whose thread writes into a pipe.
fn queue(limit_bytes: usize, open: fn() -> Box<dyn Write>) -> &'static LineQueue {
    Box::leak(Box::new(LineQueue::new(open, |count| format!("{count} dropped\n"), limit_bytes)))
}

fn read(reader: &mut PipeReader, size: usize) -> String {
    let mut bytes = vec![0; size];
    reader.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_line_that_was_begun_is_ended_first() {
    let (mut gate, tell, take) = gate();
    let mut rest = Vec::new();
    tell.send(Ok(3)).unwrap();
    tell.send(Err(io::Error::from(ErrorKind::StorageFull))).unwrap();
    assert_eq!(lost(&mut gate, &mut rest, "first\nsecond\nthird\n"), 2);
    tell.send(Ok(100)).unwrap();
    assert_eq!(lost(&mut gate, &mut rest, "fourth\n"), 0);
    drop(gate);
    assert_eq!(take.iter().collect::<Vec<_>>().concat(), b"first\nfourth\n");
}

#[test]
fn lines_that_are_not_begun_are_lost_whole() {
    let (mut gate, tell, take) = gate();
    let mut rest = Vec::new();
    tell.send(Ok(6)).unwrap();
    tell.send(Err(io::Error::from(ErrorKind::BrokenPipe))).unwrap();
    assert_eq!(lost(&mut gate, &mut rest, "first\nsecond\n"), 1);
    assert_eq!(rest, b"");
    drop(gate);
    assert_eq!(take.iter().collect::<Vec<_>>().concat(), b"first\n");
}

#[test]
fn a_descriptor_that_does_not_block_loses_nothing() {
    let (mut gate, tell, take) = gate();
    tell.send(Err(io::Error::from(ErrorKind::WouldBlock))).unwrap();
    tell.send(Err(io::Error::from(ErrorKind::Interrupted))).unwrap();
    tell.send(Ok(100)).unwrap();
    assert_eq!(lost(&mut gate, &mut Vec::new(), "line\n"), 0);
    assert_eq!(take.recv().unwrap(), b"line\n");
}

#[test]
fn lines_that_do_not_fit_are_dropped_and_told_where_they_are_missing() {
    static OPENED: Mutex<Option<io::PipeWriter>> = Mutex::new(None);
    let (mut reader, mut writer) = io::pipe().unwrap();
    // Without room, the first line is held until something is read.
    let size = 65536;
    writer.write_all(&vec![b'.'; size]).unwrap();
    *OPENED.lock().unwrap() = Some(writer);
    let queue = queue(20, || Box::new(OPENED.lock().unwrap().take().unwrap()));
    for number in 0..10 {
        queue.push(format!("line {number}\n"));
    }
    read(&mut reader, size);
    assert_eq!(read(&mut reader, 24), "line 0\nline 1\n8 dropped\n");
    queue.drain(LIMIT);
    queue.push("line 10\n".to_owned());
    assert_eq!(read(&mut reader, 8), "line 10\n");
}

#[test]
fn nobody_waits_for_a_reader_that_is_gone() {
    let queue = queue(LIMIT_BYTES, || Box::new(io::pipe().unwrap().1));
    for _ in 0..3 {
        queue.push("nobody reads this\n".to_owned());
        queue.drain(LIMIT);
    }
}
