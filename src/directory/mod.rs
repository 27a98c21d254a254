//! Layer 6: the directory of users.

use crate::domain::{Denial, Explain, RequestContext};
use crate::policy::{Identity, Rules};

/// The directory of users, if there is one.
pub enum Directory {
    /// There is none.
    Off,
    /// These rows, by `sub`.
    #[cfg(test)]
    Rows(std::collections::HashMap<&'static str, std::sync::Arc<crate::policy::UserRow>>),
}

impl Directory {
    /// Looks up the user of this identity, if the rules need one, and returns the identity with the
    /// user's row.
    pub async fn look_up(
        &self,
        identity: Identity,
        rules: &Rules,
        cx: &mut RequestContext<'_, impl Explain>,
    ) -> Result<Identity, Denial> {
        match (self, cx.now) {
            _ if !rules.needs_user => Ok(identity),
            (Self::Off, _) => Ok(identity),
            #[cfg(test)]
            (Self::Rows(rows), now) => {
                let principal = identity.principal().clone();
                let kept = principal.kept_user(now);
                let subject = principal.token().claims().member("sub");
                let subject = subject.and_then(|subject| subject.string());
                let found = || rows.get(&*subject?).cloned();
                let row = kept
                    .or_else(found)
                    .ok_or(crate::domain::Reason::PolicyDenied)?;
                principal.keep_user(row.clone(), now.plus(std::time::Duration::from_secs(30)));
                Ok(identity.with_user(row))
            }
        }
    }
}
