//! Generates the messages of TensorFlow Serving's protocol from the project's .proto files, and the policy by which a
//! browser runs what is written in the playground's page and nothing else.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use prost::Message as _;
use sha2::{Digest as _, Sha256};

const PROTOS: &str = "../firstserve/rpc/protos";
const FILES: [&str; 6] = [
    "tensorflow_serving/apis/prediction_service.proto",
    "tensorflow_serving/apis/model_service.proto",
    "tensorflow_serving/apis/prediction_log.proto",
    "tensorflow_serving/config/model_server_config.proto",
    "tensorflow_serving/config/monitoring_config.proto",
    "tensorflow/core/protobuf/meta_graph.proto",
];
const PAGE: &str = "../firstserve/web/playground/page.html";

fn main() -> Result<(), Box<dyn Error>> {
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

    println!("cargo:rerun-if-changed={PAGE}");
    println!("cargo:rustc-env=PLAYGROUND_POLICY={}", policy(&fs::read_to_string(PAGE)?)?);
    Ok(())
}

/// As firstserve/web/page.py writes it.
fn policy(page: &str) -> Result<String, Box<dyn Error>> {
    Ok(format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data: blob:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        hash(page, "script")?,
        hash(page, "style")?
    ))
}

/// Of what the page's only element of this name holds, as a source of a Content-Security-Policy.
fn hash(page: &str, element: &str) -> Result<String, Box<dyn Error>> {
    let (_, rest) = page.split_once(&format!("<{element}>")).ok_or("the playground lacks an element")?;
    let (content, _) = rest.split_once(&format!("</{element}>")).ok_or("the playground's element does not end")?;
    Ok(format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(content))))
}
