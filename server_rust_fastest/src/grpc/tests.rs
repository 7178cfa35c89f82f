//! Calls of all services, with a model of the shared data behind them; skipped where that or LiteRT is not there.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use prost::Message;
use tonic::Status;
use tower::Service as _;

use super::{Health, frame, router, tensor_proto};
use crate::access::AccessLog;
use crate::app::App;
use crate::budget::Budget;
use crate::config::{Command, read_command};
use crate::models::ModelManager;
use crate::protos::tensorflow::serving::model_spec::VersionChoice;
use crate::protos::tensorflow::serving::{
    ClassificationRequest, ExampleList, GetModelMetadataRequest, GetModelMetadataResponse, GetModelStatusRequest,
    GetModelStatusResponse, Input, ModelConfigList, ModelServerConfig, ModelSpec, PredictRequest, PredictResponse,
    ReloadConfigRequest, ReloadConfigResponse, SignatureDefMap, StatusProto, input, model_server_config,
    model_version_status,
};
use crate::protos::tensorflow::{Example, SignatureDef};
use crate::real::{library, or_skip, shared_data};
use crate::settings::LogLevel;
use crate::startup::StartupClock;
use crate::tensor::{DType, Tensor};
use crate::work::Admission;

const MODEL: &str = "tfserving/saved_model_half_plus_two_tflite_with_sigdef";

struct Server {
    app: Arc<App>,
    router: Router,
}

/// What comes back: the status code's number, its text, and the message where there is one.
type Reply = (i32, String, Bytes);

fn serving(flags: &[&str]) -> Option<Server> {
    let (library, base_path) = (library()?, shared_data(MODEL)?);
    let mut arguments =
        vec!["server".to_owned(), "--model_name=m".to_owned(), format!("--model_base_path={}", base_path.display())];
    arguments.extend(flags.iter().map(|&flag| flag.to_owned()));
    let Command::Serve(mut settings) = read_command(&arguments, &|_| None) else { panic!("flags are wrong") };
    settings.runtime.library = Some(library);
    let clock = Arc::new(StartupClock::new());
    let manager = ModelManager::new(settings.models.clone(), settings.runtime.clone(), settings.image.clone());
    manager.start(settings.models.configs.clone(), |_| {}).unwrap();
    let app = Arc::new(App {
        admission: Admission::new(2),
        budget: Budget::new(settings.limits.bytes_at_once),
        access_log: AccessLog::new(LogLevel::Error, true, Arc::clone(&clock)),
        manager,
        clock,
        settings: *settings,
    });
    Some(Server { router: router(Arc::clone(&app), &Health::default(), false), app })
}

impl Drop for Server {
    fn drop(&mut self) {
        self.app.manager.stop();
    }
}

impl Server {
    async fn send(&mut self, method: &str, body: Bytes, timeout: &str) -> Reply {
        let request = Request::post(format!("/tensorflow.serving.{method}"))
            .header("content-type", "application/grpc+proto")
            .header("te", "trailers")
            .header("grpc-timeout", timeout);
        let response = self.router.call(request.body(Body::from(body)).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap();
        let trailers = body.trailers().cloned().unwrap_or_default();
        let status = Status::from_header_map(&head.headers).or_else(|| Status::from_header_map(&trailers)).unwrap();
        let answer = body.to_bytes();
        let message = if answer.is_empty() { answer } else { answer.slice(5..) };
        (status.code().into(), status.message().to_owned(), message)
    }

    async fn call(&mut self, method: &str, request: &impl Message) -> Reply {
        self.send(method, frame::write(request).unwrap(), "60S").await
    }

    async fn answer<A: Message + Default>(&mut self, method: &str, request: &impl Message) -> A {
        let (code, text, message) = self.call(method, request).await;
        assert_eq!(code, 0, "{text}");
        A::decode(message).unwrap()
    }

    async fn refusal(&mut self, method: &str, request: &impl Message) -> (i32, String) {
        let (code, text, message) = self.call(method, request).await;
        assert!(message.is_empty());
        (code, text)
    }
}

fn spec(name: &str, signature_name: &str) -> ModelSpec {
    ModelSpec { name: name.to_owned(), signature_name: signature_name.to_owned(), version_choice: None }
}

fn predict(values: &[f32]) -> PredictRequest {
    let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let tensor = Tensor { dtype: DType::Float32, shape: vec![values.len()], data, strings: Vec::new() };
    PredictRequest {
        model_spec: Some(spec("m", "")),
        inputs: [("x".to_owned(), tensor_proto::encode(tensor, false))].into(),
        ..PredictRequest::default()
    }
}

fn example() -> Input {
    let list = ExampleList { examples: vec![Example::default()] };
    Input { kind: Some(input::Kind::ExampleList(list)) }
}

#[tokio::test]
async fn an_answer_has_typed_fields_and_says_what_has_answered() {
    let mut server = or_skip!(serving(&[]));
    let answer: PredictResponse = server.answer("PredictionService/Predict", &predict(&[1.0, 2.0, 5.0])).await;
    let output = &answer.outputs["y"];
    assert!(output.tensor_content.is_empty());
    let floats: Vec<u8> = [2.5_f32, 3.0, 4.5].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(tensor_proto::decode("y", output).unwrap().data, floats);
    let version_choice = Some(VersionChoice::Version(123));
    let expected = ModelSpec { version_choice, ..spec("m", "serving_default") };
    assert_eq!(answer.model_spec, Some(expected));
}

#[tokio::test]
async fn answers_carry_bytes_where_that_is_asked_for() {
    let mut server = or_skip!(serving(&["--enable_serialization_as_tensor_content=true"]));
    let answer: PredictResponse = server.answer("PredictionService/Predict", &predict(&[1.0])).await;
    assert_eq!(answer.outputs["y"].tensor_content, 2.5_f32.to_le_bytes().as_slice());
}

#[tokio::test]
async fn what_is_wrong_with_a_prediction_is_told() {
    let mut server = or_skip!(serving(&[]));
    let nobody = PredictRequest { model_spec: Some(spec("nobody", "")), ..predict(&[1.0]) };
    let nameless = PredictRequest { model_spec: Some(spec("", "")), ..predict(&[1.0]) };
    let no_spec = PredictRequest { model_spec: None, ..predict(&[1.0]) };
    let unsigned = PredictRequest { model_spec: Some(spec("m", "s")), ..predict(&[1.0]) };
    let filtered = PredictRequest { output_filter: vec!["z".to_owned()], ..predict(&[1.0]) };
    let mut broken = predict(&[1.0]);
    broken.inputs.get_mut("x").unwrap().tensor_content = Bytes::from_static(b"123");
    for (request, code, text) in [
        (nobody, 5, "Servable not found for request: Latest(nobody)"),
        (nameless, 3, "ModelSpec has no name specified."),
        (no_spec, 3, "Missing ModelSpec"),
        (unsigned, 9, "Serving signature key \"s\" not found."),
        (filtered, 3, "output tensor alias not found in signature: z Outputs expected to be in the set {y}."),
        (broken, 3, "tensor parsing error: x: tensor_content has 3 bytes, but float32 of the shape [1] has 4"),
    ] {
        assert_eq!(server.refusal("PredictionService/Predict", &request).await, (code, text.to_owned()));
    }
}

#[tokio::test]
async fn metadata_has_the_signatures() {
    let mut server = or_skip!(serving(&[]));
    let method = "PredictionService/GetModelMetadata";
    let request =
        GetModelMetadataRequest { model_spec: Some(spec("m", "")), metadata_field: vec!["signature_def".to_owned()] };
    let answer: GetModelMetadataResponse = server.answer(method, &request).await;
    let packed = &answer.metadata["signature_def"];
    assert_eq!(packed.type_url, "type.googleapis.com/tensorflow.serving.SignatureDefMap");
    let map = SignatureDefMap::decode(&*packed.value).unwrap();
    let def: &SignatureDef = &map.signature_def["serving_default"];
    assert_eq!(def.method_name, "tensorflow/serving/predict");
    for (fields, text) in [
        (&[][..], "GetModelMetadataRequest must specify at least one metadata_field"),
        (&["signature_def", "assets"], "Metadata field assets is not supported"),
    ] {
        let metadata_field = fields.iter().map(|&field| field.to_owned()).collect();
        let request = GetModelMetadataRequest { model_spec: Some(spec("nobody", "")), metadata_field };
        assert_eq!(server.refusal(method, &request).await, (3, text.to_owned()));
    }
}

#[tokio::test]
async fn a_status_tells_of_every_version() {
    let mut server = or_skip!(serving(&[]));
    let _: PredictResponse = server.answer("PredictionService/Predict", &predict(&[1.0])).await;
    let request = GetModelStatusRequest { model_spec: Some(spec("m", "")) };
    let answer: GetModelStatusResponse = server.answer("ModelService/GetModelStatus", &request).await;
    let [known] = &answer.model_version_status[..] else { panic!("{answer:?}") };
    assert_eq!((known.version, known.state), (123, model_version_status::State::Available.into()));
    assert_eq!(known.status, Some(StatusProto::default()));
    let nobody = GetModelStatusRequest { model_spec: Some(spec("nobody", "")) };
    let refused = server.refusal("ModelService/GetModelStatus", &nobody).await;
    assert_eq!(refused, (5, "Could not find any versions of model nobody".to_owned()));
}

#[tokio::test]
async fn a_reload_replaces_all_models() {
    let mut server = or_skip!(serving(&[]));
    let method = "ModelService/HandleReloadConfigRequest";
    let refused = server.refusal(method, &ReloadConfigRequest::default()).await;
    assert_eq!(refused.0, 3);
    assert!(refused.1.starts_with("ServerModelConfig type not supported by HandleReloadConfigRequest."));
    let nothing = Some(model_server_config::Config::ModelConfigList(ModelConfigList::default()));
    let request =
        ReloadConfigRequest { config: Some(ModelServerConfig { config: nothing }), ..ReloadConfigRequest::default() };
    let answer: ReloadConfigResponse = server.answer(method, &request).await;
    assert_eq!(answer.status, Some(StatusProto::default()));
    assert_eq!(server.refusal("PredictionService/Predict", &predict(&[1.0])).await.0, 5);
}

#[tokio::test]
async fn who_sends_examples_is_told_what_is_wrong_and_who_takes_them() {
    let mut server = or_skip!(serving(&[]));
    let classify =
        |name, signature| ClassificationRequest { model_spec: Some(spec(name, signature)), input: Some(example()) };
    for (request, code, text) in [
        (classify("nobody", ""), 5, "Servable not found for request: Latest(nobody)"),
        (classify("m", "s"), 3, "No signature was found with the name: s"),
        (classify("m", ""), 3, "No classification inputs found in SignatureDef: "),
    ] {
        let refused = server.refusal("PredictionService/Classify", &request).await;
        assert!(refused.0 == code && refused.1.starts_with(text), "{refused:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_are_the_clients_fault() {
    let mut server = or_skip!(serving(&[]));
    for octets in [&b"\0\0\0\0\x03\xff\xff\xff"[..], b"\0\0\0\0\x05\x0a\x03\x0a\x01\xff"] {
        let reply = server.send("PredictionService/Predict", Bytes::copy_from_slice(octets), "60S").await;
        assert_eq!((reply.0, &*reply.1), (3, "the message is no serialized tensorflow.serving.PredictRequest"));
    }
}

#[tokio::test]
async fn a_call_that_is_late_already_is_not_begun() {
    let mut server = or_skip!(serving(&[]));
    let body = frame::write(&predict(&[1.0])).unwrap();
    assert_eq!(server.send("PredictionService/Predict", body, "0n").await.0, 4);
}

#[tokio::test]
async fn a_call_that_is_one_too_many_is_turned_away_while_status_is_told() {
    let mut server = or_skip!(serving(&[]));
    let _: PredictResponse = server.answer("PredictionService/Predict", &predict(&[1.0])).await;
    let place = || server.app.admission.admit().unwrap();
    let places = (place(), place());
    assert_eq!(server.refusal("PredictionService/Predict", &predict(&[1.0])).await.0, 8);
    let request = GetModelStatusRequest { model_spec: Some(spec("m", "")) };
    let _: GetModelStatusResponse = server.answer("ModelService/GetModelStatus", &request).await;
    drop(places);
    let _: PredictResponse = server.answer("PredictionService/Predict", &predict(&[1.0])).await;
}

#[tokio::test]
async fn what_is_counted_of_calls() {
    let mut server = or_skip!(serving(&[]));
    let _: PredictResponse = server.answer("PredictionService/Predict", &predict(&[1.0])).await;
    let nobody = ClassificationRequest { model_spec: Some(spec("nobody", "")), input: Some(example()) };
    server.refusal("PredictionService/Classify", &nobody).await;
    let figures = server.app.access_log.exposition();
    for line in [
        ":tensorflow:serving:request_count{model_name=\"m\",status=\"OK\"} 1",
        ":tensorflow:serving:request_count{model_name=\"nobody\",status=\"NOT_FOUND\"} 1",
    ] {
        assert!(figures.contains(line), "{figures}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_unimplemented() {
    let mut server = or_skip!(serving(&[]));
    assert_eq!(server.send("PredictionService/PredictStreamed", Bytes::new(), "60S").await.0, 12);
}

#[tokio::test]
async fn another_protocol_is_no_media_type_of_this_port() {
    let mut server = or_skip!(serving(&[]));
    let request = Request::get("/v1/models/m").body(Body::empty()).unwrap();
    let response = server.router.call(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
