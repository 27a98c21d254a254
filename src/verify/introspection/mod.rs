//! Answers about tokens from introspection endpoints (RFC 7662 section 2.2, RFC 9701).

mod answer;
mod kind;
mod merge;
mod signed;

pub use answer::{ActiveToken, IntrospectionAnswer, UnreadableAnswer};
pub use kind::TokenKindRule;
pub use merge::Contradiction;
pub use signed::SignedAnswer;
