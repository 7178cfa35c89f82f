use std::time::Duration;

use super::*;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn hold(budget: &Budget) -> Hold {
    budget.hold(Arc::default())
}

fn is_told(hold: &Hold) -> bool {
    let mut ended = std::pin::pin!(hold.ended());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    ended.as_mut().poll(&mut cx).is_ready()
}

#[test]
fn what_is_dropped_is_held_no_more() {
    let budget = Budget::new(10);
    let (mut arriving, mut whole) = (hold(&budget), hold(&budget));
    arriving.grow(3).unwrap();
    arriving.grow(2).unwrap();
    whole.settle();
    whole.grow(4).unwrap();
    assert_eq!(budget.used(), 9);
    drop(arriving);
    assert_eq!(budget.used(), 4);
    drop(whole);
    assert_eq!(budget.used(), 0);
}

#[test]
fn what_has_held_the_most_for_the_longest_makes_room() {
    let budget = Budget::new(100);
    let (mut slow, mut large, mut small) = (hold(&budget), hold(&budget), hold(&budget));
    let began = Instant::now();
    slow.grow_at(20, began).unwrap();
    large.grow_at(70, began + ms(20)).unwrap();
    small.grow_at(5, began + ms(20)).unwrap();
    small.grow_at(10, began + ms(21)).unwrap();
    assert!(is_told(&slow) && !is_told(&large) && !is_told(&small));
    assert_eq!((slow.grow(1), budget.used()), (Err(Full), 85));
    small.grow_at(20, began + ms(22)).unwrap();
    assert!(is_told(&large));
    drop((slow, large));
    assert_eq!(budget.used(), 35);
    drop(small);
    assert_eq!(budget.used(), 0);
}

#[test]
fn who_has_held_the_most_for_the_longest_gets_no_more() {
    let budget = Budget::new(100);
    let (mut large, mut small) = (hold(&budget), hold(&budget));
    let began = Instant::now();
    large.grow_at(80, began).unwrap();
    small.grow_at(10, began).unwrap();
    assert_eq!(large.grow_at(20, began + ms(1)), Err(Full));
    assert!(!is_told(&small));
}

#[test]
fn what_is_there_whole_stays() {
    let budget = Budget::new(100);
    let (mut whole, mut arriving) = (hold(&budget), hold(&budget));
    whole.grow(90).unwrap();
    whole.settle();
    assert_eq!(arriving.grow(20), Err(Full));
    assert!(!is_told(&whole));
    assert_eq!(budget.used(), 90);
}

#[test]
fn one_alone_may_be_larger_than_all_may_be_together() {
    let budget = Budget::new(100);
    let (mut only, mut other) = (hold(&budget), hold(&budget));
    only.grow(90).unwrap();
    only.grow(90).unwrap();
    other.grow(1).unwrap();
    assert_eq!(budget.used(), 1, "the large one makes room for another");
}
