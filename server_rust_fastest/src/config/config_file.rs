//! Config file: a `ModelServerConfig`, from a file or from a request -> the models that it describes.
//!
//! What can be said of a config by itself is checked here: each model's platform setting, each base path. What concerns
//! several models, or those that are served already, is checked by whoever takes the configs. The texts are TensorFlow
//! Serving's.

use std::path::Path;

use super::base_path::read_base_path;
use super::text_file::read_text_file;
use crate::error::{Error, Result};
use crate::protos::tensorflow::serving::file_system_storage_path_source_config::ServableVersionPolicy;
use crate::protos::tensorflow::serving::file_system_storage_path_source_config::servable_version_policy::PolicyChoice;
use crate::protos::tensorflow::serving::model_server_config::Config;
use crate::protos::tensorflow::serving::{self, ModelServerConfig, ModelType};
use crate::settings::{ModelConfig, PLATFORM, VersionPolicy};

/// The models of a `--model_config_file`; None for a file that says nothing, which changes nothing.
///
/// # Errors
/// Where the file cannot be read, or where no server could follow it, with place and fault.
pub fn read_model_configs(file: &Path) -> Result<Option<Vec<ModelConfig>>> {
    let config: ModelServerConfig = read_text_file(file, "tensorflow.serving.ModelServerConfig")?;
    if let Some(Config::CustomModelConfig(_)) = config.config {
        return Err(Error::unimplemented("ModelServer does not yet support custom model config."));
    }
    model_configs(&config)
}

/// The models of a list, as a `HandleReloadConfigRequest` brings it; None where there is no list.
///
/// # Errors
/// Invalid argument or unimplemented for a model that no server could serve.
pub fn model_configs(config: &ModelServerConfig) -> Result<Option<Vec<ModelConfig>>> {
    match &config.config {
        Some(Config::ModelConfigList(list)) => list.config.iter().map(model_config).collect::<Result<_>>().map(Some),
        Some(Config::CustomModelConfig(_)) | None => Ok(None),
    }
}

fn model_config(config: &serving::ModelConfig) -> Result<ModelConfig> {
    Ok(ModelConfig {
        name: config.name.clone(),
        base_path: read_base_path(&config.name, &config.base_path)?,
        policy: version_policy(config.model_version_policy.as_ref()),
        labels: config.version_labels.clone(),
        platform: platform(config)?,
    })
}

fn version_policy(policy: Option<&ServableVersionPolicy>) -> VersionPolicy {
    match policy.and_then(|policy| policy.policy_choice.as_ref()) {
        Some(PolicyChoice::Latest(latest)) => {
            VersionPolicy::Latest(usize::try_from(latest.num_versions).unwrap_or(usize::MAX).max(1))
        }
        Some(PolicyChoice::Specific(specific)) => VersionPolicy::Specific(specific.versions.clone()),
        Some(PolicyChoice::All(_)) => VersionPolicy::All,
        None => VersionPolicy::Latest(1),
    }
}

#[expect(deprecated, reason = "model_type may still stand in a config")]
fn platform(config: &serving::ModelConfig) -> Result<String> {
    let fault = match (config.model_type, config.model_platform.as_str()) {
        (0, "") => format!(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor \
             ModelServerConfig::model_platform, model name is {}",
            config.name
        ),
        (0, platform) => return Ok(platform.to_owned()),
        (_, platform) if !platform.is_empty() => {
            "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform."
                .to_owned()
        }
        (model_type, _) if model_type == ModelType::Tensorflow as i32 => return Ok(PLATFORM.to_owned()),
        (model_type, _) => format!("ModelServerConfig::model_type choice {model_type} not supported."),
    };
    Err(Error::invalid_argument(fault))
}
