//! Monitoring file: a `MonitoringConfig` as text -> where Prometheus reads.

use std::path::Path;

use super::text_file::read_text_file;
use crate::error::Result;
use crate::protos::tensorflow::serving::MonitoringConfig;

const DEFAULT_PATH: &str = "/monitoring/prometheus/metrics";

/// The path on HTTP's port; None where monitoring is not enabled.
///
/// # Errors
/// Where the file cannot be read or says something else, with place and fault.
pub fn read_monitoring_path(file: &Path) -> Result<Option<String>> {
    let config: MonitoringConfig = read_text_file(file, "tensorflow.serving.MonitoringConfig")?;
    let enabled = config.prometheus_config.filter(|prometheus| prometheus.enable);
    Ok(enabled.map(|prometheus| match prometheus.path {
        path if path.is_empty() => DEFAULT_PATH.to_owned(),
        path => path,
    }))
}
