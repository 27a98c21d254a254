//! Claims as response headers, for the proxy to hand to the application.

use bytes::Bytes;

use super::render;
use crate::domain::{ClaimPath, Reason};
use crate::jose::Json;
use crate::verify::VerifiedToken;

/// One claim as one header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeader {
    /// Where the claim stands.
    pub claim: ClaimPath,
    /// The header's name.
    pub header: String,
    /// What stands between the elements of an array.
    pub separator: String,
}

/// All claims that become headers, and how much room they may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeaders {
    list: Vec<ClaimHeader>,
    max_bytes: usize,
}

impl ClaimHeaders {
    /// These, in at most so many bytes altogether, counted as they stand on the wire.
    pub fn new(list: Vec<ClaimHeader>, max_bytes: usize) -> Self {
        Self { list, max_bytes }
    }

    /// The names of the headers, in the order of their configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|mapped| mapped.header.as_str())
    }

    /// The values, one for each header; empty where the token lacks the claim, so that a proxy that copies the header
    /// overwrites the one a client may have sent.
    pub(super) fn render(&self, token: &VerifiedToken) -> Result<Box<[Bytes]>, Reason> {
        let mut total = 0;
        let values = self.list.iter().map(|mapped| {
            let value = mapped.value(token)?;
            // name ": " value CR LF
            total += mapped.header.len() + value.len() + 4;
            // Never cut: half a list of groups is another list of groups.
            if total > self.max_bytes { Err(Reason::ClaimHeadersTooLarge) } else { Ok(Bytes::from(value)) }
        });
        values.collect()
    }
}

impl ClaimHeader {
    fn value(&self, token: &VerifiedToken) -> Result<String, Reason> {
        if self.claim.is_name("scope") {
            return Ok(render::list(token.scopes().iter(), " "));
        }
        self.find(token).map_or_else(|| Ok(String::new()), |claim| render::value(claim, &self.separator))
    }

    fn find<'a>(&self, token: &'a VerifiedToken) -> Option<Json<'a>> {
        let found = token.claims().find(&self.claim);
        // Some providers call the client's name `azp` (OpenID Connect Core section 2).
        if found.is_none() && self.claim.is_name("client_id") { token.claims().member("azp") } else { found }
    }
}
