use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::super::memory::Room;
use super::{ImageMemory, Limits, MEMORY, as_png, decode, limits, picture};

#[test]
fn an_image_that_takes_more_than_there_is_is_too_large() {
    // A copy, 12 x 8 pixels of 5 bytes, 16 for each line, and 4 x 8 pixels of 4 bytes between.
    let file = as_png(&picture());
    let needed_bytes = file.len() as u64 + 928;
    let decoded_in = |bytes| decode(&file, 4, 4, &limits(&ImageMemory::new(bytes)));
    assert!(decoded_in(needed_bytes).is_ok());
    let text = format!(
        "the image takes {needed_bytes} bytes of memory to decode, more than the limit of {} \
         (--max_image_memory_bytes): send a smaller one",
        needed_bytes - 1
    );
    let error = decoded_in(needed_bytes - 1).expect_err("too large");
    assert_eq!((error.http, error.text), (413, text));
}

#[test]
fn memory_is_given_back_however_decoding_ends() {
    let (memory, file) = (ImageMemory::new(2000), as_png(&picture()));
    for _ in 0..10 {
        assert!(decode(&file, 4, 4, &limits(&memory)).is_ok());
        assert_eq!(decode(&file[..file.len() - 40], 4, 4, &limits(&memory)).expect_err("cut off").http, 400);
    }
}

#[test]
fn an_image_waits_until_there_is_memory_for_it() {
    let memory = ImageMemory::new(MEMORY);
    let (ended, end) = mpsc::channel();
    let mut all = Room::new(&limits(&memory), 1, 1);
    all.take(1, 1, MEMORY - 36, 0).expect("taken");
    let late = Limits { deadline: Some(Instant::now() + Duration::from_millis(10)), ..limits(&memory) };
    assert_eq!(Room::new(&late, 1, 1).take(1, 1, 1, 0).expect_err("late").http, 504);
    thread::scope(|scope| {
        scope.spawn(|| ended.send(decode(&as_png(&picture()), 4, 4, &limits(&memory)).is_ok()));
        assert!(end.recv_timeout(Duration::from_millis(10)).is_err());
        drop(all);
        assert_eq!(end.recv_timeout(Duration::from_secs(60)), Ok(true));
    });
}

#[test]
fn decoding_ends_with_its_time() {
    let memory = ImageMemory::new(MEMORY);
    let late = Limits { deadline: Some(Instant::now()), ..limits(&memory) };
    assert_eq!(decode(&as_png(&picture()), 4, 4, &late).expect_err("late").http, 504);
}
