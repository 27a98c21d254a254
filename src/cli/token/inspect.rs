//! `doorward token inspect`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::input::read;
use crate::cli::exit::{Failure, print};
use crate::domain::visible_json;
use crate::jose::decode_base64url;

#[derive(Args)]
pub(in crate::cli) struct Inspect {
    /// File with the token; `-` for stdin
    #[arg(long, default_value = "-")]
    token_file: PathBuf,
}

impl Inspect {
    /// Prints header and claims, marked as not verified. The signature is not printed: with it, the
    /// output would be a token.
    pub(in crate::cli) fn run(self) -> Result<(), Failure> {
        let text = read(&self.token_file)?;
        let token = text.trim();
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
        let parts: Vec<&str> = token.splitn(6, '.').collect();
        let &[header, payload, _] = parts.as_slice() else {
            return Err(Failure::failed(format!(
                "a compact JWS has three parts, this has {}",
                parts.len()
            )));
        };
        let shown = json!({
            "verified": false,
            "header": decoded("header", header)?,
            "claims": decoded("payload", payload)?,
        });
        eprintln!("not verified: anyone can have written this");
        // The token may come from anyone, with characters that move the cursor or change the
        // direction of the text around them. So they are made visible.
        print(&visible_json(&format!("{shown:#}\n")))
    }
}

fn decoded(name: &str, part: &str) -> Result<Value, Failure> {
    let bytes = decode_base64url(part)
        .ok_or_else(|| Failure::failed(format!("the {name} is not base64url")))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::failed(format!("the {name} is not JSON: {error}")))
}
