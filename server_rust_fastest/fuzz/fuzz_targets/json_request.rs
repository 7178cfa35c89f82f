//! Any bytes as the body of a predict request: no panic, and what is read is the same once it is written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use server_rust_fastest::json::{PredictRequest, error_answer, predict_answer};
use server_rust_fastest::tensor::DType;
use server_rust_fastest_fuzz::{assert_same, read_again, signature};

const SIGNATURES: [&[(&str, DType)]; 9] = [
    &[("x", DType::Float32)],
    &[("x", DType::Float64)],
    &[("x", DType::Uint8)],
    &[("x", DType::Int64)],
    &[("x", DType::Uint64)],
    &[("x", DType::String)],
    &[("x", DType::Float16)],
    &[("a", DType::Int32), ("b_bytes", DType::String)],
    &[("a", DType::Bool), ("b", DType::Float32), ("b64", DType::String)],
];

fuzz_target!(|body: &[u8]| {
    let request = match PredictRequest::parse(body.to_vec().into()) {
        Ok(request) => request,
        Err(error) => {
            assert!(PredictRequest::parse(error_answer(&error.text).into()).is_ok());
            return;
        }
    };
    for inputs in SIGNATURES {
        let Ok((tensors, layout)) = request.inputs(&signature(inputs.iter().copied())) else { continue };
        let answer = predict_answer(&tensors, layout);
        // Lists without elements are read for dtypes that nothing is written for.
        let Ok(answer) = answer else { continue };
        let read = read_again(&answer, layout, &tensors).expect("an answer is a request");
        assert_same(&tensors, &read);
    }
});
