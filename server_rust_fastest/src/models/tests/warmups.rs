//! Which records run before a version is available, how often, and what fails its load; with LiteRT's own library,
//! skipped where that, or the shared data, is not there.

use prost::Message as _;

use super::super::ServedModel;
use super::super::loader::Loader;
use super::super::probe::Probe;
use super::super::tfrecord::write_record;
use super::super::warmup::{warm_up, warmup_file};
use super::*;
use crate::protos::tensorflow::serving::prediction_log::LogType;
use crate::protos::tensorflow::serving::{
    ClassificationRequest, ClassifyLog, ModelSpec as ModelSpecMessage, PredictLog, PredictRequest, PredictionLog,
    SessionRunLog,
};
use crate::real::{library, or_skip, shared_data};
use crate::settings::{ImageOptions, RuntimeOptions};
use crate::tensor::{DType, Tensor};

const MODEL: &str = "tfserving/saved_model_half_plus_two_tflite/00000123/model.tflite";

/// A version folder, and what loads it.
pub(super) struct Real {
    pub(super) folder: TempDir,
    pub(super) loader: Loader,
}

impl Real {
    pub(super) fn new() -> Option<Self> {
        let (library, file) = (library()?, shared_data(MODEL)?);
        let folder = tempfile::tempdir().unwrap();
        fs::copy(file, folder.path().join("model.tflite")).unwrap();
        let runtime = RuntimeOptions { instances: 1, threads: 1, library: Some(library) };
        let image = ImageOptions {
            max_pixels: 1_000_000,
            memory: Arc::new(crate::image::ImageMemory::new(1 << 30)),
            labels: None,
            scores_output: String::new(),
            size: 224,
            mean: None,
            std: None,
        };
        let loader = Loader { runtime, image, probe: Probe::default(), warmup_iterations: Some(2), metrics: None };
        Some(Self { folder, loader })
    }

    pub(super) fn load(&self) -> Result<ServedModel> {
        let path = self.folder.path().to_owned();
        self.loader.load(&Version { name: "m".to_owned(), number: 1, path }, false)
    }

    fn write(&self, content: &[u8]) {
        let file = warmup_file(self.folder.path());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    fn write_logs(&self, logs: impl IntoIterator<Item = PredictionLog>) {
        let mut content = Vec::new();
        logs.into_iter().for_each(|log| write_record(&mut content, &log.encode_to_vec()));
        self.write(&content);
    }

    /// Why the load fails; FILE stands for the warmup file.
    fn fault(&self) -> String {
        let status = self.load().err().unwrap().status();
        status.replace(warmup_file(self.folder.path()).to_str().unwrap(), "FILE")
    }
}

fn log(log_type: LogType) -> PredictionLog {
    PredictionLog { log_type: Some(log_type), ..PredictionLog::default() }
}

fn spec(signature_name: &str) -> ModelSpecMessage {
    let (name, signature_name) = ("another".to_owned(), signature_name.to_owned());
    ModelSpecMessage { name, signature_name, ..ModelSpecMessage::default() }
}

/// Asks for half of 1, plus 2.
fn predict(real: &Real, signature_name: &str) -> PredictionLog {
    let model = real.load().unwrap();
    let input = model.servable.signatures()["serving_default"].inputs[0].name.clone();
    let data = 1_f32.to_le_bytes().to_vec().into();
    let tensor = Tensor { dtype: DType::Float32, shape: vec![1], data, strings: Vec::new() };
    let inputs = [(input, crate::grpc::tensor_proto::encode(tensor, false))].into();
    let request = PredictRequest { model_spec: Some(spec(signature_name)), inputs, ..PredictRequest::default() };
    log(LogType::PredictLog(PredictLog { request: Some(request), response: None }))
}

#[test]
fn a_version_loads_and_says_that_it_takes_no_picture() {
    let real = or_skip!(Real::new());
    let model = real.load().unwrap();
    assert_eq!((model.name.as_str(), model.version), ("m", 1));
    assert_eq!(model.classifier.err().unwrap().code, crate::error::Code::Unimplemented);
}

#[test]
fn no_file_is_no_warmup() {
    let real = or_skip!(Real::new());
    let model = real.load().unwrap();
    assert!(warm_up(&model, &warmup_file(real.folder.path()), 1).unwrap().is_none());
}

#[test]
fn records_run_and_are_told_of() {
    let real = or_skip!(Real::new());
    let model = real.load().unwrap();
    real.write_logs([predict(&real, ""), PredictionLog::default()]);
    let file = warmup_file(real.folder.path());
    let text = warm_up(&model, &file, 3).unwrap().unwrap().to_string();
    let begin = format!(
        "Finished reading warmup data for model at {}. Number of warmup records read: 2. Elapsed time (microseconds): ",
        file.display()
    );
    assert!(text.starts_with(&begin) && text.ends_with(" ms."), "{text}");
    assert!(real.load().is_ok());
}

#[test]
fn a_record_that_fails_fails_the_load() {
    let real = or_skip!(Real::new());
    real.write_logs([predict(&real, ""), predict(&real, "third")]);
    assert_eq!(
        real.fault(),
        "FAILED_PRECONDITION: warmup record 2 of FILE: Serving signature key \"third\" not found."
    );
}

#[test]
fn a_record_of_a_kind_that_this_server_cannot_do_fails_the_load() {
    let real = or_skip!(Real::new());
    real.write_logs([log(LogType::SessionRunLog(SessionRunLog::default()))]);
    assert_eq!(real.fault(), "UNIMPLEMENTED: warmup record 1 of FILE: Unsupported log_type for warmup: 5");
    let request = ClassificationRequest { model_spec: Some(spec("third")), input: None };
    real.write_logs([log(LogType::ClassifyLog(ClassifyLog { request: Some(request), response: None }))]);
    assert_eq!(real.fault(), "INVALID_ARGUMENT: warmup record 1 of FILE: No signature was found with the name: third");
}

#[test]
fn what_is_no_record_fails_the_load() {
    let real = or_skip!(Real::new());
    let mut content = Vec::new();
    write_record(&mut content, b"\xff");
    real.write(&content);
    assert_eq!(real.fault(), "INVALID_ARGUMENT: Failed to parse warmup record: 1 from FILE");
    real.write(b"no TFRecord file at all");
    assert_eq!(real.fault(), "DATA_LOSS: corrupted record at 0. Please verify your warmup data is in TFRecord format.");
}

#[test]
fn a_thousand_records_run_and_one_more_fails_the_load() {
    let real = or_skip!(Real::new());
    real.write_logs(vec![PredictionLog::default(); 1000]);
    assert!(real.load().is_ok());
    real.write_logs(vec![PredictionLog::default(); 1001]);
    assert_eq!(real.fault(), "INVALID_ARGUMENT: Number of warmup records exceeds the maximum (1000) at FILE");
}
