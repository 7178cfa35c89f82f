//! Authority: what gRPC's C library says of a Unix socket -> what h2 takes for a host.
//!
//! Its `:authority` is the socket's path in percent-encoding, which no host may have; h2 resets such a stream. The percent
//! signs become hyphens here, within the literals that the library writes: no length changes, so that HPACK's table of
//! both sides stays the same.

const PREFACE_BYTES: usize = 24;
const FRAME_HEAD_BYTES: usize = 9;
/// Frames with header fields: HEADERS and CONTINUATION.
const FIELDS: [u8; 2] = [1, 9];
/// The literal name, behind its length.
const NAME: &[u8] = b"\x0a:authority";
/// Of a literal that is not compressed: from here on the length goes on in the next byte.
const LONG: u8 = 0x7f;

/// Where in a client's bytes the next one belongs.
pub(super) struct Authority {
    part: Part,
    /// Of the part, still to come.
    left: usize,
    head: Vec<u8>,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    Fields,
    Other,
}

#[derive(Clone, Copy)]
enum Place {
    /// So many bytes of the name have come.
    Name(usize),
    Length,
    LongLength,
    /// So many bytes of the value are still to come.
    Value(usize),
}

impl Authority {
    /// For a connection of HTTP/2, from its first byte on.
    pub(super) fn new() -> Self {
        Self { part: Part::Other, left: PREFACE_BYTES, head: Vec::new(), place: Place::Name(0) }
    }

    /// Rewrites what has come.
    pub(super) fn rewrite(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at_mut(self.left.min(bytes.len()));
            self.left -= now.len();
            match self.part {
                Part::Head => self.head.extend_from_slice(now),
                Part::Fields => now.iter_mut().for_each(|byte| self.read(byte)),
                Part::Other => {}
            }
            bytes = rest;
            while self.left == 0 {
                self.begin_part();
            }
        }
    }

    fn begin_part(&mut self) {
        if self.part != Part::Head {
            self.head.clear();
            (self.part, self.left) = (Part::Head, FRAME_HEAD_BYTES);
            return;
        }
        let Some(&[a, b, c, kind]) = self.head.first_chunk() else { return };
        self.part = if FIELDS.contains(&kind) { Part::Fields } else { Part::Other };
        self.left = u32::from_be_bytes([0, a, b, c]) as usize;
    }

    fn read(&mut self, byte: &mut u8) {
        self.place = match self.place {
            Place::Name(matched) if NAME.get(matched) == Some(byte) => {
                if matched + 1 == NAME.len() {
                    Place::Length
                } else {
                    Place::Name(matched + 1)
                }
            }
            Place::Name(_) => Place::Name(usize::from(NAME.first() == Some(byte))),
            Place::Length if *byte == LONG => Place::LongLength,
            Place::Length if *byte < LONG => value(usize::from(*byte)),
            Place::Length => Place::Name(0),
            Place::LongLength => value(usize::from(LONG) + usize::from(*byte & LONG)),
            Place::Value(left) => {
                if *byte == b'%' {
                    *byte = b'-';
                }
                value(left - 1)
            }
        };
    }
}

fn value(left: usize) -> Place {
    if left == 0 { Place::Name(0) } else { Place::Value(left) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, 4, 0, 0, 0, 1], payload].concat()
    }

    fn fields(authority: &str) -> Vec<u8> {
        let length = authority.len();
        let length = if length < 127 { vec![length] } else { vec![127, length - 127] };
        let length: Vec<u8> = length.into_iter().map(|part| u8::try_from(part).unwrap()).collect();
        [b"@\x05:path\x06/x%2FZ@\x0a:authority", &length[..], authority.as_bytes(), b"\x83@\x02te\x08%railers"].concat()
    }

    #[test]
    fn the_authority_alone_is_rewritten_however_it_comes() {
        let long = "%2Ftmp".repeat(30);
        for path in ["tmp%2Fa.sock", "%", "", "localhost", &long] {
            let (before, after) = (fields(path), fields(&path.replace('%', "-")));
            let data = frame(0, &before);
            let sent = [PREFACE, &frame(4, b""), &data, &frame(1, &before), &data, &frame(9, &before)].concat();
            let wanted = [PREFACE, &frame(4, b""), &data, &frame(1, &after), &data, &frame(9, &after)].concat();
            for size in [1, 7, sent.len()] {
                let (mut read, mut authority) = (sent.clone(), Authority::new());
                read.chunks_mut(size).for_each(|piece| authority.rewrite(piece));
                assert_eq!(read, wanted, "{path} in pieces of {size}");
            }
        }
    }
}
