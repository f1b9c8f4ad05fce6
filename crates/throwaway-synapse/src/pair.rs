//! Two servers that federate with each other and with nobody else, so that a test can have users and rooms of another
//! server.

use anyhow::{Result, bail};

use crate::builder::{Neighbourhood, or_skip};
use crate::server::{self, NameTaken, PORT_ATTEMPTS};
use crate::{Builder, Synapse};

/// Starts both servers, side by side. Their names are addresses, `127.0.0.1:<port>`, and stay theirs over restarts; so
/// do not set `server_name` of either, nor `federation_domain_whitelist`.
///
/// A neighbour that cannot be reached is given up within a second, and tried again when there is something for it and
/// half a second has passed; set `federation` for what a server does by default.
///
/// # Errors
/// As [`Builder::start`].
pub async fn pair(first: Builder, second: Builder) -> Result<(Synapse, Synapse)> {
    for _ in 0..PORT_ATTEMPTS {
        let [one, other] = server::free_ports()?;
        let first = first.clone().beside(Neighbourhood { own_port: one, other_port: other });
        let second = second.clone().beside(Neighbourhood { own_port: other, other_port: one });
        match tokio::try_join!(first.start(), second.start()) {
            Err(error) if error.is::<NameTaken>() => {}
            started => return started,
        }
    }
    bail!("found no two ports of 127.0.0.1 that stayed free, in {PORT_ATTEMPTS} attempts")
}

/// [`pair`] for tests: `None`, said aloud, when this machine cannot have Synapse.
///
/// # Panics
/// As [`Builder::start_or_skip`] does.
pub async fn pair_or_skip(first: Builder, second: Builder) -> Option<(Synapse, Synapse)> {
    or_skip(pair(first, second).await)
}
