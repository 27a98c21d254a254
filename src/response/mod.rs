//! TODO

mod challenge;
mod denial_responses;

pub use denial_responses::{DenialAnswer, DenialAnswers};
