//! All integration tests, in one binary: they start the service and talk to it over sockets.
#![allow(clippy::disallowed_methods)] // of the service
#![allow(clippy::float_cmp)] // of counters, which are whole numbers
#![allow(clippy::too_many_lines)] // a table of cases is read from top to bottom
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
// A test binary has no outside, so `pub` says only "for the neighbours".
#![allow(unreachable_pub)]

mod support;

// The comparison of `make differential`, in small; what its tables need is not used here.
#[allow(dead_code)]
#[path = "../differential/comparison/mod.rs"]
mod comparison;

mod activation;
mod admin;
mod admin_access;
mod architecture;
mod browsers;
mod caddy;
mod cases;
mod check;
mod cli;
mod config_proxy;
mod configuration;
mod configuration_file;
mod configuration_problems;
mod decorators;
mod demo;
mod deploy;
mod directory;
mod envoy;
mod envoy_dialect;
mod envoy_grpc;
mod examples;
mod explain;
mod failure_limit;
mod fixtures;
mod fuzz_corpora;
mod generated_docs;
mod glewlwyd;
mod grpc;
mod grpc_bounds;
mod grpc_listener;
mod guard;
mod hang_up;
mod haproxy;
mod hints;
mod hung_mount;
mod introspection;
mod keycloak;
mod leftovers;
mod links;
mod listed;
mod listeners;
mod logging;
mod method_override;
mod mistakes;
mod nginx;
mod notify;
mod oauth2_proxy;
mod odd_paths;
mod oidc_provider;
mod page_blocks;
mod presets;
mod prometheus;
mod properties;
mod providers;
mod proxy_matrix;
mod proxy_pages;
mod readme;
mod reasons;
mod reload;
mod rfc_examples;
mod route_settings;
mod routes;
mod schema;
mod second_opinion;
mod smoke;
mod spans;
mod start;
mod tls;
mod token_sources;
mod traefik;
mod unusable_requests;
mod upstreams;
mod user_row;
mod vectors;
