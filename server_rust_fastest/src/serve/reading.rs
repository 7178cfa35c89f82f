//! Reading: where in a connection's requests its next bytes belong.

const HTTP2: &[u8] = b"PRI ";

/// How a request's body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    Chunks,
}

/// Where the next bytes belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Between two requests, or within a head.
    Head { begun: bool, line_is_empty: bool },
    /// Within a body of which this many bytes are still to come.
    Body(u64),
    /// Within a body in chunks.
    Chunks,
    /// All that comes.
    Http2,
}

/// Between two requests.
pub(super) const FRESH: Reading = Reading::Head { begun: false, line_is_empty: false };

impl Reading {
    /// Behind a head.
    pub(super) fn body(framing: Framing) -> Self {
        match framing {
            Framing::Length(0) => FRESH,
            Framing::Length(bytes) => Self::Body(bytes),
            Framing::Chunks => Self::Chunks,
        }
    }

    /// How many of these bytes belong together, and where those behind them belong.
    pub(super) fn take(self, bytes: &[u8]) -> (usize, Self) {
        match self {
            Self::Head { begun: false, .. } if bytes.starts_with(HTTP2) => (bytes.len(), Self::Http2),
            Self::Head { line_is_empty, .. } => {
                let (count, line_is_empty) = head_bytes(bytes, line_is_empty);
                (count, Self::Head { begun: true, line_is_empty })
            }
            Self::Body(left) => {
                let count = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                (count, Self::body(Framing::Length(left.saturating_sub(count as u64))))
            }
            Self::Chunks | Self::Http2 => (bytes.len(), self),
        }
    }
}

/// How many of these bytes belong to a head that ends with an empty line, and whether the line is empty so far with
/// which they end.
fn head_bytes(bytes: &[u8], mut line_is_empty: bool) -> (usize, bool) {
    for (place, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if line_is_empty => return (place + 1, false),
            b'\n' => line_is_empty = true,
            b'\r' => {}
            _ => line_is_empty = false,
        }
    }
    (bytes.len(), line_is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_an_empty_line() {
        for head in ["GET / HTTP/1.1\r\na: b\r\n\r\n", "GET / HTTP/1.1\n\n"] {
            assert_eq!(FRESH.take(format!("{head}body").as_bytes()).0, head.len());
            let mut reading = FRESH;
            for (place, byte) in head.bytes().enumerate() {
                let is_last = place + 1 == head.len();
                reading = reading.take(&[byte]).1;
                assert_eq!(reading, Reading::Head { begun: true, line_is_empty: byte_ends(head, place) && !is_last });
            }
        }
    }

    /// Whether nothing but an end of line stands between the last line and this place.
    fn byte_ends(head: &str, place: usize) -> bool {
        head[..=place].trim_end_matches('\r').ends_with('\n')
    }

    #[test]
    fn a_body_ends_with_its_length() {
        assert_eq!(Reading::Body(5).take(b"abc"), (3, Reading::Body(2)));
        assert_eq!(Reading::Body(2).take(b"deGET"), (2, FRESH));
        assert_eq!(Reading::Body(u64::MAX).take(b"abc"), (3, Reading::Body(u64::MAX - 3)));
    }

    #[test]
    fn http_2_and_chunks_are_not_looked_into() {
        assert_eq!(FRESH.take(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").1, Reading::Http2);
        assert_eq!(Reading::Chunks.take(b"0\r\n\r\nGET").0, 8);
    }
}
