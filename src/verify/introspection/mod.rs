//! What an issuer answers that is asked about a token (RFC 7662 section 2.2).

mod answer;
mod kind;
mod merge;
mod signed;

pub use answer::{ActiveToken, IntrospectionAnswer, UnreadableAnswer};
pub use kind::TokenKindRule;
pub use merge::Contradiction;
pub use signed::SignedAnswer;
