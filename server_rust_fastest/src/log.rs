//! Log: what happens -> one JSON object a line on stderr, by the names that Cloud Logging reads.
//!
//! Control characters and everything outside ASCII are escaped, so that no text from a client ends a line or hides in
//! it.

use std::fmt::{Display, Write as _};
use std::io::{stderr, stdout};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::queue::{LIMIT_BYTES, LineQueue};
use crate::settings::LogLevel;

mod queue;

const MESSAGE_LIMIT: usize = 8192;
const FIELD_LIMIT: usize = 512;

/// How long the end of the process waits for who reads.
const DRAIN: Duration = Duration::from_secs(1);

static STDERR: LineQueue = LineQueue::new(|| Box::new(stderr()), tell_dropped, LIMIT_BYTES);
static STDOUT: LineQueue = LineQueue::new(|| Box::new(stdout()), tell_dropped, LIMIT_BYTES);
static LEVEL: AtomicU8 = AtomicU8::new(LogLevel::Info as u8);

/// Logs from this level on.
pub fn set_level(level: LogLevel) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Has panics told as lines of the log.
pub fn take_panics() {
    std::panic::set_hook(Box::new(|panic| error(&panic.to_string())));
}

/// Writes lines for people to stderr, with their ends. Does not wait for who reads them.
pub fn say(lines: String) {
    if !lines.is_empty() {
        STDERR.push(lines);
    }
}

/// The same on stdout.
pub fn say_on_stdout(lines: String) {
    if !lines.is_empty() {
        STDOUT.push(lines);
    }
}

/// Waits, for a bounded time, until everything is written that was to be.
pub fn drain() {
    STDERR.drain(DRAIN);
    STDOUT.drain(DRAIN);
}

/// The line that stands where lines are missing.
fn tell_dropped(count: usize) -> String {
    let message = format!("{count} lines of the log were dropped: its reader did not take them");
    Line::new(LogLevel::Warning, &message).number("dropped", count).finish()
}

/// Whether lines of this level are written.
#[must_use]
pub fn writes(level: LogLevel) -> bool {
    level as u8 >= LEVEL.load(Ordering::Relaxed)
}

/// For who looks for a fault.
pub fn debug(message: &str) {
    write(LogLevel::Debug, message);
}

/// What goes as it should.
pub fn info(message: &str) {
    write(LogLevel::Info, message);
}

/// What an operator may want to change.
pub fn warning(message: &str) {
    write(LogLevel::Warning, message);
}

/// What fails.
pub fn error(message: &str) {
    write(LogLevel::Error, message);
}

fn write(level: LogLevel, message: &str) {
    if writes(level) {
        Line::new(level, message).write();
    }
}

/// A line that is being made: the message, and fields beside it in the order in which they are added.
pub struct Line {
    json: String,
}

impl Line {
    /// A line of now.
    #[must_use]
    pub fn new(level: LogLevel, message: &str) -> Self {
        Self::at(SystemTime::now(), level, message)
    }

    fn at(time: SystemTime, level: LogLevel, message: &str) -> Self {
        let severity = match level {
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warning => "WARNING",
            LogLevel::Error => "ERROR",
        };
        let mut line = Self { json: format!("{{\"severity\": \"{severity}\", \"time\": \"{}\"", timestamp(time)) };
        line.push("message", message, MESSAGE_LIMIT);
        line
    }

    /// Adds a text; a long one is cut.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.push(name, value, FIELD_LIMIT);
        self
    }

    /// Adds a number or a truth value, as it is displayed.
    #[must_use]
    pub fn number(mut self, name: &str, value: impl Display) -> Self {
        let _ = write!(self.json, ", \"{name}\": {value}");
        self
    }

    /// Writes it to stderr, whole, without waiting for who reads it; where nobody does, it is lost.
    pub fn write(self) {
        STDERR.push(self.finish());
    }

    fn finish(mut self) -> String {
        self.json.push_str("}\n");
        self.json
    }

    fn push(&mut self, name: &str, value: &str, limit: usize) {
        let _ = write!(self.json, ", \"{name}\": \"");
        let cut = value.char_indices().nth(limit).map_or(value.len(), |(end, _)| end);
        push_escaped(&mut self.json, value.get(..cut).unwrap_or(value));
        self.json.push_str(if cut < value.len() { "...\"" } else { "\"" });
    }
}

/// As JSON, in ASCII only.
fn push_escaped(json: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            ' '..='~' => json.push(character),
            _ => {
                for &mut unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
}

/// A moment as RFC 3339 writes it, in UTC, to the microsecond.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second, micros) = (second / 3600, second / 60 % 60, second % 60, since.subsec_micros());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00")
}

/// Year, month and day of a day since 1970. Years are counted from March, so that a leap day is the last of its year;
/// 400 years have 146,097 days.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64, micros: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(micros)
    }

    #[test]
    fn a_line_is_json_with_its_fields_behind_the_message() {
        let line = Line::at(at(0, 7), LogLevel::Error, "no \"model\"\n").text("model", "m").number("status", 404);
        assert_eq!(
            line.finish(),
            "{\"severity\": \"ERROR\", \"time\": \"1970-01-01T00:00:00.000007+00:00\", \"message\": \"no \
             \\\"model\\\"\\n\", \"model\": \"m\", \"status\": 404}\n"
        );
    }

    #[test]
    fn what_is_not_ascii_is_escaped() {
        let mut json = String::new();
        push_escaped(&mut json, "é\u{1f600}\u{7f}\u{1}");
        assert_eq!(json, "\\u00e9\\ud83d\\ude00\\u007f\\u0001");
    }

    #[test]
    fn long_texts_are_cut() {
        let line = Line::new(LogLevel::Info, "").text("path", &"é".repeat(FIELD_LIMIT + 1)).finish();
        assert!(line.ends_with("\\u00e9...\"}\n"));
        assert_eq!(line.matches("\\u00e9").count(), FIELD_LIMIT);
    }

    #[test]
    fn moments_are_dates_of_the_gregorian_calendar() {
        assert_eq!(timestamp(at(951_782_400, 0)), "2000-02-29T00:00:00.000000+00:00");
        assert_eq!(timestamp(at(1_735_689_599, 999_999)), "2024-12-31T23:59:59.999999+00:00");
        assert_eq!(timestamp(at(4_107_542_400, 0)), "2100-03-01T00:00:00.000000+00:00");
    }
}
