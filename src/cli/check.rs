//! `doorward check`.

use std::ffi::OsString;
use std::fmt::Write;

use clap::Args;

use super::exit::{Failure, print};
use super::serve::{egress, runtime};
use crate::config::{IssuerSettings, KeySource, Source};
use crate::issuers::KeyFetcher;
use crate::jose::KeySet;
use crate::outbound::Egress;

#[derive(Args)]
pub(super) struct Check {
    /// Also fetch the keys of each issuer
    #[arg(long)]
    online: bool,
}

impl Check {
    pub(super) fn run(self, source: &Source, environment: &[(OsString, OsString)]) -> Result<(), Failure> {
        let egress = egress(environment);
        let configuration = source.read()?;
        print("configuration: ok\n")?;
        if !self.online {
            return Ok(());
        }
        if egress == Egress::Proxied {
            print("outbound: through the proxy that the environment names, which also decides about addresses\n")?;
        }
        let mut unreachable = 0;
        for issuer in configuration.issuers {
            let name = issuer.name.clone();
            match runtime()?.block_on(keys(issuer, egress)) {
                Ok(keys) => print(&describe(&name, &keys))?,
                Err(error) => {
                    unreachable += 1;
                    print(&format!("issuer {name}: no keys: {error}\n"))?;
                }
            }
        }
        if unreachable > 0 { Err(Failure::failed(format!("{unreachable} issuers without keys"))) } else { Ok(()) }
    }
}

async fn keys(issuer: IssuerSettings, egress: Egress) -> Result<KeySet, String> {
    match issuer.keys {
        KeySource::Fixed { keys, .. } => Ok(keys),
        KeySource::Remote(remote) => {
            let mut fetcher = KeyFetcher::new(remote, egress).map_err(|error| error.to_string())?;
            fetcher.fetch().await.map(|fetched| fetched.keys).map_err(|failure| failure.to_string())
        }
    }
}

fn describe(name: &str, keys: &KeySet) -> String {
    let mut text = format!("issuer {name}: {} usable keys\n", keys.len());
    for key in keys.iter() {
        // Writing to a String cannot fail. An id is the issuer's text: quoted, it cannot play with the terminal.
        let warning = if key.is_private_part_published() { ", published with its private part" } else { "" };
        let _ = writeln!(text, "  {:?} {}{warning}", key.id().unwrap_or("(any id)"), key.algorithm());
    }
    for refused in keys.refused() {
        let _ = writeln!(text, "  {:?} refused: {}", refused.id.as_deref().unwrap_or("(no id)"), refused.refusal);
    }
    text
}
