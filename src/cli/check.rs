//! `doorward check`.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::egress_checks::{refuse_broken_proxies, refuse_without_client};
use super::exit::{Failure, print};
use super::serve::runtime;
use super::{fixtures, keys};
use crate::app::MAX_UNREACHED;
use crate::config::{IssuerSettings, KeySource, Source};
use crate::domain::{Clock, Timestamp};
use crate::jose::KeySet;
use crate::outbound::{Egress, ProxyName};
use crate::platform::SystemClock;
use crate::policy::UnreachedRoute;
use crate::proxy_files::warnings;

#[derive(Args)]
pub(super) struct Check {
    /// Also fetch the keys of each issuer
    #[arg(long)]
    online: bool,
    /// Also judge the cases in the YAML files of this folder, with keys made for the run; nothing
    /// is fetched for them
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(
        self,
        source: &Source,
        environment: &[(OsString, OsString)],
    ) -> Result<(), Failure> {
        let egress = Egress::of_environment(environment);
        let configuration = source.read()?;
        refuse_broken_proxies(&configuration, environment)?;
        refuse_without_client(&configuration, &egress)?;
        print("configuration: ok\n")?;
        for warning in warnings(&configuration) {
            print(&format!("warning: {warning}\n"))?;
        }
        if let Some(tls) = &configuration.tls {
            print(&certificate(tls.identity.not_after, SystemClock.now()))?;
        }
        if let Some(routes) = &configuration.routes {
            print(&unreached(&routes.unreached))?;
        }
        for issuer in &configuration.issuers {
            if let Some(proxy) = proxy_of(issuer, &egress) {
                let name = &issuer.name;
                print(&format!(
                    "issuer {name}: keys are fetched through {proxy}; the check for private addresses is then the proxy's\n"
                ))?;
            }
        }
        if self.online {
            fetch_keys(&configuration.issuers, &egress)?;
        }
        match self.fixtures {
            Some(folder) => fixtures::run(&folder, configuration),
            None => Ok(()),
        }
    }
}

fn fetch_keys(issuers: &[IssuerSettings], egress: &Egress) -> Result<(), Failure> {
    let mut unreachable = 0;
    for issuer in issuers {
        let name = &issuer.name;
        match runtime()?.block_on(keys::fetch(&issuer.keys, egress)) {
            Ok(keys) => print(&describe(name, &keys))?,
            Err(error) => {
                unreachable += 1;
                print(&format!("issuer {name}: no keys: {error}\n"))?;
            }
        }
    }
    if unreachable > 0 {
        Err(Failure::failed(format!(
            "{unreachable} issuers without keys"
        )))
    } else {
        Ok(())
    }
}

fn proxy_of<'a>(issuer: &IssuerSettings, egress: &'a Egress) -> Option<&'a ProxyName> {
    match &issuer.keys {
        KeySource::Fixed { .. } | KeySource::File(_) => None,
        KeySource::Remote(remote) => remote
            .location
            .urls()
            .iter()
            .find_map(|url| egress.proxy_for(url)),
    }
}

fn unreached(routes: &[UnreachedRoute]) -> String {
    let mut text = String::new();
    for route in routes.iter().take(MAX_UNREACHED) {
        let _ = writeln!(
            text,
            "warning: routes[{}] {route}; /policy/{}/verify still leads to it",
            route.index, route.name
        );
    }
    if let Some(more) = routes
        .len()
        .checked_sub(MAX_UNREACHED)
        .filter(|more| *more > 0)
    {
        let _ = writeln!(
            text,
            "warning: {more} more routes are never reached by matching"
        );
    }
    text
}

fn certificate(not_after: Timestamp, now: Timestamp) -> String {
    let ends = if not_after <= now {
        "has expired: it ended"
    } else {
        "ends"
    };
    format!(
        "verify listener: its certificate {ends} at {}\n",
        not_after.to_rfc3339()
    )
}

fn describe(name: &str, keys: &KeySet) -> String {
    let mut text = format!("issuer {name}: {} usable keys\n", keys.len());
    for key in keys.published() {
        // Writing to a String cannot fail. An id is text from the issuer. It is quoted, so that it
        // cannot control the terminal.
        let warning = if key.is_private_part_published() {
            ", published with its private part"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "  {:?} {}{warning}",
            key.first().id().unwrap_or("(any id)"),
            key.algorithm_names()
        );
    }
    for id in keys.for_encryption() {
        let _ = writeln!(
            text,
            "  {:?} for encryption, not needed",
            id.unwrap_or("(no id)")
        );
    }
    for refused in keys.refused() {
        let _ = writeln!(
            text,
            "  {:?} refused: {}",
            refused.id.as_deref().unwrap_or("(no id)"),
            refused.refusal
        );
    }
    text
}
