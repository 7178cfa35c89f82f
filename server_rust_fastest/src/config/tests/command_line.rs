use super::{
    ended, http, model, model_server, parsed, parsed_by_model_server, parsed_in, read_as, refused, refused_in,
};
use crate::config::Command;
use crate::config::command_line::{Program, all_flags, read_command_line, twin};
use crate::config::flag::{Flag, Kind};
use crate::config::flags::Flags;
use crate::config::tests::said;

fn sample(flag: &Flag) -> &'static str {
    match (flag.name, flag.kind) {
        ("grpc_channel_arguments", _) => "key=value",
        ("runtime", _) => "litert",
        ("log_level", _) => "debug",
        ("labels", _) => "/dev/null",
        (_, Kind::Bool) => "true",
        (_, Kind::Int32 | Kind::Int64 | Kind::Numbers) => "3",
        (_, Kind::Float) => "0.5",
        (_, Kind::String) => "text",
    }
}

#[test]
fn every_flag_has_a_name_of_its_own_and_a_default_that_can_be_read() {
    let mut names: Vec<_> = all_flags().map(|flag| flag.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all_flags().count());
    for flag in all_flags() {
        for default in [flag.default.text(), flag.serve_default.map(Into::into)].into_iter().flatten() {
            assert_eq!((flag.read)(&mut Flags::default(), &default), Ok(()), "{}", flag.name);
        }
    }
}

#[test]
fn every_flag_and_its_twin_are_read() {
    for flag in all_flags() {
        let argument = format!("--{}={}", flag.name, sample(flag));
        let by_flag = read_command_line(Program::ModelServer, &[argument], &|_| None).expect(flag.name);
        assert_eq!((by_flag.flags.given, by_flag.unknown.len()), (vec![flag.name], 0));
        let environment = |name: &str| (name == twin(flag)).then(|| sample(flag).to_owned());
        let by_twin = read_command_line(Program::ModelServer, &[], &environment).expect(flag.name);
        assert_eq!(by_twin.flags.given, [flag.name]);
    }
}

#[test]
fn a_flag_wins_over_its_twin_and_the_twin_over_the_usual_name() {
    let environment = [("FIRSTSERVE_MODEL_NAME", "b"), ("MODEL_NAME", "c")];
    assert_eq!(model(&parsed_in(&environment, &["--model_name=a"])).0, "a");
    assert_eq!(model(&parsed_in(&environment, &[])).0, "b");
    assert_eq!(model(&parsed_in(&environment[1..], &[])).0, "c");
}

#[test]
fn an_empty_variable_is_none() {
    let environment = [("PORT", ""), ("FIRSTSERVE_REST_API_PORT", ""), ("FIRSTSERVE_MODEL_NAME", "")];
    let settings = parsed_in(&environment, &[]);
    assert_eq!((http(&settings).port, model(&settings).0), (8501, "model"));
}

#[test]
fn of_a_flag_that_is_given_twice_the_last_one_counts() {
    assert_eq!(http(&parsed(&["--rest_api_port=1", "--rest_api_port=2"])).port, 2);
}

#[test]
fn a_boolean_may_go_without_value() {
    let name = "--rest_api_enable_cors_support";
    for (argument, value) in [("", true), ("=true", true), ("=false", false)] {
        let flag = format!("{name}{argument}");
        assert_eq!(http(&parsed(&[&flag])).cors, value);
        assert_eq!(http(&parsed_by_model_server(&["--rest_api_port=1", &flag])).cors, value);
    }
}

#[test]
fn serve_takes_a_value_that_stands_apart() {
    let settings = parsed(&["--rest_api_port", "9000", "--enable_model_warmup", "--model_name", "-m"]);
    assert_eq!((http(&settings).port, settings.models.warmup, model(&settings).0), (9000, true, "-m"));
}

#[test]
fn a_value_that_is_missing_is_named() {
    for flags in [&["--port"][..], &["--port", "--rest_api_port=1"]] {
        assert!(refused(flags).contains("argument --port: expected a value"));
    }
}

#[test]
fn the_flags_of_tensorflow_serving_with_defaults_but_no_effect_are_left_alone() {
    assert!(said(&["--prefer_tflite_model=false", "--grpc_max_threads=3"]).err.is_empty());
}

#[test]
fn the_command_may_be_named() {
    assert_eq!(http(&parsed(&["serve", "--rest_api_port=9000"])).port, 9000);
}

#[test]
fn what_kubernetes_says_about_services_of_our_names_is_no_port() {
    let links = [("FIRSTSERVE_PORT", "tcp://10.0.0.7:8500"), ("FIRSTSERVE_REST_API_PORT", "tcp://10.0.0.8:80")];
    let settings = parsed_in(&links, &[]);
    assert_eq!((super::grpc(&settings).port, http(&settings).port), (8500, 8501));
}

#[test]
fn an_address_may_be_in_brackets() {
    assert_eq!(http(&parsed(&["--bind_address=[::1]"])).bind_address, "::1");
}

#[test]
fn serve_names_a_bad_flag() {
    for (flag, text) in [
        ("--rest_api_port=http", "argument --rest_api_port: 'http' is no whole number"),
        ("--rest_api_port=", "argument --rest_api_port: '' is no whole number"),
        ("--rest_api_port=65536", "65536 is no port: expected 0 to 65535"),
        ("--rest_api_port=-1", "-1 is below 0"),
        ("--rest_api_port=8_5", "'8_5' is no whole number"),
        ("--max_num_load_retries=2147483648", "2147483648 does not fit into 32 bits"),
        ("--load_retry_interval_micros=9223372036854775808", "does not fit into 64 bits"),
        ("--per_process_gpu_memory_fraction=1_0", "'1_0' is no number"),
        ("--enable_batching=yes", "'yes' is neither true nor false"),
        ("--grpc_channel_arguments=a=1,b", "'b' is no key=value"),
        ("--num_tflite_pools=0", "0 is below 1"),
        ("--num_tflite_pools=-1", "-1 is below 1"),
        ("--num_tflite_pools=x", "'x' is no whole number"),
        ("--threads_per_run=-1", "-1 is below 0"),
        ("--max_body_bytes=0", "0 is below 1"),
        ("--request_head_timeout_s=-1", "-1 is no time in seconds: expected 0 to 1000000000"),
        ("--request_head_timeout_s=nan", "nan is no time in seconds: expected 0 to 1000000000"),
        ("--request_head_timeout_s=soon", "'soon' is no number"),
        ("--runtime=tensorflow", "'tensorflow' is not one of auto, litert"),
        ("--log_level=loud", "'loud' is not one of debug, info, warning, error"),
        ("--image_mean=1,2", "neither one number nor three"),
        ("--no_such_flag=1", "unrecognized arguments: --no_such_flag=1"),
        ("--model_nam=x", "unrecognized arguments"),
        ("-port=1", "unrecognized arguments"),
        ("--", "unrecognized arguments: --"),
        ("x", "unrecognized arguments: x"),
    ] {
        let said = refused(&[flag]);
        assert!(said.contains(text), "{said}");
        assert!(said.starts_with("usage: firstserve serve [--FLAG=VALUE ...]"));
    }
}

#[test]
fn a_bad_variable_is_named() {
    let said = refused_in(&[("FIRSTSERVE_NUM_TFLITE_POOLS", "many")], &[]);
    assert!(said.ends_with("firstserve serve: error: FIRSTSERVE_NUM_TFLITE_POOLS: 'many' is no whole number\n"));
}

#[test]
fn model_server_answers_a_bad_value_with_usage_and_255() {
    for argument in ["--port=grpc", "--enable_batching=1x", "--load_retry_interval_micros=1.5"] {
        let ended = ended(model_server(&[argument]).0);
        assert_eq!(ended.status, 255);
        assert!(ended.out.starts_with("usage: tensorflow_model_server\nFlags:\n\t--port=8500 "));
        let name = argument.split('=').next().unwrap_or_default();
        assert!(ended.err.starts_with(&format!("tensorflow_model_server: argument {name}: ")));
    }
}

#[test]
fn model_server_tells_the_first_unknown_argument_and_goes_on() {
    let (command, said) = model_server(&["--no_such_flag=1", "serve", "--rest_api_port=8501"]);
    assert_eq!(http(&super::settings_of(command)).port, 8501);
    assert!(said.out.starts_with("unknown argument: --no_such_flag=1\nusage: tensorflow_model_server\n"));
}

#[test]
fn model_server_takes_no_value_that_stands_apart() {
    let (command, said) = model_server(&["--port", "9000"]);
    assert_eq!(super::grpc(&super::settings_of(command)).port, 8500);
    assert!(said.out.starts_with("unknown argument: --port\n"));
}

#[test]
fn a_flag_that_misses_its_effect_is_told_where_it_is_set() {
    let flags = [
        "--mixed_precision=bfloat16",
        "--enable_profiler",
        "--num_load_threads=4",
        "--use_alts_credentials=false",
        "--per_process_gpu_memory_fraction=0",
        "--skip_initialize_tpu",
        "--skip_initialize_tpu=false",
    ];
    assert_eq!(said(&flags).err, "firstserve: --mixed_precision is accepted and has no effect here\n");
}

#[test]
fn batching_is_told_to_have_no_effect() {
    assert_eq!(
        said(&["--enable_batching", "--batching_parameters_file=/b.txt"]).err,
        "firstserve: --enable_batching is accepted and has no effect here: as in TensorFlow Serving, requests for a \
         .tflite model are run as they come\n"
    );
}

#[test]
fn versions_are_printed() {
    for program in ["server_rust_fastest", "tensorflow_model_server"] {
        let ended = ended(read_as(program, &["--version"], &[]).0);
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(ended.status, 0);
        assert_eq!(ended.out, format!("TensorFlow ModelServer: {version}+firstserve\nTensorFlow Library: none\n"));
    }
}

#[test]
fn a_probe_takes_a_folder_and_the_runtime_s_flags() {
    let flags = ["probe", "/models/m/1", "--litert_library=/l.so", "--threads_per_run=2"];
    for program in ["server_rust_fastest", "/usr/bin/tensorflow_model_server"] {
        let (Command::Probe(folder, runtime), _) = read_as(program, &flags, &[]) else { panic!("no probe") };
        assert_eq!(folder.to_str(), Some("/models/m/1"));
        assert_eq!((runtime.library, runtime.threads), (Some("/l.so".into()), 2));
    }
}

#[test]
fn a_probe_of_anything_but_one_folder_is_refused() {
    for flags in [&["probe"][..], &["probe", "/a", "/b"], &["probe", "--no_such_flag"]] {
        assert!(refused(flags).ends_with("firstserve probe: error: expected one version folder\n"));
    }
}
