//! Instances under many threads: who gets one, and which are kept.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::{DEFAULT, floats, half_plus_two, mobilenet, pictures, run};
use crate::error::Code;
use crate::litert::Servable;
use crate::real::or_skip;

#[test]
fn eight_threads_get_each_its_own_answer() {
    let servable = or_skip!(mobilenet(2));
    let ask = |seed| servable.run(DEFAULT, pictures(&[seed]), &[], None).expect("run");
    let expected: Vec<_> = (0..3).map(ask).collect();
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for caller in 0..8 {
            let (ask, expected, start) = (&ask, &expected, &start);
            scope.spawn(move || {
                start.wait();
                for turn in 0..4 {
                    let seed = (caller + turn) % 3;
                    assert_eq!(ask(seed), expected[seed as usize]);
                }
            });
        }
    });
}

#[test]
fn the_pool_keeps_few_of_many_shapes() {
    let servable = or_skip!(half_plus_two());
    for size in 1..12 {
        run(&servable, floats(&[size, 1], &vec![1.0; size])).expect("run");
    }
    let kept: Vec<usize> = servable.pool.idle().iter().map(|key| key.shapes[0][0]).collect();
    assert_eq!(kept, [8, 9, 10, 11]);
}

#[test]
fn large_instances_leave_no_memory_behind() {
    let servable = or_skip!(mobilenet(1));
    let sizes = |servable: &Servable| servable.pool.idle().iter().map(|key| key.shapes[0][0]).collect::<Vec<_>>();
    for size in [32_u32, 33, 34] {
        servable.run(DEFAULT, pictures(&(0..size).collect::<Vec<_>>()), &[], None).expect("run");
        assert_eq!(sizes(&servable), [1, size as usize]);
    }
    assert!(servable.pool.idle_bytes() > 64 * 1024 * 1024);
    servable.pool.expire();
    assert_eq!((sizes(&servable), servable.pool.idle_bytes()), (vec![1], 0));
    assert!(servable.run(DEFAULT, pictures(&[1]), &[], None).is_ok());
}

#[test]
fn the_pool_runs_no_more_than_its_instances() {
    let servable = or_skip!(mobilenet(1));
    let place = servable.pool.enter(None).expect("a place");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| servable.run(DEFAULT, pictures(&[1]), &[], None));
        assert!(servable.pool.enter(Some(Instant::now() + Duration::from_millis(50))).is_err());
        assert!(!waiting.is_finished());
        drop(place);
        assert!(waiting.join().expect("joined").is_ok());
    });
}

#[test]
fn a_run_waits_for_an_instance_no_longer_than_its_deadline() {
    let servable = or_skip!(half_plus_two());
    let ask = |limit_ms| {
        let deadline = Instant::now() + Duration::from_millis(limit_ms);
        servable.run(DEFAULT, vec![("x".to_owned(), floats(&[1, 1], &[5.0]))], &[], Some(deadline))
    };
    let place = servable.pool.enter(None).expect("a place");
    let error = ask(50).expect_err("late");
    assert_eq!(error.code, Code::DeadlineExceeded);
    assert_eq!(error.text, "no instance of the model was free in time: 1 are at work");
    drop(place);
    assert!(ask(60_000).is_ok());
}

#[test]
fn a_run_past_its_deadline_is_not_begun() {
    let servable = or_skip!(half_plus_two());
    let inputs = vec![("x".to_owned(), floats(&[1, 1], &[5.0]))];
    let error = servable.run(DEFAULT, inputs, &[], Some(Instant::now())).expect_err("late");
    assert_eq!(error.text, "the request's time limit has passed");
}
