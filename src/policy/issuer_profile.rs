//! The profile of an issuer.

use std::sync::Arc;
use std::time::Duration;

use super::{AcceptedSchemes, ScopeRequirement};
use crate::domain::{CredentialScheme, IssuerIndex, Scopes};
use crate::extract::TokenSource;
use crate::verify::Expectations;

/// The profile of an issuer: what its credentials must satisfy, and how they may be
/// presented. Its keys are not part of it.
#[derive(Debug)]
pub struct IssuerProfile {
    /// Its position among the issuers.
    pub index: IssuerIndex,
    /// Its label in logs and metrics.
    pub name: Arc<str>,
    /// The expectations that the claims of its tokens must satisfy.
    pub expectations: Expectations,
    /// The scopes that its tokens must grant.
    pub required_scopes: ScopeRequirement,
    /// The sources that its credentials may come from.
    pub sources: AcceptedSources,
    /// The schemes that its credentials may be presented with.
    pub schemes: AcceptedSchemes,
    /// How long its principals are kept at most, in place of the general time.
    pub kept_for: Option<Duration>,
}

/// The sources that an issuer's credentials may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedSources {
    /// All sources that a route looks at.
    OfRoute,
    /// These sources, where a route looks at them.
    These(Box<[TokenSource]>),
}

impl IssuerProfile {
    /// Makes the profile of an issuer whose bearer tokens may come from every source of a route.
    pub fn new(
        index: IssuerIndex,
        name: Arc<str>,
        expectations: Expectations,
        required_scopes: ScopeRequirement,
    ) -> Self {
        Self {
            index,
            name,
            expectations,
            required_scopes,
            sources: AcceptedSources::OfRoute,
            schemes: AcceptedSchemes::BEARER,
            kept_for: None,
        }
    }

    /// Makes the profile of a list that the operator keeps. What is in it is taken as it is: no
    /// audience, no leeway.
    pub fn of_list(index: IssuerIndex, name: &str, scheme: CredentialScheme) -> Self {
        let expectations = Expectations::none();
        let no_scopes = ScopeRequirement::all_of(Scopes::default());
        Self {
            schemes: AcceptedSchemes::only(scheme),
            ..Self::new(index, name.into(), expectations, no_scopes)
        }
    }

    /// Returns whether its credentials may come from this source, presented with this scheme.
    pub(super) fn takes(&self, source: &TokenSource, scheme: CredentialScheme) -> bool {
        let takes_source = match &self.sources {
            AcceptedSources::OfRoute => true,
            AcceptedSources::These(sources) => sources.contains(source),
        };
        takes_source && self.schemes.contain(scheme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::requirement::tests::profile;

    #[test]
    fn both_the_source_and_the_scheme_must_be_accepted() {
        let source = |text: &str| text.parse::<TokenSource>().unwrap();
        let header = AcceptedSources::These([source("header:x-token")].into());
        let (bearer, basic) = (
            AcceptedSchemes::BEARER,
            AcceptedSchemes::only(CredentialScheme::Basic),
        );
        for (sources, schemes, from_header, from_cookie) in [
            (&AcceptedSources::OfRoute, bearer, true, true),
            (&header, bearer, true, false),
            (&AcceptedSources::OfRoute, basic, false, false),
        ] {
            let profile = IssuerProfile {
                sources: sources.clone(),
                schemes,
                ..profile()
            };
            let takes = |text| profile.takes(&source(text), CredentialScheme::Bearer);
            assert_eq!(
                (takes("header:x-token"), takes("cookie:at")),
                (from_header, from_cookie),
                "{profile:?}"
            );
        }
    }
}
