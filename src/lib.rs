//! doorward: forward-auth verification for reverse proxies.
//!
//! The floors of the house, from the ground up; a module uses its own floor's room and lower floors
//! only.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::disallowed_methods,
        clippy::too_many_lines
    )
)]

pub mod app;
pub mod cli;
pub mod config;
pub mod config_reader;
pub mod demo;
pub mod domain;
pub mod extract;
pub mod fixtures;
pub mod gate;
pub mod grpc;
pub mod http;
pub mod issuers;
pub mod jose;
pub mod outbound;
pub mod platform;
pub mod policy;
pub mod proxy_files;
pub mod response;
pub mod telemetry;
pub mod verify;
