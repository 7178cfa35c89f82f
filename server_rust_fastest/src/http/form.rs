//! Form: a body of several parts -> its only file.
//!
//! Format: RFC 7578, and RFC 2046, section 5.1.1. Lines end with CRLF, or with LF where the first one does.

use std::ops::Range;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::image::FORMATS;

const FORM: &str = "multipart/form-data";

/// The content type where it is a form's.
pub(super) fn content_type(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = text.split_once(';').map_or(text, |(media_type, _)| media_type);
    media_type.trim().eq_ignore_ascii_case(FORM).then_some(text)
}

/// The only file of a form; parts without a file name are none.
///
/// # Errors
/// Invalid argument for a form without exactly one, and for one that cannot be read.
pub(super) fn only_file(content_type: &str, body: &Bytes) -> Result<Bytes> {
    let boundary = parameters(content_type).find(|(name, _)| name == "boundary").map(|(_, value)| value);
    let Some(boundary) = boundary.filter(|boundary| !boundary.is_empty()) else {
        return Err(damaged("its content type names no boundary"));
    };
    let mut form = Form::begin(body, format!("--{boundary}").as_bytes())?;
    let (mut only, mut count) = (0..0, 0);
    while let Some(part) = form.next_part()? {
        if is_file(&body[part.head]) {
            only = part.content;
            count += 1;
        }
    }
    if count == 1 {
        return Ok(body.slice(only));
    }
    Err(Error::invalid_argument(format!("the form holds {count} files: send one, a picture ({FORMATS})")))
}

fn damaged(reason: &str) -> Error {
    Error::invalid_argument(format!("the form cannot be read: {reason}; send one file, a picture ({FORMATS})"))
}

/// Where the header lines and the content of a part are.
struct Part {
    head: Range<usize>,
    content: Range<usize>,
}

/// A form, read up to `place`, which is right behind a delimiter.
struct Form<'a> {
    body: &'a [u8],
    end_of_line: &'static [u8],
    /// With the end of the line before it.
    delimiter: Vec<u8>,
    place: usize,
}

impl<'a> Form<'a> {
    fn begin(body: &'a [u8], delimiter: &[u8]) -> Result<Self> {
        let first = if body.starts_with(delimiter) {
            Some(0)
        } else {
            find(body, &[b"\n", delimiter].concat(), 0).map(|place| place + 1)
        };
        let place = first.ok_or_else(|| damaged("it does not begin with its boundary"))? + delimiter.len();
        let line = find(body, b"\n", place).map_or(&body[place..], |end| &body[place..end]);
        let end_of_line: &[u8] = if line.ends_with(b"\r") { b"\r\n" } else { b"\n" };
        Ok(Self { body, end_of_line, delimiter: [end_of_line, delimiter].concat(), place })
    }

    fn next_part(&mut self) -> Result<Option<Part>> {
        if self.body[self.place..].starts_with(b"--") {
            return Ok(None);
        }
        let head_start =
            self.end_of_blank_line(self.place).ok_or_else(|| damaged("something stands behind its boundary"))?;
        let end = self.find_delimiter(head_start).ok_or_else(|| damaged("it is cut off"))?;
        let blank = self.end_of_line.repeat(2);
        let head_end = find(&self.body[..end + self.end_of_line.len()], &blank, head_start)
            .ok_or_else(|| damaged("a part has no empty line behind its headers"))?;
        self.place = end + self.delimiter.len();
        let content_start = (head_end + blank.len()).min(end);
        Ok(Some(Part { head: head_start..head_end, content: content_start..end }))
    }

    /// Where the line ends that the next delimiter follows; a longer word that begins as it does is none.
    fn find_delimiter(&self, start: usize) -> Option<usize> {
        let mut place = find(self.body, &self.delimiter, start)?;
        loop {
            let behind = place + self.delimiter.len();
            if self.body[behind..].starts_with(b"--") || self.end_of_blank_line(behind).is_some() {
                return Some(place);
            }
            place = find(self.body, &self.delimiter, behind)?;
        }
    }

    /// Where the line ends, if nothing but blanks stands before that.
    fn end_of_blank_line(&self, start: usize) -> Option<usize> {
        let end = find(self.body, self.end_of_line, start)?;
        self.body[start..end].iter().all(|octet| matches!(octet, b' ' | b'\t')).then_some(end)
    }
}

fn find(bytes: &[u8], wanted: &[u8], start: usize) -> Option<usize> {
    memchr::memmem::find(bytes.get(start..)?, wanted).map(|place| start + place)
}

fn is_file(head: &[u8]) -> bool {
    let mut lines = head.split(|&octet| octet == b'\n').filter_map(|line| {
        let colon = line.iter().position(|&octet| octet == b':')?;
        Some((line[..colon].trim_ascii(), &line[colon + 1..]))
    });
    let value = lines.find(|(name, _)| name.eq_ignore_ascii_case(b"content-disposition")).map(|(_, value)| value);
    let value: String = value.unwrap_or_default().iter().copied().map(char::from).collect();
    // `filename*` has it in another encoding (RFC 8187); `filename*0` is a piece of it (RFC 2231).
    parameters(&value).any(|(name, _)| name == "filename" || name.starts_with("filename*"))
}

/// The names, in small letters, and values of what follows a header's value with semicolons between.
fn parameters(header: &str) -> impl Iterator<Item = (String, String)> {
    pieces(header).into_iter().skip(1).filter_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
    })
}

/// The text between semicolons that no quotes hold.
fn pieces(header: &str) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    header
        .split(|letter| {
            let ends = letter == ';' && !is_quoted && !is_escaped;
            if !is_escaped && letter == '"' {
                is_quoted = !is_quoted;
            }
            is_escaped = !is_escaped && letter == '\\' && is_quoted;
            ends
        })
        .collect()
}

fn unquoted(value: &str) -> String {
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    }
}
