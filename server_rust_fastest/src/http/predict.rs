//! `POST /predict`: a picture, raw or in a form, -> its best classes as JSON.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use axum::http::header::HeaderName;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use super::body::Limit;
use super::{Head, Http, answer, form, query};
use crate::access::Access;
use crate::arrival::Arrival;
use crate::error::{Error, Result};
use crate::image::{Asked, answer_json};
use crate::models::{ModelManager, ModelSpec};
use crate::serve::Afterwards;
use crate::startup::Phase;
use crate::work;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

pub(super) async fn predict(http: &Http, head: &Head, body: &mut Arrival, access: &mut Access) -> Result<Response> {
    let app = &http.app;
    let asked = |name| query::value(head.uri.query(), name);
    let names = app.manager.names();
    let name = match (asked("model").filter(|name| !name.is_empty()), names.as_slice()) {
        (Some(name), _) => name.into_owned(),
        (None, [only]) => only.clone(),
        (None, _) => app.settings.models.default_model.clone(),
    };
    access.asks("Image", &name);
    let deadline = http.settings.timeout.map(|timeout| Instant::now() + timeout);
    let picture = read_picture(http, head, body).await?;
    let hold = body.take_hold();
    let read = Instant::now();
    let spec = read_spec(&app.manager, &names, name, asked("version").as_deref(), asked("label").as_deref())?;
    let model = app.manager.handle(&spec, deadline).await?;
    // A place is for who can be answered: not for who still waits for a model.
    let place = (app.admission.admit()?, hold);
    access.found(&model);
    let [top_k, scores_output] = ["top_k", "scores_output"].map(|name| asked(name).map(Cow::into_owned));
    let clock = Arc::clone(&app.clock);
    let (answer, timing, prediction) = work::run(deadline, move || {
        let _place = place;
        let classifier = model.classifier.as_ref().map_err(Clone::clone)?;
        let asked = Asked { top_k: top_k.as_deref(), scores_output: scores_output.as_deref(), deadline };
        let prediction = classifier.predict(&model.servable, &picture, &asked)?;
        let timing = clock.server_timing(prediction.decode_ms, prediction.inference_ms, read);
        Ok((answer_json(&model.name, model.version, &prediction.classes), timing, prediction))
    })
    .await?;
    access.decode_ms = Some(prediction.decode_ms);
    access.inference_ms = Some(prediction.inference_ms);
    if let Some(afterwards) = head.extensions.get::<Afterwards>() {
        let clock = Arc::clone(&app.clock);
        afterwards.add(move || clock.mark(Phase::Answered));
    }
    let mut response = answer::with(StatusCode::OK, answer::JSON, answer);
    if let Ok(timing) = HeaderValue::try_from(timing) {
        response.headers_mut().insert(SERVER_TIMING, timing);
    }
    Ok(response)
}

/// The picture that a request brings: its body, or the only file of a form.
async fn read_picture(http: &Http, head: &Head, body: &mut Arrival) -> Result<Bytes> {
    let limit = Limit { bytes: http.settings.limit_bytes, flag: "--max_body_bytes" };
    let picture = http.read(body, limit).await?;
    match form::content_type(&head.headers) {
        Some(content_type) => form::only_file(content_type, &picture),
        None => Ok(picture),
    }
}

/// What the query asks for, of the model of this name; empty is none.
///
/// # Errors
/// Not found for a model that is not configured, a version that is no number, or an unknown label; invalid argument
/// where several models are served and none is named, or both a version and a label are given.
fn read_spec(
    manager: &ModelManager,
    names: &[String],
    name: String,
    version: Option<&str>,
    label: Option<&str>,
) -> Result<ModelSpec> {
    if names.is_empty() {
        return Err(Error::not_found("this server has no models"));
    }
    if name.is_empty() {
        let text = format!("this server has several models: name one by ?model=, of {}", names.join(", "));
        return Err(Error::invalid_argument(text));
    }
    if !names.contains(&name) {
        let known = names.join(", ");
        return Err(Error::not_found(format!("no model \"{name}\": this server has {known}")));
    }
    if version.is_some() && label.is_some() {
        return Err(Error::invalid_argument("version and label exclude each other: send one of them"));
    }
    let version = version.map(|version| read_version(&name, version)).transpose()?;
    if let Some(label) = label
        && manager.version_of_label(&name, label).is_err()
    {
        return Err(Error::not_found(format!("no label \"{label}\" of model \"{name}\"")));
    }
    Ok(ModelSpec { name, version, label: label.map(str::to_owned) })
}

fn read_version(name: &str, version: &str) -> Result<i64> {
    if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) {
        let text = format!("no version \"{version}\" of model \"{name}\": versions are numbers");
        return Err(Error::not_found(text));
    }
    version.parse().map_err(|_| {
        let digits = version.trim_start_matches('0');
        Error::not_found(format!("Servable not found for request: Specific({name}, {digits})"))
    })
}
