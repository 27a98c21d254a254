//! The results of a check, as `--output json` shows them.

use serde::Serialize;

use super::directory::DirectoryReport;
use super::introspection::IntrospectionReport;
use crate::cli::fixtures::FixtureReport;
use crate::cli::keys::NoKeys;
use crate::config_reader::Problem;
use crate::jose::{Algorithm, KeySet};

/// The results of a check. `docs/check.schema.json` describes its form.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) outcome: Outcome,
    pub(super) problems: Vec<ProblemReport>,
    pub(super) warnings: Vec<String>,
    pub(super) certificate_not_after: Option<String>,
    pub(super) issuers: Vec<IssuerReport>,
    pub(super) credential_lists: Vec<CredentialListReport>,
    pub(super) directory: Option<DirectoryReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) introspection: Vec<IntrospectionReport>,
    pub(super) fixtures: Option<FixtureReport>,
}

/// The outcome of a check, which is also the exit code.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// Nothing is wrong.
    #[default]
    Ok,
    /// Keys could not be fetched, or a fixture failed.
    Failed,
    /// The configuration, or a file of fixtures, has problems.
    Refused,
}

/// One problem of the configuration.
#[derive(Debug, Serialize)]
pub(super) struct ProblemReport {
    pub(super) place: String,
    pub(super) message: String,
    pub(super) hint: String,
}

/// One list of credentials: API keys, or users with passwords.
#[derive(Debug, Serialize)]
pub(super) struct CredentialListReport {
    pub(super) name: &'static str,
    pub(super) entries: usize,
}

/// One issuer and its keys.
#[derive(Debug, Default, Serialize)]
pub(super) struct IssuerReport {
    pub(super) name: String,
    pub(super) fetched_through: Option<String>,
    pub(super) keys_tried: bool,
    pub(super) keys: Vec<KeyReport>,
    pub(super) encryption_keys: Vec<Option<String>>,
    pub(super) refused_keys: Vec<RefusedKeyReport>,
    pub(super) error: Option<String>,
    pub(super) hint: Option<String>,
}

/// A key that tokens may be verified with.
#[derive(Debug, Serialize)]
pub(super) struct KeyReport {
    pub(super) id: Option<String>,
    pub(super) algorithms: Vec<&'static str>,
    pub(super) private_part_published: bool,
}

/// A key that is not used.
#[derive(Debug, Serialize)]
pub(super) struct RefusedKeyReport {
    pub(super) id: Option<String>,
    pub(super) reason: String,
}

impl From<&Problem> for ProblemReport {
    fn from(problem: &Problem) -> Self {
        Self {
            place: problem.place().to_owned(),
            message: problem.message().to_owned(),
            hint: problem.hint().to_owned(),
        }
    }
}

impl IssuerReport {
    /// Notes the keys that were found.
    pub(super) fn found(&mut self, keys: &KeySet) {
        self.keys_tried = true;
        let published = keys.published();
        self.keys = published
            .iter()
            .map(|key| KeyReport {
                id: key.first().id().map(ToOwned::to_owned),
                algorithms: key.algorithms().map(Algorithm::name).collect(),
                private_part_published: key.is_private_part_published(),
            })
            .collect();
        self.encryption_keys = keys
            .for_encryption()
            .map(|id| id.map(ToOwned::to_owned))
            .collect();
        self.refused_keys = keys
            .refused()
            .iter()
            .map(|key| RefusedKeyReport {
                id: key.id.clone(),
                reason: key.refusal.to_string(),
            })
            .collect();
    }

    /// Notes why there are no keys.
    pub(super) fn missed(&mut self, no_keys: NoKeys) {
        self.keys_tried = true;
        self.error = Some(no_keys.error);
        self.hint = no_keys.hint;
    }
}
