//! ModelSpec messages: what a request asks for, and in an answer what has answered.

use crate::error::{Error, Result};
use crate::models::{self, ServedModel};
use crate::protos::tensorflow::serving::ModelSpec;
use crate::protos::tensorflow::serving::model_spec::VersionChoice;

/// What the ModelSpec of a request asks for.
///
/// # Errors
/// Invalid argument where there is none, or none with a name.
pub fn asked(message: Option<&ModelSpec>) -> Result<models::ModelSpec> {
    read(message.ok_or_else(|| Error::invalid_argument("Missing ModelSpec"))?)
}

/// What a ModelSpec asks for.
///
/// # Errors
/// Invalid argument for a message without a name.
pub fn read(message: &ModelSpec) -> Result<models::ModelSpec> {
    if message.name.is_empty() {
        return Err(Error::invalid_argument("ModelSpec has no name specified."));
    }
    let (version, label) = match &message.version_choice {
        Some(VersionChoice::Version(version)) => (Some(*version), None),
        Some(VersionChoice::VersionLabel(label)) => (None, Some(label.clone())),
        None => (None, None),
    };
    Ok(models::ModelSpec { name: message.name.clone(), version, label })
}

/// Which version has answered, and with which signature.
pub fn write(model: &ServedModel, signature_name: &str) -> ModelSpec {
    ModelSpec {
        name: model.name.clone(),
        signature_name: signature_name.to_owned(),
        version_choice: Some(VersionChoice::Version(model.version)),
    }
}

/// The model's name, whether or not it is given.
pub fn name(message: Option<&ModelSpec>) -> &str {
    message.map_or("", |spec| &spec.name)
}
