//! The fastest server: .tflite models by `POST /predict`, TensorFlow Serving's REST and gRPC.
//!
//! A request enters at a protocol (`http`, `grpc`), becomes tensors in a codec (`json`, `image`, `grpc::tensor_proto`),
//! meets a servable (`litert`) that the manager hands out (`models`), and leaves by the same codec.

pub mod access;
pub mod app;
pub mod arrival;
pub mod budget;
pub mod config;
pub mod error;
pub mod grpc;
pub mod http;
pub mod image;
pub mod inference;
pub mod json;
pub mod litert;
pub mod log;
pub mod metadata;
pub mod models;
pub mod monitoring;
#[cfg(test)]
mod real;
pub mod serve;
pub mod server;
pub mod settings;
pub mod signature;
pub mod startup;
pub mod tensor;
pub mod tflite;
pub mod work;

/// TensorFlow Serving's messages, generated from the project's .proto files.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod protos {
    include!(concat!(env!("OUT_DIR"), "/protos.rs"));

    /// The serialized `FileDescriptorSet` of all of them.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
}
