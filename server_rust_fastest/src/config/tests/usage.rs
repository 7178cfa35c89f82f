use super::{ended, read_as};
use crate::config::command_line::all_flags;
use crate::config::flag::{DefaultValue, Flag};
use crate::config::usage::meaning;

/// As in docs/flags.md.
fn row(flag: &Flag) -> String {
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
    let default = match flag.default {
        DefaultValue::Text(text) => code(text),
        _ => flag.default.told().into_owned(),
    };
    let serve_default = flag.serve_default.map(|text| format!("; `firstserve serve`: {}", code(text)));
    let default = default + &serve_default.unwrap_or_default();
    format!("| `--{}` | {} | {default} | {} |", flag.name, flag.kind.name(), meaning(flag))
}

fn help(program: &str, flag: &str) -> String {
    let ended = ended(read_as(program, &[flag], &[]).0);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""));
    ended.out
}

#[test]
fn help_lists_all_flags_and_ends_well() {
    for (program, name) in [("x", "firstserve serve"), ("tensorflow_model_server", "tensorflow_model_server")] {
        for flag in ["--help", "-h"] {
            let said = help(program, flag);
            assert!(said.starts_with(&format!("usage: {name}")));
            assert!(all_flags().all(|flag| said.contains(&format!("--{}", flag.name))));
        }
    }
}

#[test]
fn help_of_serve_tells_defaults_and_twins() {
    let said: Vec<String> = help("x", "--help").split_whitespace().map(str::to_owned).collect();
    let said = said.join(" ");
    for text in [
        "(default: 8501; FIRSTSERVE_REST_API_PORT)",
        "(default: model; FIRSTSERVE_MODEL_NAME or MODEL_NAME)",
        "(default: the number of CPUs; FIRSTSERVE_NUM_TFLITE_POOLS)",
    ] {
        assert!(said.contains(text), "{text}");
    }
}

#[test]
fn help_of_serve_keeps_to_its_width() {
    let said = help("x", "--help");
    let flags = said.lines().skip_while(|line| !line.starts_with("  --"));
    assert!(flags.clone().count() > all_flags().count());
    assert!(flags.into_iter().all(|line| line.chars().count() <= 100));
}

#[test]
fn usage_of_model_server_has_tensorflow_servings_form() {
    let said = help("tensorflow_model_server", "--help");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[..2], ["usage: tensorflow_model_server", "Flags:"]);
    assert!(lines[8].starts_with("\t--model_name=\"default\"           \tstring\tthe name of the one model."));
    assert!(lines[2..].iter().all(|line| line.matches('\t').count() == 3));
}

fn rows_of(name: &str) -> Vec<String> {
    let file = format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).expect(name);
    text.lines().filter(|line| line.starts_with("| `--")).map(str::to_owned).collect()
}

#[test]
fn every_flag_of_the_servers_in_python_is_taken() {
    let starts: Vec<String> = all_flags().map(|flag| format!("| `--{}` |", flag.name)).collect();
    let is_taken = |row: &String| starts.iter().any(|start| row.starts_with(start));
    assert_eq!(rows_of("flags.md").into_iter().find(|row| !is_taken(row)), None);
}

#[test]
fn the_reference_tells_what_differs() {
    let shared = rows_of("flags.md");
    let differing: Vec<String> = all_flags().map(row).filter(|row| !shared.contains(row)).collect();
    let wanted = differing.join("\n");
    assert_eq!(rows_of("flags_rust.md").join("\n"), wanted, "the table in docs/flags_rust.md should be\n{wanted}\n");
}
