//! Ports: port flags and PORT -> where gRPC and HTTP listen.
//!
//! PORT is how serverless platforms name the one port that they connect to. Flags for ports win over it.

use std::path::PathBuf;

use super::command_line::{Environment, Program};
use super::flags::Flags;
use super::kinds::port;
use super::refusal::Refusal;
use crate::error::Error;

/// Where to listen.
#[derive(Debug, PartialEq, Eq)]
pub struct Ports {
    /// HTTP's; 0 is any that is free.
    pub http: Option<u16>,
    /// Whether gRPC is spoken on HTTP's port as well.
    pub http_with_grpc: bool,
    /// gRPC's own; 0 is none.
    pub grpc: u16,
    pub grpc_socket_path: Option<PathBuf>,
    /// Whether gRPC was asked for, rather than put beside HTTP on PORT.
    pub is_grpc_asked_for: bool,
}

/// # Errors
/// Where there is nowhere to listen, where `tensorflow_model_server` gets no place for gRPC, and where PORT is none.
pub fn choose_ports(program: Program, flags: &Flags, environment: Environment) -> Result<Ports, Refusal> {
    let platform = platform_port(program, environment)?;
    let http = match platform {
        Some(port) if !flags.is_given("rest_api_port") => Some(port),
        _ => Some(flags.rest_api_port).filter(|&port| port != 0),
    };
    let is_beside_http = platform.is_some() && !flags.is_given("port");
    let grpc = if is_beside_http { 0 } else { flags.port };
    let grpc_socket_path = Some(&flags.grpc_socket_path).filter(|path| !path.is_empty()).map(PathBuf::from);
    let is_grpc_asked_for = grpc != 0 || grpc_socket_path.is_some();
    if !is_grpc_asked_for && program == Program::ModelServer {
        return Err(Refusal::Start(Error::invalid_argument(
            "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.",
        )));
    }
    if !is_grpc_asked_for && http.is_none() {
        return Err(Refusal::Flags("there is no port to listen on: give one by --rest_api_port or --port".to_owned()));
    }
    let is_one_port = grpc != 0 && http == Some(grpc);
    Ok(Ports {
        http,
        http_with_grpc: http.is_some() && (is_beside_http || is_one_port),
        grpc: if is_one_port { 0 } else { grpc },
        grpc_socket_path,
        is_grpc_asked_for,
    })
}

fn platform_port(program: Program, environment: Environment) -> Result<Option<u16>, Refusal> {
    match environment("PORT").filter(|text| program == Program::Serve && !text.is_empty()) {
        Some(text) => port(&text).map(Some).map_err(|fault| Refusal::Flags(format!("PORT: {fault}"))),
        None => Ok(None),
    }
}
