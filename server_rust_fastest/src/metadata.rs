//! Metadata: a servable's signatures as TensorFlow's `SignatureDef`s, for gRPC and as JSON.

use crate::models::ServedModel;
use crate::protos::tensorflow::serving::SignatureDefMap;

/// The signatures of a model, as it holds them or made of what is known of them.
pub fn signature_def_map(model: &ServedModel) -> SignatureDefMap {
    let _ = model;
    todo!()
}

/// The body of REST's metadata answer, laid out as protobuf's JSON printer does.
pub fn metadata_json(model: &ServedModel) -> String {
    let _ = model;
    todo!()
}
