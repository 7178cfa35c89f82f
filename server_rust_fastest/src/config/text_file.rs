//! Text file: a file in protobuf's text format -> a message.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use miette::Diagnostic as _;
use prost_reflect::text_format::ParseError;
use prost_reflect::{DescriptorPool, DynamicMessage};

use crate::error::{Error, Result};
use crate::log;
use crate::protos::DESCRIPTORS;

/// Reads a message by its full name, such as `tensorflow.serving.ModelServerConfig`.
///
/// # Errors
/// Not found or failed precondition for a file that cannot be read. For one that says something else than such a message,
/// invalid argument with TensorFlow Serving's text; where the fault is stands on stderr, as there.
pub fn read_text_file<M: prost::Message + Default>(path: &Path, name: &str) -> Result<M> {
    let content = fs::read(path).map_err(|error| {
        let text = error.to_string();
        let reason = text.split_once(" (os error").map_or(text.as_str(), |(reason, _)| reason);
        let text = format!("{}; {reason}", path.display());
        if error.kind() == ErrorKind::NotFound { Error::not_found(text) } else { Error::failed_precondition(text) }
    })?;
    parse(&content, name).map_err(|fault| {
        log::say(format!("Error parsing text-format {name}: {fault}\n"));
        Error::invalid_argument(format!("Invalid protobuf file: '{}'", path.display()))
    })
}

/// The message that a text describes.
///
/// # Errors
/// The fault behind its place, `line:column: `, both from 1; a column is a byte, as in protobuf's C++ library.
pub fn parse<M: prost::Message + Default>(content: &[u8], name: &str) -> std::result::Result<M, String> {
    let at = |offset: usize, fault: &str| {
        let before = content.get(..offset).unwrap_or(content);
        let line = before.split(|&byte| byte == b'\n');
        let column = line.clone().next_back().map_or(0, <[u8]>::len) + 1;
        format!("{}:{column}: {fault}", line.count())
    };
    let text = std::str::from_utf8(content).map_err(|error| at(error.valid_up_to(), "the text is not UTF-8"))?;
    let descriptor = DescriptorPool::decode(DESCRIPTORS)
        .ok()
        .and_then(|pool| pool.get_message_by_name(name))
        .ok_or_else(|| at(0, "there is no such message"))?;
    let message = DynamicMessage::parse_text_format(descriptor, text)
        .map_err(|error| at(offset_of(&error).unwrap_or(text.len()), &error.to_string().replace('\n', " ")))?;
    message.transcode_to().map_err(|error| at(0, &error.to_string()))
}

/// Where in the text; None for its end.
fn offset_of(error: &ParseError) -> Option<usize> {
    error.labels()?.next().map(|label| label.offset())
}
