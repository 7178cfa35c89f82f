//! Metadata: a servable's signatures as TensorFlow's `SignatureDef`s, for gRPC and as JSON.
//!
//! Those that a model holds itself are given as they are; others are made of what is known of its signatures.

mod message_json;
mod message_text;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;

use self::message_text::message_text;
use crate::grpc::data_type::data_type;
use crate::models::ServedModel;
use crate::protos::tensorflow::serving::SignatureDefMap;
use crate::protos::tensorflow::tensor_shape_proto::Dim;
use crate::protos::tensorflow::{SignatureDef, TensorInfo, TensorShapeProto, tensor_info};
use crate::signature::{Signature, Signatures, TensorSpec};

/// The signatures of a model, as it holds them or made of what is known of them.
pub fn signature_def_map(model: &ServedModel) -> SignatureDefMap {
    map_of(model.servable.signature_defs(), model.servable.signatures())
}

/// The body of REST's metadata answer, laid out as protobuf's JSON printer does.
pub fn metadata_json(model: &ServedModel) -> String {
    answer(&model.name, model.version, &signature_def_map(model))
}

/// One of a model's signatures in protobuf's text format, as error texts show it; empty where it has none of this name.
pub fn signature_text(model: &ServedModel, name: &str) -> String {
    let map = signature_def_map(model);
    let def = map.signature_def.get(name).map(Message::encode_to_vec).unwrap_or_default();
    message_text("tensorflow.SignatureDef", &def)
}

fn map_of(signature_defs: &BTreeMap<String, Bytes>, signatures: &Signatures) -> SignatureDefMap {
    let signature_def = if signature_defs.is_empty() {
        signatures.iter().map(|(name, signature)| (name.clone(), describe(signature))).collect()
    } else {
        // What is no message would not have been loaded.
        let read = |octets: &Bytes| SignatureDef::decode(octets.clone()).unwrap_or_default();
        signature_defs.iter().map(|(name, octets)| (name.clone(), read(octets))).collect()
    };
    SignatureDefMap { signature_def }
}

fn describe(signature: &Signature) -> SignatureDef {
    let infos = |specs: &[TensorSpec]| specs.iter().map(|spec| (spec.name.clone(), tensor_info(spec))).collect();
    SignatureDef {
        inputs: infos(&signature.inputs),
        outputs: infos(&signature.outputs),
        method_name: signature.method_name.clone(),
        defaults: BTreeMap::new(),
    }
}

fn tensor_info(spec: &TensorSpec) -> TensorInfo {
    let name = if spec.tensor_name.is_empty() { &spec.name } else { &spec.tensor_name };
    let shape = spec.shape.as_ref().map_or(TensorShapeProto { unknown_rank: true, dim: Vec::new() }, |sizes| {
        let dim = sizes.iter().map(|&size| Dim { size, ..Dim::default() });
        TensorShapeProto { dim: dim.collect(), unknown_rank: false }
    });
    TensorInfo {
        dtype: data_type(spec.dtype).into(),
        tensor_shape: Some(shape),
        encoding: Some(tensor_info::Encoding::Name(name.clone())),
    }
}

fn answer(name: &str, version: i64, signature_defs: &SignatureDefMap) -> String {
    message_json::Text::default()
        .object(|text| {
            text.key("model_spec").object(|text| {
                text.key("name").string(name);
                text.key("signature_name").string("");
                text.key("version").string(&version.to_string());
            });
            text.key("metadata").object(|text| {
                text.key("signature_def")
                    .message("tensorflow.serving.SignatureDefMap", &signature_defs.encode_to_vec());
            });
        })
        .finish()
}
