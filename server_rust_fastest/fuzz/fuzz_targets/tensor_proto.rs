//! A message of gRPC's Predict: no panic, no memory beyond what was sent and the limit on repeated values, and what is
//! read can be written and read again.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use server_rust_fastest::grpc::tensor_message::TensorProto;
use server_rust_fastest::grpc::tensor_proto::{decode, encode};
use server_rust_fastest::protos::tensorflow::serving::PredictRequest;
use server_rust_fastest::tensor::{DType, Tensor};

/// Of values that are repeated to fill a shape.
const REPEATED_LIMIT_BYTES: usize = 64 * 1024 * 1024;
/// An element of 8 bytes may be sent as one.
const GROWTH: usize = 8;
/// Beyond this, writing and reading again takes too long for a target.
const WRITTEN_BYTES: usize = 1024 * 1024;

fuzz_target!(|octets: &[u8]| {
    let message = Bytes::copy_from_slice(octets);
    // The tensor itself in a message is rare; so both are tried.
    if let Ok(proto) = TensorProto::decode(message.clone()) {
        check(&proto, octets.len());
    }
    if let Ok(request) = PredictRequest::decode(message) {
        for proto in request.inputs.values() {
            check(proto, octets.len());
        }
    }
});

fn check(proto: &TensorProto, sent_bytes: usize) {
    let Ok(tensor) = decode("x", proto) else { return };
    let size_bytes = tensor.data.len() + tensor.strings.len();
    assert!(size_bytes <= REPEATED_LIMIT_BYTES + GROWTH * sent_bytes, "{size_bytes} of {sent_bytes}");
    let has_elements = !tensor.shape.contains(&0);
    let count = if has_elements { tensor.shape.iter().product() } else { 0 };
    match tensor.dtype {
        DType::String => assert_eq!(tensor.strings.len(), count),
        dtype => assert_eq!(tensor.data.len(), count * dtype.item_bytes()),
    }
    if size_bytes > WRITTEN_BYTES {
        return;
    }
    for as_content in [false, true] {
        let written = encode(tensor.clone(), as_content).encode_to_vec();
        let read = TensorProto::decode(written.as_slice()).map(|proto| decode("x", &proto));
        assert_eq!(read.expect("a message"), Ok(canonical(tensor.clone(), as_content)));
    }
}

/// Any other byte than 0 is true, and is 1 in a typed field.
fn canonical(tensor: Tensor, as_content: bool) -> Tensor {
    if tensor.dtype != DType::Bool || as_content {
        return tensor;
    }
    Tensor { data: tensor.data.iter().map(|&octet| u8::from(octet != 0)).collect(), ..tensor }
}
