use super::{parsed_by_model_server, parsed_in, refused, refused_by_model_server, refused_in};
use crate::settings::Settings;

const SOCKET: &str = "--grpc_socket_path=/tmp/grpc.sock";

/// HTTP's port and whether gRPC is spoken there too, gRPC's own port, its socket.
type Places = (Option<(u16, bool)>, u16, Option<&'static str>);

fn places(settings: &Settings) -> Places {
    let http = settings.http.as_ref().map(|http| (http.port, http.with_grpc));
    let socket_path = settings.grpc.as_ref().and_then(|grpc| grpc.socket_path.as_ref());
    let socket_path = socket_path.map(|path| {
        assert_eq!(path.to_str(), Some("/tmp/grpc.sock"));
        "/tmp/grpc.sock"
    });
    (http, settings.grpc.as_ref().map_or(0, |grpc| grpc.port), socket_path)
}

#[test]
fn port_flags_win_over_port_and_defaults_hold_without_it() {
    let cases: [(&str, &[&str], Places); 14] = [
        ("", &[], (Some((8501, false)), 8500, None)),
        ("", &["--port=9000"], (Some((8501, false)), 9000, None)),
        ("", &["--rest_api_port=9001"], (Some((9001, false)), 8500, None)),
        ("", &["--port=0"], (Some((8501, false)), 0, None)),
        ("", &["--rest_api_port=0"], (None, 8500, None)),
        ("", &["--port=0", SOCKET, "--rest_api_port=0"], (None, 0, Some("/tmp/grpc.sock"))),
        ("8080", &[], (Some((8080, true)), 0, None)),
        ("0", &[], (Some((0, true)), 0, None)),
        ("8080", &["--rest_api_port=9001"], (Some((9001, true)), 0, None)),
        ("8080", &["--port=9000"], (Some((8080, false)), 9000, None)),
        ("8080", &["--port=0"], (Some((8080, false)), 0, None)),
        ("8080", &[SOCKET], (Some((8080, true)), 0, Some("/tmp/grpc.sock"))),
        ("8080", &["--port=8500", "--rest_api_port=8501"], (Some((8501, false)), 8500, None)),
        ("8080", &["--port=8500", "--rest_api_port=0"], (None, 8500, None)),
    ];
    for (port, flags, expected) in cases {
        assert_eq!(places(&parsed_in(&[("PORT", port)], flags)), expected, "PORT={port} {flags:?}");
    }
}

#[test]
fn twins_of_port_flags_win_over_port() {
    let environment = [("PORT", "8080"), ("FIRSTSERVE_PORT", "9000"), ("FIRSTSERVE_REST_API_PORT", "9001")];
    assert_eq!(places(&parsed_in(&environment, &[])), (Some((9001, false)), 9000, None));
}

#[test]
fn tensorflow_model_server_has_tensorflow_servings_ports() {
    let cases: [(&[&str], Places); 3] = [
        (&[], (None, 8500, None)),
        (&["--rest_api_port=8501"], (Some((8501, false)), 8500, None)),
        (&["--port=0", SOCKET], (None, 0, Some("/tmp/grpc.sock"))),
    ];
    for (flags, expected) in cases {
        assert_eq!(places(&parsed_by_model_server(flags)), expected);
    }
}

#[test]
fn one_port_may_be_given_for_both() {
    let expected = (Some((7000, true)), 0, None);
    assert_eq!(places(&parsed_in(&[], &["--port=7000", "--rest_api_port=7000"])), expected);
    assert_eq!(places(&parsed_in(&[("PORT", "7000")], &["--port=7000"])), expected);
    assert_eq!(places(&parsed_by_model_server(&["--port=7000", "--rest_api_port=7000"])), expected);
}

#[test]
fn whoever_is_asked_for_tensorflow_serving_starts_like_it() {
    let with_port = [("PORT", "8080")];
    for settings in [
        parsed_by_model_server(&[]),
        parsed_in(&[], &[]),
        parsed_in(&with_port, &["--port=8500"]),
        parsed_in(&with_port, &["--port=8080"]),
        parsed_in(&with_port, &[SOCKET]),
        parsed_in(&with_port, &["--model_config_file=/models.config"]),
    ] {
        assert!(settings.like_tensorflow_serving && settings.models.waits_for_versions);
    }
}

#[test]
fn a_serverless_container_does_not() {
    let settings = parsed_in(&[("PORT", "8080")], &[]);
    assert!(!settings.like_tensorflow_serving && !settings.models.waits_for_versions);
}

#[test]
fn tensorflow_model_server_without_a_place_for_grpc_is_refused() {
    assert_eq!(
        refused_by_model_server(&["--port=0", "--rest_api_port=8501"]),
        "INVALID_ARGUMENT: At least one of server_options.grpc_port or server_options.grpc_socket_path must be set."
    );
}

#[test]
fn nowhere_to_listen_is_refused() {
    assert!(refused(&["--port=0", "--rest_api_port=0"]).contains("there is no port to listen on"));
    assert!(refused_in(&[("PORT", "8080")], &["--rest_api_port=0"]).contains("there is no port to listen on"));
}

#[test]
fn what_is_no_port_is_named() {
    for port in ["http", "-1", "65536"] {
        assert!(refused_in(&[("PORT", port)], &[]).contains("error: PORT: "));
    }
}
