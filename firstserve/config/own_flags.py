"""The flags that TensorFlow Serving does not have."""

from __future__ import annotations

from firstserve.config.flag import Flag
from firstserve.config.kinds import (
    ADDRESS,
    BOOL,
    COUNT,
    LABELS,
    NUMBERS,
    POSITIVE,
    POSITIVE_INT64,
    SECONDS,
    STRING,
    one_of,
)
from firstserve.runtimes import RUNTIMES

OWN_FLAGS = (
    Flag(
        "runtime",
        one_of("auto", *RUNTIMES),
        "auto",
        f"what runs the models: {', '.join(RUNTIMES)}; auto goes by what the version folder holds",
    ),
    Flag("bind_address", ADDRESS, "", "the address that HTTP and gRPC listen on; unset: all of the machine's"),
    Flag(
        "enable_reload_config",
        BOOL,
        None,
        "HandleReloadConfigRequest, by which whoever reaches gRPC replaces all models; unset: on gRPC's own port and "
        "socket, and not where gRPC is spoken on HTTP's port",
    ),
    Flag(
        "first_responder",
        BOOL,
        True,
        "whether pictures are answered as soon as the model is loaded, while the full server still starts",
    ),
    Flag(
        "max_requests_at_once",
        POSITIVE,
        64,
        "requests of all protocols that are there whole and wait or run; more are answered at once with 429 or "
        "RESOURCE_EXHAUSTED",
    ),
    Flag("max_body_bytes", POSITIVE_INT64, 32 * 1024 * 1024, "a longer picture is answered with 413"),
    Flag(
        "max_rest_body_bytes",
        POSITIVE_INT64,
        100 * 1024 * 1024,
        "a longer REST body, also once it is inflated, is answered with 413",
    ),
    Flag(
        "max_body_bytes_at_once",
        POSITIVE_INT64,
        256 * 1024 * 1024,
        "bytes of all bodies together that are being read, wait for a model or are being sent; beyond it, the one that "
        "has held the most for the longest is ended, where it is a request with 429 or RESOURCE_EXHAUSTED",
    ),
    Flag(
        "max_connections",
        COUNT,
        0,
        "connections that are open at once; beyond it, the idlest are closed; 0: as many as the limit of open files "
        "allows, less a reserve, and 10000 at most",
    ),
    Flag("request_head_timeout_s", SECONDS, 10, "the time for a request's head to arrive; 0: no bound"),
    Flag(
        "request_body_timeout_s",
        SECONDS,
        60,
        "the time for a whole request to arrive; then 408 or DEADLINE_EXCEEDED; 0: no bound",
    ),
    Flag(
        "response_send_timeout_s",
        SECONDS,
        30,
        "how long a client may take nothing of its answer, before its connection or stream is ended; 0: no bound",
    ),
    Flag("max_image_pixels", POSITIVE_INT64, 100_000_000, "a picture of more pixels is answered with 413"),
    Flag(
        "max_image_memory_bytes",
        POSITIVE_INT64,
        512 * 1024 * 1024,
        "memory for all images that are decoded at once, by their headers: one waits until there is room for it; one "
        "that takes more by itself is answered with 413",
    ),
    Flag(
        "threads_per_run",
        COUNT,
        1,
        "threads for one run of one model, where no --tensorflow_..._parallelism says more; 0 leaves it to the runtime",
    ),
    Flag("labels", LABELS, (), "a file with a class name a line, in place of what the model brings"),
    Flag(
        "scores_output",
        STRING,
        "",
        "the output that /predict answers, numeric and of shape [N, classes]; unset: the one called scores or "
        "probabilities, or the only one of that shape. A request chooses by scores_output=NAME in its query",
    ),
    Flag("image_size", POSITIVE, 224, "width and height of pictures for a model that takes any"),
    Flag(
        "image_mean",
        NUMBERS,
        None,
        "float inputs of /predict get (pixel - mean) / std, in place of what the model says; one number for all "
        "channels or three: 127.5",
    ),
    Flag("image_std", NUMBERS, None, "see --image_mean: 127.5"),
    Flag(
        "log_level",
        one_of("debug", "info", "warning", "error"),
        "info",
        "what is logged on stderr; a line for every request needs info",
    ),
)
