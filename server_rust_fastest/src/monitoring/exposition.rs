//! Exposition: metrics -> the text that Prometheus reads, laid out as TensorFlow Serving lays it out.
//!
//! There are no `# HELP` lines, metrics come in the order of their names, and every sample has its braces, `name{} 1`
//! too. What this server has no samples of, examples and batches, is told by its name alone, as there.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use super::Figures;
use super::family::{BOUNDS_US, Counters, Histograms};

pub(super) fn write(figures: &Figures, startup: &[(&str, Duration)]) -> String {
    let mut page = Page(String::with_capacity(8192));
    page.empty("batching_session:queuing_latency", "histogram");
    page.count("batching_session:wrapped_run_count", 0);
    page.histograms("model_warmup_latency", &figures.warmup_latency);
    page.count("model_warmup_records_read", figures.warmup_records_read);
    page.counters("request_count", &figures.request_count);
    page.empty("request_example_count_total", "counter");
    page.empty("request_example_counts", "histogram");
    page.histograms("request_latency", &figures.request_latency);
    page.empty("request_log_count", "counter");
    page.histograms("runtime_latency", &figures.runtime_latency);
    page.0.push_str("# TYPE firstserve_startup_seconds gauge\n");
    for (phase, since_start) in startup {
        page.line("firstserve_startup_seconds", &format!("phase=\"{phase}\""), since_start.as_secs_f64());
    }
    page.0
}

struct Page(String);

impl Page {
    fn empty(&mut self, name: &str, kind: &str) {
        let _ = writeln!(self.0, "# TYPE :tensorflow:serving:{name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = writeln!(self.0, "{name}{{{labels}}} {value}");
    }

    fn count(&mut self, name: &str, value: u64) {
        self.empty(name, "counter");
        self.line(&format!(":tensorflow:serving:{name}"), "", value);
    }

    fn counters(&mut self, name: &str, family: &Counters) {
        self.empty(name, "counter");
        for (values, count) in &family.samples {
            self.line(&format!(":tensorflow:serving:{name}"), &labels(family.labels, values), count);
        }
    }

    fn histograms(&mut self, name: &str, family: &Histograms) {
        self.empty(name, "histogram");
        let name = format!(":tensorflow:serving:{name}");
        let bucket = format!("{name}_bucket");
        for (values, histogram) in &family.samples {
            let labels = labels(family.labels, values);
            let bounds = BOUNDS_US.iter().map(|&bound| six_digits(bound)).chain(["+Inf".to_owned()]);
            let mut below = 0;
            for (bound, count) in bounds.zip(&histogram.counts) {
                below += count;
                self.line(&bucket, &format!("{labels},le=\"{bound}\""), below);
            }
            self.line(&format!("{name}_sum"), &labels, histogram.sum);
            self.line(&format!("{name}_count"), &labels, below);
        }
    }
}

fn labels(names: &[&str], values: &[String]) -> String {
    let mut text = String::new();
    for (name, value) in names.iter().zip(values) {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{name}=\"{value}\"");
    }
    text
}

/// As C's `%g` writes a number from 10 on: 32.4, 3.56931e+06.
fn six_digits(number: f64) -> String {
    let scientific = format!("{number:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: usize = exponent.parse().unwrap_or_default();
    if exponent < 6 {
        return without_zeros(&format!("{number:.*}", 5 - exponent)).to_owned();
    }
    format!("{}e+{exponent:02}", without_zeros(digits))
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}
