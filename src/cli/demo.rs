//! `doorward demo`.

use clap::Args;

use super::exit::{Failure, print};
use super::runtime::block_on;
use super::signals::{HangUp, HeldSignals};
use crate::app::Shutdown;
use crate::demo;

/// Where the site is, so that the other ports are those of the documentation.
const SITE_PORT: u16 = 8000;

#[derive(Args)]
pub(super) struct Demo {
    /// First of three ports in a row, for verify, admin and issuer; 0 takes free ports
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port of the guarded site; 8000, or a free one with `--port 0`
    #[arg(long, value_name = "PORT")]
    site_port: Option<u16>,
}

impl Demo {
    pub(super) fn run(self, held: &HeldSignals) -> Result<(), Failure> {
        block_on(async {
            let (sender, shutdown) = Shutdown::channel();
            let signals = held.listen(HangUp::End).map_err(Failure::failed)?;
            signals.forward(sender, None);
            let site_port = self
                .site_port
                .unwrap_or(if self.port == 0 { 0 } else { SITE_PORT });
            let demo = demo::Demo::start(self.port, site_port).map_err(Failure::failed)?;
            print(&demo.page())?;
            demo.run(shutdown).await.map_err(Failure::failed)
        })?
    }
}
