//! Trace: a request's headers -> the fields by which Cloud Logging puts its lines under its trace.
//!
//! `traceparent` is <https://www.w3.org/TR/trace-context/>, `X-Cloud-Trace-Context` is `TRACE/SPAN;o=OPTIONS` with the
//! span as a decimal number.

use std::sync::LazyLock;

use crate::log::Line;

static PROJECT: LazyLock<Option<String>> =
    LazyLock::new(|| std::env::var("GOOGLE_CLOUD_PROJECT").ok().filter(|project| !project.is_empty()));

/// The headers `traceparent` and `X-Cloud-Trace-Context` of a request.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Trace<'a> {
    pub parent: Option<&'a str>,
    pub cloud: Option<&'a str>,
}

/// What a header says: ids in hexadecimal digits, the span's empty where it is not told.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    trace: String,
    span: String,
    is_sampled: bool,
}

impl Trace<'_> {
    /// Adds trace, span and whether the trace is kept; nothing where neither header can be read.
    ///
    /// The trace is the full resource name where the environment names the project, else its id alone.
    pub(super) fn write(self, line: Line) -> Line {
        let Some(read) = self.read() else { return line };
        let name = "logging.googleapis.com/trace";
        let mut line = match PROJECT.as_deref() {
            Some(project) => line.text(name, &format!("projects/{project}/traces/{}", read.trace)),
            None => line.text(name, &read.trace),
        };
        if !read.span.is_empty() {
            line = line.text("logging.googleapis.com/spanId", &read.span);
        }
        if read.is_sampled {
            line = line.number("logging.googleapis.com/trace_sampled", true);
        }
        line
    }

    fn read(self) -> Option<Read> {
        self.parent.and_then(read_parent).or_else(|| self.cloud.and_then(read_cloud))
    }
}

fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn read_parent(header: &str) -> Option<Read> {
    let mut parts = header.splitn(5, '-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if !(is_lower_hex(version, 2) && is_lower_hex(trace, 32) && is_lower_hex(span, 16) && is_lower_hex(flags, 2)) {
        return None;
    }
    let is_sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    Some(Read { trace: trace.to_owned(), span: span.to_owned(), is_sampled })
}

fn read_cloud(header: &str) -> Option<Read> {
    let (ids, is_sampled) = match header.split_once(";o=") {
        None => (header, false),
        Some((ids, option)) if option.len() == 1 && is_decimal(option) => (ids, option == "1"),
        Some(_) => return None,
    };
    let (trace, span) = match ids.split_once('/') {
        None => (ids, String::new()),
        Some((trace, span)) if span.len() <= 20 && is_decimal(span) => {
            (trace, format!("{:016x}", span.parse::<u128>().ok()?))
        }
        Some(_) => return None,
    };
    let trace = trace.to_ascii_lowercase();
    is_lower_hex(&trace, 32).then_some(Read { trace, span, is_sampled })
}

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn read(parent: &str, cloud: &str) -> Option<Read> {
        Trace { parent: Some(parent), cloud: Some(cloud) }.read()
    }

    fn told(span: &str, is_sampled: bool) -> Read {
        Read { trace: TRACE.to_owned(), span: span.to_owned(), is_sampled }
    }

    #[test]
    fn traceparent_gives_trace_span_and_flag() {
        assert_eq!(read(&format!("00-{TRACE}-00f067aa0ba902b7-01"), ""), Some(told("00f067aa0ba902b7", true)));
        assert_eq!(read(&format!("01-{TRACE}-00f067aa0ba902b7-02-more"), ""), Some(told("00f067aa0ba902b7", false)));
    }

    #[test]
    fn cloud_trace_context_gives_its_decimal_span_as_hex() {
        assert_eq!(read("", &format!("{}/255;o=1", TRACE.to_uppercase())), Some(told("00000000000000ff", true)));
        assert_eq!(read("", &format!("{TRACE}/99999999999999999999")), Some(told("56bc75e2d630fffff", false)));
    }

    #[test]
    fn cloud_trace_context_may_be_the_trace_alone() {
        assert_eq!(read("", TRACE), Some(told("", false)));
    }

    #[test]
    fn traceparent_wins() {
        let cloud = "0".repeat(32);
        assert_eq!(read(&format!("00-{TRACE}-00f067aa0ba902b7-00"), &cloud), Some(told("00f067aa0ba902b7", false)));
    }

    #[test]
    fn a_header_that_cannot_be_read_gives_nothing() {
        let headers = [
            String::new(),
            "x".to_owned(),
            format!("00-{TRACE}"),
            format!("{TRACE}/"),
            format!("{TRACE};o=x"),
            format!("{TRACE}/123456789012345678901"),
            "0".repeat(10_000),
        ];
        for header in headers {
            assert_eq!(read(&header, &header), None, "{header}");
        }
    }
}
