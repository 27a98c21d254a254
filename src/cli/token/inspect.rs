//! `doorward token inspect`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::input::read;
use crate::cli::exit::{Failure, print};
use crate::cli::output::{BAD, GOOD, WARNING, note, styled};
use crate::domain::{Clock, Timestamp, visible_json};
use crate::jose::decode_base64url;
use crate::platform::SystemClock;

#[derive(Args)]
pub(in crate::cli) struct Inspect {
    /// File with the token; `-` for stdin
    #[arg(long, default_value = "-")]
    token_file: PathBuf,
}

const COPY_HINT: &str = "hint: copy the whole token; an opaque one has nothing to decode";

impl Inspect {
    /// Prints header and claims, marked as not verified. The signature is not printed: with it, the
    /// output would be a token.
    pub(in crate::cli) fn run(self) -> Result<(), Failure> {
        let text = read(&self.token_file)?;
        let token = text.trim();
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
        if token.is_empty() {
            return Err(Failure::failed(NO_TOKEN));
        }
        let parts: Vec<&str> = token.splitn(6, '.').collect();
        let &[header, payload, _] = parts.as_slice() else {
            return Err(Failure::failed(format!(
                "a compact JWS has three parts, this has {}\n{COPY_HINT}",
                parts.len()
            )));
        };
        let (header, claims) = (decoded("header", header)?, decoded("payload", payload)?);
        note(styled(
            WARNING,
            "not verified: anyone can have written this",
        ));
        for date in dates(&claims, SystemClock.now()) {
            note(date);
        }
        let shown = json!({"verified": false, "header": header, "claims": claims});
        // The token may come from anyone, with characters that move the cursor or change the
        // direction of the text around them. So they are made visible.
        print(&visible_json(&format!("{shown:#}\n")))
    }
}

/// Describes the times in the claims, for people. A claim that is no number is left out; verifying
/// the token refuses it.
fn dates(claims: &Value, now: Timestamp) -> Vec<String> {
    let described = DATES.iter().filter_map(|(name, past, future)| {
        let Value::Number(date) = claims.get(*name)? else {
            return None;
        };
        let date = Timestamp::floor(date);
        let style = match (*name, date.distance_from(now).is_past()) {
            ("exp", true) | ("nbf" | "iat", false) => BAD,
            _ => GOOD,
        };
        Some(styled(style, date.describe(now, past, future)))
    });
    described.collect()
}

const NO_TOKEN: &str = "\
there is no token in the input
hint: pipe it, or name its file with --token-file";

/// The claims that are times, with the verbs for a past and a future one.
const DATES: [(&str, &str, &str); 3] = [
    ("exp", "expired", "expires"),
    ("nbf", "began", "begins"),
    ("iat", "issued", "to be issued"),
];

fn decoded(name: &str, part: &str) -> Result<Value, Failure> {
    let bytes = decode_base64url(part)
        .ok_or_else(|| Failure::failed(format!("the {name} is not base64url\n{COPY_HINT}")))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::failed(format!("the {name} is not JSON: {error}\n{COPY_HINT}")))
}
