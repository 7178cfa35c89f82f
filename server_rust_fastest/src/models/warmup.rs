//! Warmup: a version's file of recorded requests -> the same inference as requests get, before any request does.
//!
//! The file is TensorFlow Serving's: a TFRecord file of PredictionLogs (tensorflow_serving/apis/prediction_log.proto).
//! Of a record's model specs only the signature counts; the answers that may be recorded are not looked at.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::source::check_regular;
use super::tfrecord::Records;
use super::{ServedModel, prediction_log};
use crate::error::{Error, Result};

/// Under a version folder: requests to run before the version becomes available.
const FILE: &str = "assets.extra/tf_serving_warmup_requests";
/// More fail the load.
const RECORDS_LIMIT: u64 = 1000;

/// The warmup file of a version folder; it may be missing.
pub fn warmup_file(version_folder: &Path) -> PathBuf {
    version_folder.join(FILE)
}

/// What a warmup has done; as text, what the log says of it.
pub struct Warmup {
    path: PathBuf,
    pub records: u64,
    /// The first run of the first record.
    first: Duration,
    total: Duration,
}

impl fmt::Display for Warmup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Finished reading warmup data for model at {}. Number of warmup records read: {}. Elapsed time \
             (microseconds): {}. The first record took {:.1} ms.",
            self.path.display(),
            self.records,
            self.total.as_micros(),
            self.first.as_secs_f64() * 1e3
        )
    }
}

/// Runs each record of a warmup file `iterations` times; None where there is no such file.
///
/// # Errors
/// Data loss for a file that is no TFRecord file or damaged, invalid argument for more than 1000 records, unimplemented
/// for a record of another kind, and whatever a record ends with.
pub fn warm_up(model: &ServedModel, path: &Path, iterations: u32) -> Result<Option<Warmup>> {
    let began = Instant::now();
    let unread = |error| Error::unavailable(format!("{} cannot be read: {error}", path.display()));
    check_regular(path)?;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unread(error)),
    };
    let file_bytes = file.metadata().map_err(unread)?.len();
    let mut first = None;
    let mut records = 0;
    for record in Records::new(BufReader::new(file), file_bytes) {
        records += 1;
        run_record(model, record, records, path, iterations, &mut first)?;
    }
    let total = began.elapsed();
    Ok(Some(Warmup { path: path.to_owned(), records, first: first.unwrap_or_default(), total }))
}

fn run_record(
    model: &ServedModel,
    record: std::result::Result<Vec<u8>, String>,
    number: u64,
    path: &Path,
    iterations: u32,
    first: &mut Option<Duration>,
) -> Result<()> {
    let path = path.display();
    let record = record
        .map_err(|fault| Error::data_loss(format!("{fault}. Please verify your warmup data is in TFRecord format.")))?;
    let log = prediction_log::read(record)
        .ok_or_else(|| Error::invalid_argument(format!("Failed to parse warmup record: {number} from {path}")))?;
    if number > RECORDS_LIMIT {
        let text = format!("Number of warmup records exceeds the maximum ({RECORDS_LIMIT}) at {path}");
        return Err(Error::invalid_argument(text));
    }
    for _ in 0..iterations {
        let began = Instant::now();
        prediction_log::run(model, &log)
            .map_err(|error| Error { text: format!("warmup record {number} of {path}: {error}"), ..error })?;
        first.get_or_insert_with(|| began.elapsed());
    }
    Ok(())
}
