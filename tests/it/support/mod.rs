//! The test harness.
//!
//! ```ignore
//! let idp = TestIssuer::new();
//! let gate = TestGate::new().trusting(&idp).spawn();
//! let answer = gate.get("/verify").bearer(&idp.token().subject("alice").sign()).send();
//! assert_eq!(answer.status, 200);
//! ```

mod clock;
mod gate;
mod http;
mod issuer;
mod process;
mod token;

pub use clock::TestClock;
pub use gate::{GateBuilder, TestGate};
pub use http::{Answer, Client, Request};
pub use issuer::{TestIssuer, key};
pub use process::{Service, doorward};
pub use token::TokenBuilder;
