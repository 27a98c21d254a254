//! `doorward demo`.

use clap::Args;

use super::exit::{Failure, print};
use super::serve::runtime;
use super::signals::{HangUp, HeldSignals};
use crate::app::Shutdown;
use crate::demo;

#[derive(Args)]
pub(super) struct Demo {
    /// First of four ports in a row: site, verify, admin, issuer; 0 takes free ones
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

impl Demo {
    pub(super) fn run(self, held: &HeldSignals) -> Result<(), Failure> {
        runtime()?.block_on(async {
            let (sender, shutdown) = Shutdown::channel();
            let signals = held.listen(HangUp::End).map_err(Failure::failed)?;
            signals.forward(sender, None);
            let demo = demo::Demo::start(self.port).map_err(Failure::failed)?;
            print(&demo.page())?;
            demo.run(shutdown).await.map_err(Failure::failed)
        })
    }
}
