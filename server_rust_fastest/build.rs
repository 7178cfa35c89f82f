//! Generates the messages of TensorFlow Serving's protocol from the project's .proto files.

use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;

const PROTOS: &str = "../firstserve/rpc/protos";
const FILES: [&str; 6] = [
    "tensorflow_serving/apis/prediction_service.proto",
    "tensorflow_serving/apis/model_service.proto",
    "tensorflow_serving/apis/prediction_log.proto",
    "tensorflow_serving/config/model_server_config.proto",
    "tensorflow_serving/config/monitoring_config.proto",
    "tensorflow/core/protobuf/meta_graph.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed={PROTOS}");
    let descriptors = protox::compile(FILES, [PROTOS])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    prost_build::Config::new()
        .bytes(["."])
        .btree_map(["."])
        .extern_path(".tensorflow.TensorProto", "crate::grpc::tensor_message::TensorProto")
        .include_file("protos.rs")
        .compile_fds(descriptors)?;
    Ok(())
}
