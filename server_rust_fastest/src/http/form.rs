//! Form: a body of several parts -> its only file.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;

use crate::error::{Error, Result};
use crate::image::FORMATS;

const FORM: &str = "multipart/form-data";

/// The content type where it is a form's.
pub(super) fn content_type(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = text.split_once(';').map_or(text, |(media_type, _)| media_type);
    media_type.trim().eq_ignore_ascii_case(FORM).then_some(text)
}

/// The only file of a form; fields without a file name are none.
///
/// # Errors
/// Invalid argument for a form without exactly one, and for one that cannot be read.
pub(super) async fn only_file(content_type: &str, body: Bytes) -> Result<Bytes> {
    let damaged = |error: multer::Error| {
        Error::invalid_argument(format!("the form cannot be read: {error}; send one file, a picture ({FORMATS})"))
    };
    let boundary = multer::parse_boundary(content_type).map_err(damaged)?;
    let mut form = Multipart::new(BodyDataStream::new(Full::new(body)), boundary);
    let (mut only, mut count) = (Bytes::new(), 0);
    while let Some(part) = form.next_field().await.map_err(damaged)? {
        if part.file_name().is_some() {
            only = part.bytes().await.map_err(damaged)?;
            count += 1;
        }
    }
    if count != 1 {
        let text = format!("the form holds {count} files: send one, a picture ({FORMATS})");
        return Err(Error::invalid_argument(text));
    }
    Ok(only)
}
