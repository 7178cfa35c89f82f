//! REST route: a method and a path as the client sent it -> what is asked of which model.
//!
//! TensorFlow Serving matches the whole of what stands in the request line, query and all, in either case:
//! POST `/v1/models/NAME[/versions/N|/labels/L]:(classify|regress|predict)`,
//! GET `/v1/models[/NAME][/versions/N|/labels/L][/metadata]`; a name has neither `/` nor `:`.

use axum::http::Method;

use super::query::decode;
use crate::models::ModelSpec;

const PREFIX: &str = "/v1/";
const MODELS: &str = "/v1/models";
const METADATA: &str = "/metadata";

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Predict,
    Classify,
    Regress,
    Status,
    Metadata,
}

/// Why a path asks nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Malformed,
    NoName,
    /// More digits than a version has; TensorFlow Serving answers without a body.
    UnreadableVersion(String),
}

/// Whether the path is TensorFlow Serving's to answer, be it only with an error.
pub(super) fn is_routed(path: &str) -> bool {
    strip_prefix(path, PREFIX).is_some()
}

/// What a request with a routed path asks.
pub(super) fn read(method: &Method, path: &str) -> Result<(Verb, ModelSpec), Fault> {
    let (verb, name, qualifier) = match *method {
        Method::POST => split_post(path),
        Method::GET => split_get(path),
        _ => None,
    }
    .ok_or(Fault::Malformed)?;
    let (mut version, mut label) = (None, None);
    match qualifier {
        None => {}
        Some(Qualifier::Version(digits)) => {
            version = Some(digits.parse().map_err(|_| Fault::UnreadableVersion(digits.to_owned()))?);
        }
        Some(Qualifier::Label(text)) => label = Some(decode(text, false).into_owned()),
    }
    // What has matched in either case is compared in one.
    let verb = verb.ok_or(Fault::Malformed)?;
    let name = name.ok_or(Fault::NoName)?;
    Ok((verb, ModelSpec { name: decode(name, false).into_owned(), version, label }))
}

#[derive(Clone, Copy)]
enum Qualifier<'a> {
    Version(&'a str),
    Label(&'a str),
}

type Parts<'a> = (Option<Verb>, Option<&'a str>, Option<Qualifier<'a>>);

fn split_post(path: &str) -> Option<Parts<'_>> {
    let (before, verb) = path.rsplit_once(':')?;
    let verb = match verb {
        "predict" => Some(Verb::Predict),
        "classify" => Some(Verb::Classify),
        "regress" => Some(Verb::Regress),
        _ if ["predict", "classify", "regress"].iter().any(|known| known.eq_ignore_ascii_case(verb)) => None,
        _ => return None,
    };
    let named = strip_prefix(before, MODELS)?.strip_prefix('/')?;
    let (name, rest) = split_name(named)?;
    let qualifier = if rest.is_empty() { None } else { Some(read_qualifier(rest)?) };
    Some((verb, Some(name), qualifier))
}

/// A regular expression tries the name first, so that `/v1/models/metadata` asks for a model of that name; only where
/// that leads nowhere it goes without.
fn split_get(path: &str) -> Option<Parts<'_>> {
    let rest = strip_prefix(path, MODELS)?;
    let named = rest.strip_prefix('/').and_then(split_name).and_then(|(name, rest)| {
        let (verb, qualifier) = read_get_rest(rest)?;
        Some((verb, Some(name), qualifier))
    });
    named.or_else(|| {
        let (verb, qualifier) = read_get_rest(rest)?;
        Some((verb, None, qualifier))
    })
}

fn read_get_rest(rest: &str) -> Option<(Option<Verb>, Option<Qualifier<'_>>)> {
    if rest.is_empty() {
        return Some((Some(Verb::Status), None));
    }
    if rest.eq_ignore_ascii_case(METADATA) {
        return Some((Some(verb_of(rest)), None));
    }
    if let Some(qualifier) = read_qualifier(rest) {
        return Some((Some(Verb::Status), Some(qualifier)));
    }
    let (qualifier, last) = rest.split_at_checked(rest.len().checked_sub(METADATA.len())?)?;
    let qualifier = last.eq_ignore_ascii_case(METADATA).then(|| read_qualifier(qualifier)).flatten()?;
    Some((Some(verb_of(last)), Some(qualifier)))
}

fn verb_of(last: &str) -> Verb {
    if last == METADATA { Verb::Metadata } else { Verb::Status }
}

fn read_qualifier(text: &str) -> Option<Qualifier<'_>> {
    if let Some(digits) = strip_prefix(text, "/versions/") {
        let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        return are_digits.then_some(Qualifier::Version(digits));
    }
    let label = strip_prefix(text, "/labels/")?;
    (!label.is_empty() && !label.contains(['/', ':'])).then_some(Qualifier::Label(label))
}

/// A name of at least one character, and what comes behind it.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(['/', ':']).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests;
