//! The task that follows the file of a list.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::FollowedList;
use crate::config::{CredentialFile, CredentialList, ReadList, contents_digest};
use crate::domain::Clock;
use crate::telemetry::ListMetrics;

/// The interval at which the file is read. Its contents are compared: not every file system reports
/// changes, and a report does not help where symbolic links are replaced (Kubernetes).
const INTERVAL: Duration = Duration::from_secs(5);

/// The time for which changed contents must stay the same. The first half of a list that is being
/// written may be a valid list as well.
const SETTLE_TIME: Duration = Duration::from_secs(1);

/// Follows the file of a list. Nothing else writes to the list.
pub struct Follower<F: CredentialFile> {
    /// The name of the list in logs.
    pub name: &'static str,
    /// The file.
    pub file: F,
    /// The list.
    pub list: Arc<FollowedList<F::List>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The metrics of the list.
    pub metrics: ListMetrics,
}

/// The result of a look at the file.
enum Found<L> {
    /// The file that is active.
    Same,
    /// The file that was looked at before, whose list is not active.
    Settled(Result<ReadList<L>, String>),
    /// Contents that may still be in the middle of a write.
    Changed([u8; 32]),
    /// Nothing that can be read.
    Unreadable(String),
}

impl<F: CredentialFile> Follower<F> {
    /// Reads the file at intervals. Never returns.
    pub async fn run(self) {
        self.report_active();
        let mut seen = None;
        loop {
            let wait = if seen.is_some() {
                SETTLE_TIME
            } else {
                INTERVAL
            };
            self.clock.reach(self.clock.moment().plus(wait)).await;
            seen = self.look(seen).await;
        }
    }

    /// Looks at the file once. Returns the digest of contents that have to be looked at again soon.
    async fn look(&self, seen: Option<[u8; 32]>) -> Option<[u8; 32]> {
        let (file, list) = (self.file.clone(), self.list.clone());
        // Off the runtime: a disk that hangs must not keep keys from being fetched.
        let found = spawn_blocking(move || read(&file, &list, seen)).await;
        match found.unwrap_or_else(|error| Found::Unreadable(error.to_string())) {
            Found::Same => self.accept(),
            Found::Settled(Ok(read)) => {
                self.list.replace(read, self.clock.now());
                self.report_active();
                let entries = self.list.current().list.len();
                tracing::info!(list = self.name, entries, "list of credentials changed");
            }
            Found::Settled(Err(error)) | Found::Unreadable(error) => self.refuse(error),
            Found::Changed(contents) => return Some(contents),
        }
        None
    }

    fn accept(&self) {
        if self.list.history().last_error.is_some() {
            self.list.note(None);
            tracing::info!(list = self.name, "list of credentials can be read again");
        }
        self.metrics.accepted(true);
    }

    fn refuse(&self, error: String) {
        self.metrics.accepted(false);
        // One line for each error; the metric and /status have it as long as it lasts.
        if self.list.history().last_error.as_deref() != Some(&error) {
            tracing::error!(
                list = self.name,
                %error,
                "new list of credentials refused; the one before stays active"
            );
            self.list.note(Some(error));
        }
    }

    fn report_active(&self) {
        self.metrics.accepted(true);
        let entries = self.list.current().list.len();
        let loaded_at = self.list.history().loaded_at;
        self.metrics.loaded(entries, loaded_at);
    }
}

/// The most problems of a file that one message names.
const MAX_SHOWN: usize = 10;

fn read<F: CredentialFile>(
    file: &F,
    list: &FollowedList<F::List>,
    seen: Option<[u8; 32]>,
) -> Found<F::List> {
    let contents = match file.read() {
        Ok(contents) => contents,
        Err(error) => return Found::Unreadable(error),
    };
    let digest = contents_digest(&contents);
    if list.is_of(&digest) {
        Found::Same
    } else if seen == Some(digest) {
        let read = ReadList::parse(file, &contents);
        Found::Settled(read.map_err(|problems| {
            let mut shown: Vec<_> = problems
                .iter()
                .take(MAX_SHOWN)
                .map(ToString::to_string)
                .collect();
            let more = problems.iter().count().saturating_sub(MAX_SHOWN);
            if more > 0 {
                shown.push(format!("and {more} more"));
            }
            shown.join("; ")
        }))
    } else {
        Found::Changed(digest)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{PasswordFile, PasswordList};
    use crate::domain::Timestamp;
    use crate::platform::StoppedClock;
    use crate::policy::{ListTrust, ListedLine};
    use crate::telemetry::{LogQueue, Metrics};

    fn follower(path: &Path) -> Follower<PasswordFile> {
        let log = LogQueue::start(std::io::sink()).unwrap();
        let now = Timestamp::from_secs(0);
        let file = PasswordFile::new(path, 12);
        let read = ReadList::parse(&file, &file.read().unwrap()).unwrap();
        Follower {
            name: "basic",
            file,
            list: FollowedList::new(read, now).into(),
            clock: Arc::new(StoppedClock(now)),
            metrics: Metrics::new(false, &log).unwrap().list("basic"),
        }
    }

    fn line(user: &str) -> String {
        let parts = bcrypt::hash_with_salt("x", 4, [7; 16]).unwrap();
        format!("{user}:{parts}\n")
    }

    fn listed(list: &FollowedList<PasswordList>, user: &str) -> Option<ListedLine> {
        let current = list.current();
        let line = current.list.find(user)?;
        Some(ListedLine {
            fingerprint: line.fingerprint,
            revision: current.number,
        })
    }

    /// Half a list may be a valid list too. Contents that change between two looks do not become
    /// active.
    #[tokio::test]
    async fn only_what_was_seen_twice_becomes_active() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("htpasswd");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        write(&(line("alice") + &line("bob")));
        let follower = follower(&path);
        let has = |user: &str| listed(&follower.list, user).is_some();
        let bob = listed(&follower.list, "bob").unwrap();
        assert_eq!(follower.look(None).await, None, "nothing has changed");
        let mut seen = None;
        for text in ["", "alice", &line("alice"), &(line("alice") + "bob:$2y$")] {
            write(text);
            let now = follower.look(seen).await;
            assert!(now.is_some() && now != seen, "{text}");
            assert!(has("bob") && follower.list.still_has(&bob));
            seen = now;
        }
        write(&(line("carol") + &line("alice")));
        seen = follower.look(seen).await;
        assert!(has("bob"));
        let alice = listed(&follower.list, "alice").unwrap();
        assert_eq!(follower.look(seen).await, None);
        assert!(has("carol") && !has("bob"));
        assert!(!follower.list.still_has(&bob), "the line is gone");
        assert!(follower.list.still_has(&alice), "of another revision");
        assert_ne!(
            listed(&follower.list, "alice").unwrap().revision,
            alice.revision
        );
    }

    #[tokio::test]
    async fn a_bad_file_leaves_the_list_and_is_told_once() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("htpasswd");
        std::fs::write(&path, line("alice")).unwrap();
        let follower = follower(&path);
        std::fs::write(&path, "alice:plain\n").unwrap();
        let seen = follower.look(None).await;
        assert_eq!(follower.list.history().last_error, None);
        assert_eq!(follower.look(seen).await, None);
        let error = follower.list.history().last_error.clone().unwrap();
        assert!(error.contains("htpasswd:1: user \"alice\"") && !error.contains("plain\n"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(follower.look(None).await, None);
        assert!(
            follower
                .list
                .history()
                .last_error
                .clone()
                .unwrap()
                .starts_with("cannot read")
        );
        std::fs::write(&path, line("alice")).unwrap();
        assert_eq!(follower.look(None).await, None);
        assert_eq!(follower.list.history().last_error, None);
        assert!(listed(&follower.list, "alice").is_some());
    }
}
