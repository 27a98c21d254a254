//! The answer of an issuer about a token, in the form in which it is kept.

use std::sync::Arc;

use crate::domain::{Moment, Timestamp};

/// The answer of an issuer about a token.
///
/// It has no `Debug` on purpose: it may hold claims.
#[derive(Clone)]
pub enum Verdict {
    /// The token is active.
    Active(KeptAnswer),
    /// It is not.
    Inactive,
}

/// The answer about an active token. Each request that waited for it reads it with the rules of its
/// own configuration.
#[derive(Clone)]
pub struct KeptAnswer {
    /// The answer: a strict JSON object whose `active` is `true`.
    pub text: Arc<str>,
    /// The time at which the issuer was asked.
    pub asked_at: Moment,
    /// The end of the token by the answer (`exp`). After it the answer says nothing any more.
    pub ends: Option<Timestamp>,
}
