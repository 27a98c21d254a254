//! The text that the demo prints: command lines to paste, each with the expected answer.

use std::fmt::Write;

use super::Demo;

impl Demo {
    /// Returns the addresses and the command lines to paste. The comment above each line has the
    /// expected status, the reason of a denial, and an explanation.
    pub fn page(&self) -> String {
        let mut page = format!(
            "doorward demo\n\n\
             browser http://{site}/  (a page that asks with each of the tokens below)\n\
             site    http://{site}  (every path but that page is guarded)\n\
             verify  http://{verify}/verify\n\
             admin   http://{admin}/metrics /readyz /status\n\
             issuer  {issuer}\n\n\
             Paste a line into another terminal; ctrl-c ends the demo.\n",
            site = self.site,
            verify = self.verify,
            admin = self.admin,
            issuer = self.issuer.url(),
        );
        for (expected, line) in self.lines() {
            // Writing to a String cannot fail.
            let _ = write!(page, "\n# {expected}\n{line}\n");
        }
        page
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let of_site = self.examples.iter().map(|example| {
            let mut line = format!("curl -si http://{}/hello", self.site);
            // Writing to a String cannot fail.
            if let Some(token) = &example.token {
                let _ = write!(line, " -H 'Authorization: Bearer {token}'");
            }
            if let Some(subject) = example.claimed_subject {
                let _ = write!(line, " -H 'X-Auth-Subject: {subject}'");
            }
            (example.promise, line)
        });
        let token = |reason: &str| {
            let example = self
                .examples
                .iter()
                .find(|example| example.promise.contains(reason));
            example
                .and_then(|example| example.token.as_deref())
                .unwrap_or("no-token")
        };
        let others = [
            (
                "200: the answer of the verify listener itself, as a proxy gets it",
                format!(
                    "curl -si http://{}/verify -H 'Authorization: Bearer {}'",
                    self.verify,
                    token("200")
                ),
            ),
            (
                "200: why the expired token is refused, stage by stage",
                format!(
                    "curl -si http://{}/explain -d '{{\"token\": \"{}\"}}'",
                    self.admin,
                    token("token_expired")
                ),
            ),
            (
                "200: a token of your own",
                format!(
                    "curl -si {}/token -d alg=ES256 -d sub=bob",
                    self.issuer.url()
                ),
            ),
        ];
        of_site.chain(others).collect()
    }
}
