//! The flags that TensorFlow Serving does not have.

use super::flag::{DefaultValue, Flag, Kind};
use super::kinds::{address, boolean, count, labels, numbers, one_of, positive, positive_int64, seconds};
use crate::settings::LogLevel;

const RUNTIMES: [(&str, ()); 2] = [("auto", ()), ("litert", ())];
const LOG_LEVELS: [(&str, LogLevel); 4] =
    [("debug", LogLevel::Debug), ("info", LogLevel::Info), ("warning", LogLevel::Warning), ("error", LogLevel::Error)];

/// All of them: those of the family of servers, then this one's.
#[rustfmt::skip] // one call a flag, whatever its length
pub static OWN_FLAGS: [Flag; 22] = [
    Flag::new(
        "runtime", Kind::String, "auto",
        "what runs the models: litert and auto are the same here, and any other is refused",
        |_, text| one_of(text, &RUNTIMES),
    ),
    Flag::new(
        "bind_address", Kind::String, "",
        "the address that HTTP and gRPC listen on; unset: all of the machine's",
        |flags, text| { address(text).clone_into(&mut flags.bind_address); Ok(()) },
    ),
    Flag::new(
        "enable_reload_config", Kind::Bool, "",
        "HandleReloadConfigRequest, by which whoever reaches gRPC replaces all models; unset: on gRPC's own port and \
         socket, and not where gRPC is spoken on HTTP's port",
        |flags, text| boolean(text).map(|value| flags.enable_reload_config = Some(value)),
    ).with_default(DefaultValue::Unset),
    Flag::new(
        "first_responder", Kind::Bool, "true",
        "the full server is there from the first request on",
        |_, text| boolean(text).map(drop),
    ).without_effect(),
    Flag::new(
        "max_requests_at_once", Kind::Int32, "64",
        "requests of all protocols that are there whole and wait or run; more are answered at once with 429 or \
         RESOURCE_EXHAUSTED",
        |flags, text| positive(text).map(|value| flags.max_requests_at_once = value),
    ),
    Flag::new(
        "max_body_bytes", Kind::Int64, "33554432",
        "a longer picture is answered with 413",
        |flags, text| positive_int64(text).map(|value| flags.max_body_bytes = value),
    ),
    Flag::new(
        "max_rest_body_bytes", Kind::Int64, "104857600",
        "a longer REST body, also once it is inflated, is answered with 413",
        |flags, text| positive_int64(text).map(|value| flags.max_rest_body_bytes = value),
    ),
    Flag::new(
        "max_body_bytes_at_once", Kind::Int64, "268435456",
        "bytes of all bodies together that are being read, wait for a model or are being sent; beyond it, the one that \
         has held the most for the longest is ended, where it is a request with 429 or RESOURCE_EXHAUSTED",
        |flags, text| positive_int64(text).map(|value| flags.max_body_bytes_at_once = value),
    ),
    Flag::new(
        "max_connections", Kind::Int32, "0",
        "connections that are open at once; beyond it, the idlest are closed; 0: as many as the limit of open files allows, \
         less a reserve, and 10000 at most",
        |flags, text| count(text).map(|value| flags.max_connections = value),
    ),
    Flag::new(
        "request_head_timeout_s", Kind::Float, "10",
        "the time for a request's head to arrive; 0: no bound",
        |flags, text| seconds(text).map(|value| flags.request_head_timeout_s = value),
    ),
    Flag::new(
        "request_body_timeout_s", Kind::Float, "60",
        "the time for a whole request to arrive; then 408 or DEADLINE_EXCEEDED; 0: no bound",
        |flags, text| seconds(text).map(|value| flags.request_body_timeout_s = value),
    ),
    Flag::new(
        "response_send_timeout_s", Kind::Float, "30",
        "how long a client may take nothing of its answer, before its connection or stream is ended; 0: no bound",
        |flags, text| seconds(text).map(|value| flags.response_send_timeout_s = value),
    ),
    Flag::new(
        "max_image_pixels", Kind::Int64, "100000000",
        "a picture of more pixels is answered with 413",
        |flags, text| positive_int64(text).map(|value| flags.max_image_pixels = value),
    ),
    Flag::new(
        "max_image_memory_bytes", Kind::Int64, "536870912",
        "memory for all images that are decoded at once, by their headers: one waits until there is room for it; one \
         that takes more by itself is answered with 413",
        |flags, text| positive_int64(text).map(|value| flags.max_image_memory_bytes = value),
    ),
    Flag::new(
        "threads_per_run", Kind::Int32, "1",
        "threads for one run of one model, where no --tensorflow_..._parallelism says more; 0 leaves it to the runtime",
        |flags, text| count(text).map(|value| flags.threads_per_run = value),
    ),
    Flag::new(
        "labels", Kind::String, "",
        "a file with a class name a line, in place of what the model brings",
        |flags, text| labels(text).map(|value| flags.labels = value),
    ),
    Flag::new(
        "scores_output", Kind::String, "",
        "the output that /predict answers, numeric and of shape [N, classes]; unset: the one called scores or \
         probabilities, or the only one of that shape. A request chooses by scores_output=NAME in its query",
        |flags, text| { text.clone_into(&mut flags.scores_output); Ok(()) },
    ),
    Flag::new(
        "image_size", Kind::Int32, "224",
        "width and height of pictures for a model that takes any",
        |flags, text| positive(text).map(|value| flags.image_size = value),
    ),
    Flag::new(
        "image_mean", Kind::Numbers, "",
        "float inputs of /predict get (pixel - mean) / std, in place of what the model says; one number for all \
         channels or three: 127.5",
        |flags, text| numbers(text).map(|value| flags.image_mean = Some(value)),
    ).with_default(DefaultValue::Unset),
    Flag::new(
        "image_std", Kind::Numbers, "",
        "see --image_mean: 127.5",
        |flags, text| numbers(text).map(|value| flags.image_std = Some(value)),
    ).with_default(DefaultValue::Unset),
    Flag::new(
        "log_level", Kind::String, "info",
        "what is logged on stderr; a line for every request needs info",
        |flags, text| one_of(text, &LOG_LEVELS).map(|value| flags.log_level = Some(value)),
    ),
    Flag::new(
        "litert_library", Kind::String, "",
        "the file of the LiteRT library; unset: libLiteRt.so beside the program, or else where the system's loader \
         finds one",
        |flags, text| { text.clone_into(&mut flags.litert_library); Ok(()) },
    ),
];
