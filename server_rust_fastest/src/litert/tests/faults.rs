//! Files that are no models, and requests that do not fit.

use std::fs;

use super::{DEFAULT, HALF_PLUS_TWO, floats, folder_of, folder_with, half_plus_two, options, zeros};
use crate::error::Code;
use crate::litert::Servable;
use crate::real::{or_skip, shared_data};
use crate::settings::RuntimeOptions;
use crate::tensor::{DType, Tensor};

fn refused(folder: &std::path::Path, options: &RuntimeOptions) -> String {
    let error = Servable::load(folder, options).err().expect("refused");
    assert_eq!(error.code, Code::Unavailable);
    error.text
}

#[test]
fn a_folder_without_a_model_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = refused(folder.path(), &RuntimeOptions { instances: 1, threads: 1, library: None });
    assert_eq!(
        text,
        format!("no model.tflite in {}: put the converted model there under that name", folder.path().display())
    );
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let options = or_skip!(options(1));
    let header = [b"\x1c\0\0\0TFL3".as_slice(), &[0; 100]].concat();
    for content in [b"".as_slice(), b"no", b"no model at all", &[0; 1000], &[0xff; 1000], &header] {
        let folder = folder_with(content);
        let path = folder.path().join("model.tflite");
        let text = refused(folder.path(), &options);
        assert!(text.starts_with(&format!("{} is not a model that LiteRT 2.3.0 can run: ", path.display())), "{text}");
    }
}

#[test]
fn an_operation_that_the_library_lacks_is_refused_at_load() {
    let folder = or_skip!(folder_of("invalid_model_invoking_error"));
    let text = refused(folder.path(), &or_skip!(options(1)));
    assert!(text.contains("model.tflite is not a model that LiteRT 2.3.0 can run"), "{text}");
}

#[test]
fn a_model_cut_off_anywhere_is_refused_or_runs() {
    let options = or_skip!(options(1));
    let content = fs::read(or_skip!(shared_data(HALF_PLUS_TWO)).join("model.tflite")).expect("readable");
    for cut in 0..content.len() {
        let folder = folder_with(&content[..cut]);
        if let Err(error) = Servable::load(folder.path(), &options) {
            assert!(error.text.contains("model.tflite"), "{error}");
        }
    }
}

#[test]
fn a_library_that_is_missing_or_none_is_refused_with_the_remedy() {
    let folder = folder_with(b"no model");
    let file = folder.path().join("libLiteRt.so");
    let mut options = RuntimeOptions { instances: 1, threads: 1, library: Some(file.clone()) };
    let text = refused(folder.path(), &options);
    assert!(text.starts_with(&format!("{} cannot be loaded: ", file.display())), "{text}");
    assert!(text.contains("ai-edge-litert 2.3.0"), "{text}");
    fs::write(&file, b"no library").expect("written");
    assert!(refused(folder.path(), &options).contains(" cannot be loaded: "));
    options.library = Some("libm.so.6".into());
    let text = refused(folder.path(), &options);
    assert!(text.contains("has no function LiteRtCreateEnvironment, so it is not LiteRT 2.3.0"), "{text}");
}

#[test]
fn a_library_of_another_release_is_refused_with_both() {
    let folder = folder_with(b"no model");
    let package = folder.path().join("ai_edge_litert");
    fs::create_dir(&package).expect("made");
    fs::create_dir(folder.path().join("ai_edge_litert-2.1.0.dist-info")).expect("made");
    let options = RuntimeOptions { instances: 1, threads: 1, library: Some(package.join("libLiteRt.so")) };
    let text = refused(folder.path(), &options);
    assert!(text.contains("of ai-edge-litert 2.1.0, but this server reaches the C library of 2.3.0"), "{text}");
}

#[test]
fn inputs_that_do_not_fit_the_signature_are_refused() {
    let servable = or_skip!(half_plus_two());
    let short = Tensor { data: vec![0; 3].into(), ..floats(&[1, 1], &[]) };
    let cases: [(&[(&str, Tensor)], &str); 5] = [
        (
            &[],
            "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.",
        ),
        (
            &[("z", floats(&[1], &[1.0]))],
            "Signature input alias: x(feed name: x) not found in request and no default value provided. \
             Inputs expected to be in the request {z}, or default input alias set: ",
        ),
        (&[("x", zeros(DType::Int32, &[1, 1]))], "Expects arg[0] to be float but int32 is provided"),
        (&[("x", floats(&[1, 2], &[1.0, 2.0]))], "input \"x\" has shape [1, 2], expected [1, 1] (-1 is any size)"),
        (&[("x", short)], "input \"x\" holds 3 bytes, but its shape [1, 1] of float32 is 4"),
    ];
    for (inputs, text) in cases {
        let inputs = inputs.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
        let error = servable.run(DEFAULT, inputs, &[], None).expect_err("refused");
        assert_eq!((error.code, error.text.as_str()), (Code::InvalidArgument, text));
    }
}

#[test]
fn signatures_and_outputs_that_are_not_there_are_refused() {
    let servable = or_skip!(half_plus_two());
    let error = servable.run("third", vec![], &[], None).expect_err("refused");
    assert_eq!(error.code, Code::FailedPrecondition);
    assert_eq!(error.text, "Serving signature key \"third\" not found.");
    let filtered = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        servable.run(DEFAULT, vec![("x".to_owned(), floats(&[1, 1], &[1.0]))], &names, None)
    };
    let error = filtered(&["z"]).expect_err("refused");
    assert_eq!(error.text, "output tensor alias not found in signature: z Outputs expected to be in the set {y}.");
    let error = filtered(&["y", "y"]).expect_err("refused");
    assert_eq!(error.text, "duplicate output tensor alias: y");
    assert!(filtered(&["y"]).is_ok());
}
