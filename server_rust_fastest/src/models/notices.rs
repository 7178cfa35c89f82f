//! Notices: what a look for versions has found to say, said without flooding the log.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::log::{self, Line};
use crate::settings::LogLevel;

/// What stays so is said again at most this often.
const REMINDER: Duration = Duration::from_secs(10);

/// Remembers what was said, and when.
#[derive(Default)]
pub struct Notices {
    said: HashMap<String, Instant>,
}

impl Notices {
    /// Logs each text if it is new or was last said long ago; what is not among them is over.
    pub fn tell(&mut self, level: LogLevel, found: Vec<String>) {
        for text in self.due(found, Instant::now()) {
            if log::writes(level) {
                Line::new(level, &text).write();
            }
        }
    }

    /// Those that are to be said now.
    fn due(&mut self, found: Vec<String>, now: Instant) -> Vec<String> {
        let mut said = HashMap::new();
        let mut due = Vec::new();
        for text in found {
            let last = self.said.get(&text).copied().filter(|&last| now.saturating_duration_since(last) < REMINDER);
            if last.is_none() {
                due.push(text.clone());
            }
            said.insert(text, last.unwrap_or(now));
        }
        self.said = said;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once_within_the_interval_and_again_where_it_was_over() {
        let (mut notices, now) = (Notices::default(), Instant::now());
        let one = || vec!["one".to_owned()];
        assert_eq!(notices.due(one(), now), one());
        assert!(notices.due(one(), now + REMINDER / 2).is_empty());
        assert_eq!(notices.due(vec!["one".to_owned(), "two".to_owned()], now + REMINDER / 2), ["two"]);
        assert_eq!(notices.due(one(), now + REMINDER), one());
        assert!(notices.due(Vec::new(), now + REMINDER).is_empty());
        assert_eq!(notices.due(one(), now + REMINDER), one());
    }
}
