//! LiteRT: a version folder with a `model.tflite` -> a servable.

use std::path::Path;
use std::time::Instant;

use crate::error::Result;
use crate::settings::RuntimeOptions;
use crate::signature::Signatures;
use crate::tensor::Tensor;

/// One loaded version of a model. May be run from many threads at once; its memory is given back when it is dropped.
pub struct Servable {}

impl Servable {
    /// Loads the `model.tflite` of a version folder.
    ///
    /// # Errors
    /// With the file, the fault and the remedy; nothing of a failed load stays in memory.
    pub fn load(version_path: &Path, options: &RuntimeOptions) -> Result<Self> {
        let _ = (version_path, options);
        todo!()
    }

    /// All signatures by name; a .tflite without any gets `serving_default` over its tensor names.
    #[must_use]
    pub fn signatures(&self) -> &Signatures {
        todo!()
    }

    /// Serialized `tensorflow.SignatureDef`s by name as the model holds them; empty where it brings none.
    #[must_use]
    pub fn signature_defs(&self) -> &std::collections::BTreeMap<String, bytes::Bytes> {
        todo!()
    }

    /// The names of the classes that the model brings with it, in order; empty where it brings none.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        todo!()
    }

    /// Runs one signature on a batch and gives its outputs by name (those of `output_filter`, where any are named).
    ///
    /// # Errors
    /// Failed precondition for an unknown signature, invalid argument for inputs that do not fit, deadline exceeded,
    /// or what the runtime says.
    pub fn run(
        &self,
        signature_name: &str,
        inputs: Vec<(String, Tensor)>,
        output_filter: &[String],
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>> {
        let _ = (signature_name, inputs, output_filter, deadline);
        todo!()
    }
}
