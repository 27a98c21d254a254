//! The task that follows the file of a list.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::FollowedList;
use crate::config::{CredentialFile, CredentialList, ReadList, sha256};
use crate::domain::{Clock, Uptime};
use crate::telemetry::ListMetrics;

/// The interval at which the file is read. Its contents are compared: not every file system reports
/// changes, and a report does not help where symbolic links are replaced (Kubernetes).
const INTERVAL: Duration = Duration::from_secs(5);

/// The time for which changed contents must stay the same. The first half of a list that is being
/// written may be a valid list as well.
const SETTLE_TIME: Duration = Duration::from_secs(1);

/// The longest time that changes are waited for. After it, the file is read as it is: a key that was
/// removed must not be accepted for as long as something else in the file changes.
const MAX_SETTLE_TIME: Duration = Duration::from_secs(10);

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
    /// The file as it was when it was looked at before, or one that changed for too long. Its list
    /// is not active.
    Settled(Result<ReadList<L>, String>),
    /// Contents with this digest, which may still be in the middle of a write.
    Changed([u8; 32]),
    /// Nothing that can be read.
    Unreadable(String),
}

/// Contents that are not active yet, because they may still be in the middle of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unsettled {
    /// The digest of the contents.
    contents: [u8; 32],
    /// The time at which a change was first seen.
    since: Uptime,
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

    /// Looks at the file once. Returns the contents that have to be looked at again soon.
    async fn look(&self, seen: Option<Unsettled>) -> Option<Unsettled> {
        let (file, list) = (self.file.clone(), self.list.clone());
        let now = self.clock.moment().uptime;
        // Off the runtime: a disk that hangs must not keep keys from being fetched.
        let found = spawn_blocking(move || read(&file, &list, seen, now)).await;
        match found.unwrap_or_else(|error| Found::Unreadable(error.to_string())) {
            Found::Same => self.accept(),
            Found::Settled(Ok(read)) => {
                self.list.replace(read, self.clock.now());
                self.report_active();
                let entries = self.list.current().list.len();
                tracing::info!(list = self.name, entries, "list of credentials changed");
            }
            Found::Settled(Err(error)) | Found::Unreadable(error) => self.refuse(error),
            Found::Changed(contents) => {
                let since = seen.map_or(now, |seen| seen.since);
                return Some(Unsettled { contents, since });
            }
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
    seen: Option<Unsettled>,
    now: Uptime,
) -> Found<F::List> {
    let contents = match file.read() {
        Ok(contents) => contents,
        Err(error) => return Found::Unreadable(error),
    };
    let digest = sha256(&[&contents]);
    let is_settled =
        |seen: Unsettled| seen.contents == digest || now.since(seen.since) >= MAX_SETTLE_TIME;
    if list.is_of(&digest) {
        Found::Same
    } else if seen.is_some_and(is_settled) {
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

    /// Otherwise a removed key would be accepted for as long as the file is written to.
    #[test]
    fn contents_that_never_settle_become_active() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("htpasswd");
        std::fs::write(&path, line("alice")).unwrap();
        let follower = follower(&path);
        std::fs::write(&path, line("bob")).unwrap();
        let since = Uptime::new(Duration::from_secs(5));
        let after = |waited: Duration| {
            let other = Unsettled {
                contents: [0; 32],
                since,
            };
            read(
                &follower.file,
                &follower.list,
                Some(other),
                since.plus(waited),
            )
        };
        let early = after(MAX_SETTLE_TIME.saturating_sub(Duration::from_millis(1)));
        assert!(matches!(early, Found::Changed(_)));
        let Found::Settled(Ok(read)) = after(MAX_SETTLE_TIME) else {
            panic!("not read");
        };
        assert!(read.list.find("bob").is_some());
        // What cannot be used is reported.
        std::fs::write(&path, "bob").unwrap();
        assert!(matches!(after(MAX_SETTLE_TIME), Found::Settled(Err(_))));
    }

    /// The time counts from the first change, and not from the last.
    #[tokio::test]
    async fn changes_are_waited_for_from_the_first_one_on() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("htpasswd");
        std::fs::write(&path, line("alice")).unwrap();
        let follower = follower(&path);
        let before = Unsettled {
            contents: [0; 32],
            since: Uptime::new(Duration::ZERO),
        };
        std::fs::write(&path, line("bob")).unwrap();
        let seen = follower.look(Some(before)).await.unwrap();
        assert_eq!(seen.since, before.since);
        assert_ne!(seen.contents, before.contents);
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
        assert!(error.contains("htpasswd:1: neither") && !error.contains("alice"));
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
