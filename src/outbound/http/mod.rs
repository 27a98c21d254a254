//! TODO

mod address;
mod client;
mod egress;
mod no_proxy;
mod otlp;

pub use address::AddressRule;
pub use client::{
    Answer, Ask, EntityTag, FetchError, Fetched, HttpClient, InvalidClient, in_words,
};
pub use egress::{Egress, ProxyName};
pub use otlp::Courier;
