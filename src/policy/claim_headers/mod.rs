//! Claims, and columns of the user's row, as response headers, for the proxy to hand to the
//! application.

mod render;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::{ClaimPath, ExplainStep, Reason};
use crate::jose::Json;
use crate::verify::VerifiedToken;

/// One claim, or one column of the user's row, as one header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeader {
    /// The origin of the value.
    pub origin: HeaderOrigin,
    /// The path of the claim, or of the column.
    pub claim: ClaimPath,
    /// The header's name.
    pub header: String,
    /// The separator between the elements of an array.
    pub separator: String,
    /// The encoding of the value.
    pub encoding: ClaimEncoding,
}

/// The origin of a header's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderOrigin {
    /// The claims of the token.
    Token,
    /// The row of the user in the directory.
    User,
}

/// The encoding of a claim's value in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimEncoding {
    /// The text, with what a header cannot hold percent-encoded.
    Percent,
    /// In base64url without padding: a text as its UTF-8, anything else as its JSON.
    Base64url,
}

/// All claims and columns that become headers, and how much room they may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeaders {
    of_claims: Vec<ClaimHeader>,
    of_columns: Arc<[ClaimHeader]>,
    max_bytes: usize,
    aliases: Vec<String>,
}

/// The values of some headers, one for each.
#[derive(Debug)]
pub struct RenderedHeaders {
    /// The values, in the order of the headers.
    pub values: Box<[Bytes]>,
    /// The bytes that they take on the wire.
    pub bytes: usize,
}

impl RenderedHeaders {
    /// Returns about how many bytes the values take in memory.
    pub fn size(&self) -> usize {
        let values = self.values.iter();
        values.map(|value| value.len() + size_of::<Bytes>()).sum()
    }
}

impl ClaimHeaders {
    /// Creates headers of at most `max_bytes` altogether, counted as they are on the wire.
    pub fn new(list: Vec<ClaimHeader>, max_bytes: usize) -> Self {
        let (of_claims, of_columns): (Vec<_>, Vec<_>) = list
            .into_iter()
            .partition(|mapped| mapped.origin == HeaderOrigin::Token);
        let mut headers = Self {
            of_claims,
            of_columns: of_columns.into(),
            max_bytes,
            aliases: Vec::new(),
        };
        headers.aliases = headers
            .names()
            .flat_map(|name| aliases(&name.to_ascii_lowercase()))
            .collect();
        headers
    }

    /// Returns the names of the headers: those of claims in the order of their configuration, and
    /// then those of columns. The values of a permit have the same order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let list = self.of_claims.iter().chain(&*self.of_columns);
        list.map(|mapped| mapped.header.as_str())
    }

    /// Returns the headers that are made of columns.
    pub(super) const fn of_columns(&self) -> &Arc<[ClaimHeader]> {
        &self.of_columns
    }

    /// Returns `true` if a header is made of a column.
    pub fn read_user(&self) -> bool {
        !self.of_columns.is_empty()
    }

    /// Returns other spellings that applications read as one of the headers: CGI, WSGI and others
    /// read `X_Auth_Subject` as `X-Auth-Subject`. In lower case.
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// Explains the headers that the application gets with these values: those of claims, and in a
    /// step of their own those of columns.
    pub fn describe<'a>(
        &'a self,
        values: impl Iterator<Item = Option<&'a Bytes>>,
    ) -> impl IntoIterator<Item = ExplainStep> {
        let mut pairs = self.names().zip(values);
        let of_claims = describe_pairs(pairs.by_ref().take(self.of_claims.len()));
        let expected = format!("at most {} bytes", self.max_bytes);
        let of_claims = ExplainStep::passed("claim headers", expected, of_claims);
        let of_columns = self.read_user().then(|| {
            let expected = "in the room that the claims leave";
            ExplainStep::passed("user headers", expected, describe_pairs(pairs)).about_person()
        });
        [Some(of_claims), of_columns].into_iter().flatten()
    }

    /// Renders the values of claims, one for each of their headers; empty where the token lacks the
    /// claim, so that a proxy that copies the header overwrites the one a client may have sent.
    ///
    /// Fails with [`Reason::ClaimInvalid`] if a header cannot hold a claim, and with
    /// [`Reason::ClaimHeadersTooLarge`] if there is not enough room.
    pub fn render(&self, token: &VerifiedToken) -> Result<RenderedHeaders, Reason> {
        // The headers of columns are in every response too, if only without a value.
        let all = self.of_claims.iter().chain(&*self.of_columns);
        let names = all.map(ClaimHeader::frame).sum();
        self.render_list(&self.of_claims, names, |mapped, text| {
            mapped.render_claim(token, text)
        })
    }

    /// Renders the values of columns, one for each of their headers, and empty where `find` finds
    /// none. Their names are counted with the claims.
    ///
    /// Fails with [`Reason::DependencyUnavailable`] if a header cannot hold a column: that is the
    /// fault of the directory, and not of the client.
    pub(super) fn render_columns<'a>(
        &self,
        find: impl Fn(&ClaimPath) -> Option<Json<'a>>,
    ) -> Result<RenderedHeaders, Reason> {
        self.render_list(&self.of_columns, 0, |mapped, text| {
            let column = find(&mapped.claim);
            let rendered = column.map_or(Ok(()), |column| mapped.render(column, text));
            rendered.map_err(|_| Reason::DependencyUnavailable)
        })
    }

    /// Renders the values of these headers, beside names that take so many bytes.
    fn render_list(
        &self,
        list: &[ClaimHeader],
        names: usize,
        render: impl Fn(&ClaimHeader, &mut String) -> Result<(), Reason>,
    ) -> Result<RenderedHeaders, Reason> {
        let mut text = String::with_capacity(128);
        let lengths = list.iter().map(|mapped| {
            let start = text.len();
            render(mapped, &mut text)?;
            self.check_room(names + text.len())?;
            Ok(text.len() - start)
        });
        let lengths = lengths.collect::<Result<Vec<_>, _>>()?;
        let bytes = names + text.len();
        // One piece of memory, of which each value is a part: that takes less than one for each.
        text.shrink_to_fit();
        let mut rest = Bytes::from(text);
        let values = lengths.into_iter().map(|length| rest.split_to(length));
        let values = values.collect();
        Ok(RenderedHeaders { values, bytes })
    }

    /// Fails with [`Reason::ClaimHeadersTooLarge`] if headers of so many bytes take too much room.
    /// They are never cut: half a list of groups is another list of groups.
    pub(super) const fn check_room(&self, bytes: usize) -> Result<(), Reason> {
        if bytes > self.max_bytes {
            Err(Reason::ClaimHeadersTooLarge)
        } else {
            Ok(())
        }
    }
}

fn describe_pairs<'a>(pairs: impl Iterator<Item = (&'a str, Option<&'a Bytes>)>) -> String {
    let pairs = pairs.filter_map(|(name, value)| {
        let value = String::from_utf8_lossy(value?);
        Some(format!("{name}: {value}"))
    });
    pairs.collect::<Vec<_>>().join("; ")
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
    /// Returns the bytes that the header takes on the wire besides its value: name, `: `, CR LF.
    const fn frame(&self) -> usize {
        self.header.len() + 4
    }

    fn render_claim(&self, token: &VerifiedToken, text: &mut String) -> Result<(), Reason> {
        if self.claim.is_name("scope") && self.encoding == ClaimEncoding::Percent {
            render::list(token.scopes().iter(), " ", text);
            return Ok(());
        }
        self.find(token)
            .map_or(Ok(()), |claim| self.render(claim, text))
    }

    fn render(&self, value: Json<'_>, text: &mut String) -> Result<(), Reason> {
        match self.encoding {
            ClaimEncoding::Percent => render::value(value, &self.separator, text),
            ClaimEncoding::Base64url => render::base64url(value, text),
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
