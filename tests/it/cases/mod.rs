//! The cases of `docs/cases.md`; each test is named after its case.

mod claims;
mod claims_to_headers;
mod denials;
mod index;
mod json_texts;
mod key_documents;
pub mod key_fetching;
pub mod key_life_cycle;
mod key_rotation;
mod keys_and_algorithms;
mod operations;
mod reloading;
mod request_handling;
mod routes;
mod set_clocks;
mod signatures;
mod single_keys;
mod stuck_files;
mod supply_chain;
mod token_cache;
mod token_cache_bounds;
mod token_structure;
mod unknown_keys;
mod wall_clock;
mod wire;
mod wrong_settings;
