//! `gleipnir setup`: makes a first configuration by asking a few questions, with the bot's account, its management room and
//! the first moderators in it; then checks all of it.

mod account;
mod asking;
mod files;
mod room;
mod wishes;

use std::{
    io::{IsTerminal as _, Write as _},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use synapse_admin::Client;
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

pub(crate) use self::wishes::Flags;
use self::{
    account::{Asked, Entered, Server},
    asking::{Asking, Manner},
    files::{Existing, Place, configuration},
    room::Made,
    wishes::{Access, Wishes},
};
use crate::check::{Lift, Verdict, address, check, finding::Mark, for_people};

/// How long the homeserver may take to say that it is there.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Asks, makes what is missing, writes the configuration to `config`, and checks it. What was made is said as it is made;
/// an error says how to go on with it.
pub(crate) fn setup(config: &Path, flags: Flags, runtime: &Runtime) -> anyhow::Result<()> {
    let existing = if flags.force { Existing::Replaced } else { Existing::Kept };
    // Before anything is asked; and given up again, as whoever breaks the questions off leaves nothing.
    drop(Place::reserve(config, existing)?);
    let wishes = {
        let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout());
        let manner = match () {
            () if flags.yes => Manner::Flags,
            () if input.is_terminal() => Manner::Terminal,
            () => Manner::Lines,
        };
        Wishes::gather(flags, &mut Asking { manner, input: &mut input, output: &mut output })?
    };
    let place = Place::reserve(config, existing)?;
    match runtime.block_on(carry_out(config, place, &wishes))? {
        Verdict::Fit => {
            say(&format!("Next: start it with: gleipnir --config {}", config.display()));
            Ok(())
        }
        Verdict::Unfit => bail!(
            "{} is written, and something is in the way still (✘). Mend it, then see again with: gleipnir --config {0} check",
            config.display()
        ),
        Verdict::Interrupted => bail!(
            "{} is written, and not everything was looked at. See whether it works with: gleipnir --config {0} check",
            config.display()
        ),
    }
}

async fn carry_out(config: &Path, place: Place, wishes: &Wishes) -> anyhow::Result<Verdict> {
    let server = reach(wishes).await?;
    // From here on something stays, and whoever breaks off is told what.
    let mut interrupts = signal(SignalKind::interrupt()).context("cannot take signals")?;
    let mut asked = Asked::default();
    let entered = tokio::select! {
        entered = account::enter(wishes, &server, &place, &mut asked) => Some(entered?),
        _ = interrupts.recv() => None,
    };
    let Some(entered) = entered else {
        bail!("interrupted. No configuration was written. {}", asked.words(&wishes.user));
    };
    let mut made = Made::default();
    let done = tokio::select! {
        done = furnish(wishes, &entered, place, &mut made) => done,
        _ = interrupts.recv() => Err(anyhow!("interrupted")),
    };
    entered.leave().await;
    done.map_err(|error| broken_off(&error, &entered, &made))?;
    say(&format!("✔ wrote {}\n", config.display()));
    Ok(check(config, Lift::Leave, for_people()).await)
}

/// The room and the configuration.
async fn furnish(wishes: &Wishes, entered: &Entered, place: Place, made: &mut Made) -> anyhow::Result<()> {
    entered.lift_rate_limit().await;
    let Entered { client, user, login, .. } = entered;
    let text = |room: &str| configuration(wishes, user, login, room, place.folder());
    // Before there is a room: what cannot be written should make none.
    text("!a:example.org")?;
    let room = room::furnish(client, user, &wishes.room, &wishes.invite, made).await?;
    let text = text(&room)?;
    place.fill(&text)
}

/// The homeserver, if there is one at that address, and if the account can be got into in the way that is wished.
async fn reach(wishes: &Wishes) -> anyhow::Result<Server> {
    let found = address::examine(&wishes.homeserver, TIMEOUT).await;
    let Some(server) = found.server else {
        let why = found.findings.into_iter().find(|finding| finding.mark == Mark::Bad);
        let why = why.map(|finding| format!("{}. {}", finding.text, finding.advice.unwrap_or_default()));
        bail!("--homeserver: {}", why.unwrap_or_else(|| "no homeserver answers there".to_owned()));
    };
    let open = Client::new(&wishes.homeserver, String::new).context("--homeserver")?;
    if let (Ok(Some(service)), Access::Register(_) | Access::Password(_)) =
        (open.auth_metadata().await, &wishes.access)
    {
        bail!(
            "another service decides about logins here ({}), so the bot needs an access token with the right to use the admin \
             API. Make one with: mas-cli manage issue-compatibility-token {} \
             --yes-i-want-to-grant-synapse-admin-privileges, and give it with --access-token-file (docs/mas.md)",
            service.issuer,
            wishes.user.localpart()
        );
    }
    Ok(Server { open, url: wishes.homeserver.clone(), software: server.software })
}

/// What went wrong, and how to go on with what was made.
fn broken_off(error: &anyhow::Error, entered: &Entered, made: &Made) -> anyhow::Error {
    let flag = entered.login.key.replace('_', "-");
    anyhow!(
        "{error:#}. No configuration was written. What was made stays; to go on with it, run gleipnir setup again with --user \
         {} --{flag} {}{}",
        entered.user,
        entered.login.file.display(),
        made.advice(&entered.user)
    )
}

/// Tells what was done.
fn say(sentence: &str) {
    drop(writeln!(std::io::stdout(), "{sentence}"));
}
