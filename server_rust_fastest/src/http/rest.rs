//! REST: a request under `/v1/` -> what it asks -> its answer, with TensorFlow Serving's status, texts and headers.
//!
//! Checks come in its order, for clients tell by it what is wrong: a body that is no JSON before a model that is not
//! there, and that before a body without inputs.

use std::time::Instant;

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, ORIGIN,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use super::body::{Limit, inflate};
use super::rest_route::{Fault, Verb, read};
use super::{Head, Http, answer};
use crate::access::Access;
use crate::arrival::Arrival;
use crate::budget::Hold;
use crate::error::{Error, Result};
use crate::grpc::examples;
use crate::inference;
use crate::json::{PredictRequest, error_answer, predict_answer};
use crate::metadata::metadata_json;
use crate::models::{Handle, ModelSpec, ServedModel, State, VersionStatus};
use crate::work::{self, Place};

/// A document that is longer takes longer to parse than to hand to another thread.
const SHORT_BYTES: usize = 16 * 1024;

/// The answer to a request with a routed path.
pub(super) async fn respond(http: &Http, head: &Head, path: &str, body: &mut Arrival, access: &mut Access) -> Response {
    let mut response = if head.method == Method::OPTIONS {
        preflight(head)
    } else {
        match ask(http, head, path, body, access).await {
            Ok(answer) => answer::with(StatusCode::OK, answer::JSON, answer),
            Err(refusal) => refuse(refusal, access),
        }
    };
    if http.settings.cors {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, GET"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type"));
    }
    response
}

/// What a browser asks before a request from another origin; whether that is allowed, it reads in the headers.
fn preflight(head: &Head) -> Response {
    let origin = head.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    let is_web = origin.contains("http://") || origin.contains("https://");
    answer::with(if is_web { StatusCode::OK } else { StatusCode::BAD_REQUEST }, answer::JSON, "")
}

/// An error, and whether the answer says it.
struct Refusal {
    error: Error,
    is_silent: bool,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, is_silent: false }
    }
}

fn refuse(refusal: Refusal, access: &mut Access) -> Response {
    let Refusal { error, is_silent } = refusal;
    let status = StatusCode::from_u16(error.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = if is_silent { String::new() } else { error_answer(&error.text) };
    access.error = Some(error);
    answer::with(status, answer::JSON, body)
}

async fn ask(
    http: &Http,
    head: &Head,
    path: &str,
    body: &mut Arrival,
    access: &mut Access,
) -> std::result::Result<Vec<u8>, Refusal> {
    let method = &head.method;
    if [Method::TRACE, Method::CONNECT].contains(method) {
        return Err(Error::unimplemented(format!("{method} is not implemented")).into());
    }
    let (verb, spec) = read(method, path).map_err(|fault| explain(fault, method, path))?;
    let (body, hold) = read_body(http, head, body).await?;
    let api = match verb {
        Verb::Status => return Ok(status(http, &spec, access)?),
        Verb::Metadata => return Ok(metadata(http, &spec, access).await?),
        Verb::Predict => "Predict",
        Verb::Classify => "Classify",
        Verb::Regress => "Regress",
    };
    access.asks(api, &spec.name);
    let (request, hold) = parse(body, hold).await?;
    let model = http.app.manager.handle(&spec, http.deadline()).await?;
    let place = http.app.admission.admit()?;
    access.found(&model);
    if verb == Verb::Predict {
        return Ok(predict(http, model, request, access, (place, hold)).await?);
    }
    let checks_method = http.app.settings.check_method_names;
    Ok(examples::refuse(&model, request.signature_name(), verb == Verb::Classify, checks_method)
        .map(|()| Vec::new())?)
}

/// A request whose JSON is right.
async fn parse(body: Bytes, mut hold: Hold) -> Result<(PredictRequest, Hold)> {
    if body.len() <= SHORT_BYTES {
        return Ok((PredictRequest::parse(body)?, hold));
    }
    work::run(None, move || {
        let mut charge = |bytes| hold.grow(bytes).map_err(|_| hold.full());
        Ok((PredictRequest::parse_within(body, &mut charge)?, hold))
    })
    .await
}

fn explain(fault: Fault, method: &Method, path: &str) -> Refusal {
    match fault {
        Fault::Malformed => Error::invalid_argument(format!("Malformed request: {method} {path}")).into(),
        Fault::NoName => Error::invalid_argument("Missing model name in request.").into(),
        Fault::UnreadableVersion(version) => {
            let error = Error::invalid_argument(format!("Failed to convert version: {version} to numeric."));
            Refusal { error, is_silent: true }
        }
    }
}

/// The whole body; nothing where it is compressed by gzip and damaged.
async fn read_body(http: &Http, head: &Head, body: &mut Arrival) -> Result<(Bytes, Hold)> {
    let limit = Limit { bytes: http.settings.rest_limit_bytes, flag: "--max_rest_body_bytes" };
    let read = http.read(body, limit).await?;
    let mut hold = body.take_hold();
    let encoding = head.headers.get(CONTENT_ENCODING).map_or(&b""[..], |encoding| encoding.as_bytes());
    if encoding.to_ascii_lowercase().windows(4).any(|word| word == b"gzip") {
        return work::run(None, move || Ok((inflate(&read, limit, &mut hold)?, hold))).await;
    }
    Ok((read, hold))
}

/// Tensors, by row or by column, through a signature.
async fn predict(
    http: &Http,
    model: Handle,
    request: PredictRequest,
    access: &mut Access,
    place: (Place, Hold),
) -> Result<Vec<u8>> {
    let (deadline, checks_method) = (http.deadline(), http.app.settings.check_method_names);
    let (answer, inference_ms) = work::run(deadline, move || {
        let _place = place;
        let mut inference_ms = None;
        let answer = run(&model, &request, deadline, checks_method, &mut inference_ms);
        Ok((answer, inference_ms))
    })
    .await?;
    access.inference_ms = inference_ms;
    answer
}

fn run(
    model: &ServedModel,
    request: &PredictRequest,
    deadline: Option<Instant>,
    checks_method: bool,
    inference_ms: &mut Option<f64>,
) -> Result<Vec<u8>> {
    let name = inference::resolve(request.signature_name().unwrap_or_default());
    let signature = model.servable.signatures().get(name).ok_or_else(|| {
        let unknown = || format!("Serving signature name: \"{name}\" not found in signature def");
        model.servable.refusal(name).cloned().unwrap_or_else(|| Error::invalid_argument(unknown()))
    })?;
    let (inputs, layout) = request.inputs(signature)?;
    let began = Instant::now();
    let outputs = inference::predict(model, name, inputs, &[], deadline, checks_method)?;
    *inference_ms = Some(began.elapsed().as_secs_f64() * 1e3);
    predict_answer(&outputs, layout)
}

/// The states of a model's versions; a label does not choose among them.
fn status(http: &Http, spec: &ModelSpec, access: &mut Access) -> Result<Vec<u8>> {
    spec.name.clone_into(&mut access.model);
    let statuses = http.app.manager.statuses(&spec.name, spec.version)?;
    let described: Vec<String> = statuses.iter().map(describe).collect();
    Ok(format!("{{\n \"model_version_status\": [\n{}\n ]\n}}\n", described.join(",\n")).into_bytes())
}

/// As protobuf's JSON printer lays it out.
fn describe(status: &VersionStatus) -> String {
    let state = match status.state {
        State::Start => "START",
        State::Loading => "LOADING",
        State::Available => "AVAILABLE",
        State::Unloading => "UNLOADING",
        State::End => "END",
    };
    let (code, message) = status.error.as_ref().map_or(("OK", ""), |error| (error.code.name(), error.text.as_str()));
    format!(
        "  {{\n   \"version\": \"{}\",\n   \"state\": \"{state}\",\n   \"status\": {{\n    \"error_code\": \"{code}\",\n    \
         \"error_message\": {}\n   }}\n  }}",
        status.version,
        serde_json::Value::from(message)
    )
}

/// A model's signatures.
async fn metadata(http: &Http, spec: &ModelSpec, access: &mut Access) -> Result<Vec<u8>> {
    let model = http.app.manager.handle(spec, http.deadline()).await?;
    access.found(&model);
    Ok(metadata_json(&model).into_bytes())
}

impl Http {
    fn deadline(&self) -> Option<Instant> {
        self.settings.timeout.map(|timeout| Instant::now() + timeout)
    }
}
