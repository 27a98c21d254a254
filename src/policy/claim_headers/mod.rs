//! Claims as response headers, for the proxy to hand to the application.

mod render;

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::domain::{ClaimPath, ExplainStep, Reason};
use crate::jose::Json;
use crate::verify::VerifiedToken;

/// One claim as one header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeader {
    /// The path of the claim.
    pub claim: ClaimPath,
    /// The header's name.
    pub header: String,
    /// The separator between the elements of an array.
    pub separator: String,
    /// The encoding of the value.
    pub encoding: ClaimEncoding,
}

/// The encoding of a claim's value in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimEncoding {
    /// As it is, with what a header cannot hold percent-encoded.
    Percent,
    /// In base64url without padding: a text as its UTF-8, anything else as its JSON.
    Base64url,
}

/// All claims that become headers, and how much room they may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeaders {
    list: Vec<ClaimHeader>,
    max_bytes: usize,
    aliases: Vec<String>,
}

impl ClaimHeaders {
    /// Creates headers of at most `max_bytes` altogether, counted as they are on the wire.
    pub fn new(list: Vec<ClaimHeader>, max_bytes: usize) -> Self {
        let aliases = list
            .iter()
            .flat_map(|mapped| aliases(&mapped.header.to_ascii_lowercase()))
            .collect();
        Self {
            list,
            max_bytes,
            aliases,
        }
    }

    /// Iterates over the names of the headers, in the order of the configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|mapped| mapped.header.as_str())
    }

    /// Returns other spellings that applications read as one of the headers: CGI, WSGI and others read
    /// `X_Auth_Subject` as `X-Auth-Subject`. In lower case.
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// Explains the headers that the application gets with these values.
    pub fn describe(&self, values: Option<&[Bytes]>) -> ExplainStep {
        let values = values.unwrap_or_default();
        let pairs = self.names().zip(values);
        let told = pairs.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)));
        let expected = format!("at most {} bytes", self.max_bytes);
        ExplainStep::passed(
            "claim headers",
            expected,
            told.collect::<Vec<_>>().join("; "),
        )
    }

    /// Returns the values, one for each header. A value is empty if the token lacks the claim, so that
    /// a proxy that copies the header overwrites one that the client may have sent.
    pub fn render(&self, token: &VerifiedToken) -> Result<Box<[Bytes]>, Reason> {
        let (mut text, mut names) = (String::with_capacity(128), 0);
        let lengths = self.list.iter().map(|mapped| {
            let start = text.len();
            mapped.render(token, &mut text)?;
            // name ": " value CR LF
            names += mapped.header.len() + 4;
            // Never cut: half a list of groups is another list of groups.
            if names + text.len() > self.max_bytes {
                Err(Reason::ClaimHeadersTooLarge)
            } else {
                Ok(text.len() - start)
            }
        });
        let lengths = lengths.collect::<Result<Vec<_>, _>>()?;
        // One piece of memory, of which each value is a part: that takes less than one for each.
        text.shrink_to_fit();
        let mut rest = Bytes::from(text);
        Ok(lengths
            .into_iter()
            .map(|length| rest.split_to(length))
            .collect())
    }
}

/// With more dashes than this, a name has more spellings than anybody wants to list.
const MOST_DASHES: usize = 3;

fn aliases(name: &str) -> Vec<String> {
    if name.matches('-').count() > MOST_DASHES {
        return vec![name.replace('-', "_")];
    }
    let spellings = name
        .split_inclusive('-')
        .fold(vec![String::new()], |begun, part| {
            let parts = BTreeSet::from([part.to_owned(), part.replace('-', "_")]);
            begun
                .iter()
                .flat_map(|start| parts.iter().map(move |part| format!("{start}{part}")))
                .collect()
        });
    spellings
        .into_iter()
        .filter(|spelling| spelling != name)
        .collect()
}

impl ClaimHeader {
    fn render(&self, token: &VerifiedToken, text: &mut String) -> Result<(), Reason> {
        if self.claim.is_name("scope") && self.encoding == ClaimEncoding::Percent {
            render::list(token.scopes().iter(), " ", text);
            return Ok(());
        }
        let Some(claim) = self.find(token) else {
            return Ok(());
        };
        match self.encoding {
            ClaimEncoding::Percent => render::value(claim, &self.separator, text),
            ClaimEncoding::Base64url => render::base64url(claim, text),
        }
    }

    fn find<'a>(&self, token: &'a VerifiedToken) -> Option<Json<'a>> {
        let found = token.find(&self.claim);
        // Some providers call the client's name `azp` (OpenID Connect Core section 2).
        if found.is_none() && self.claim.is_name("client_id") {
            token.claims().member("azp")
        } else {
            found
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_but_the_own_is_an_alias() {
        assert_eq!(
            aliases("x-auth-id"),
            ["x-auth_id", "x_auth-id", "x_auth_id"]
        );
        assert_eq!(aliases("subject"), [""; 0]);
        assert_eq!(aliases("x-a-b-c-d"), ["x_a_b_c_d"]);
        assert_eq!(aliases("x-a-b-c").len(), 7);
    }
}
