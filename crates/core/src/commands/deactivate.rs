//! `!deactivate`: end local accounts for good.

use std::collections::BTreeMap;

use ruma::OwnedUserId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    crowd::{Crowd, Fate, NAMED},
    delegated::{logins_are_in_reach, suspend},
    several::read_each,
    whom::{Aim, Meant, Person, Source, Who, Whom},
};
use crate::{
    model::{Account, Erase},
    plan::Step,
    reply::{Line, Reply},
    text::number::counted,
};

/// End local accounts for good: nobody can log in any more, and they leave their rooms
///
/// Logins, keys, addresses, settings and memberships are gone for good; messages and files stay. !suspend is the way that can be taken back. --erase also deletes the profile, and hides the messages from those who join later.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!deactivate <@user>...|--attached [reason|--because <reason>] [--erase] [--dry-run] [--yes]"
)]
pub(super) struct Deactivate {
    #[command(flatten)]
    whom: Whom,
    /// Delete name and picture too, and hide the messages from those who join a room later
    #[arg(long)]
    erase: bool,
}

/// What an account has.
#[derive(Clone, Copy)]
struct Has {
    rooms: usize,
    devices: usize,
}

pub(super) struct Facts {
    meant: Meant,
    /// Of those who are active; of a list only the first, because the others are not named.
    has: BTreeMap<OwnedUserId, Has>,
}

impl Command for Deactivate {
    const NAME: &'static str = "deactivate";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!deactivate @spammer:example.org spam --erase";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        logins_are_in_reach(world, suspend).await?;
        let meant = self.whom.read(world, Aim::Against).await?;
        let is_active = |person: &&Person| {
            let has_account = matches!(&person.who, Who::Local(account) if !account.deactivated);
            has_account && !meant.protected.contains_key(&person.id)
        };
        let most = match meant.source {
            Source::Typed => usize::MAX,
            // One more than the limit is named too.
            Source::Listed { .. } => NAMED + 1,
        };
        let active = meant.people.iter().filter(is_active).take(most).map(|person| person.id.clone());
        let lookup = world.lookup;
        let has = read_each(world, active.collect(), "users' rooms", |id: OwnedUserId| {
            Box::pin(async move {
                let rooms = lookup.rooms_of(&id).await?.len();
                let devices = lookup.devices(&id).await?.len();
                Ok((id, Has { rooms, devices }))
            })
        })
        .await?;
        Ok(Facts { meant, has: has.into_iter().collect() })
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { meant, has } = facts;
        let erase = if self.erase { Erase::Yes } else { Erase::No };
        let crowd = Crowd::sort(meant, |_, account| fate(account, erase))?;
        if crowd.people.is_empty() {
            return Ok(Decision::Answer(crowd.nothing_to_do()));
        }
        let heading = Line::new()
            .strong("To deactivate: ")
            .text("nobody could log in to the account any more, and it would leave its rooms.");
        let preview = crowd.preview(heading, |person| match has.get(&person.id) {
            Some(Has { rooms, devices }) => person.line().text(format!(
                " is in {}, and logged in with {}",
                counted(*rooms as u64, "room"),
                counted(*devices as u64, "device")
            )),
            None if is_deactivated(person) => {
                person.line().text(" is deactivated already, and would be erased")
            }
            None => person.line(),
        });
        let is_only_erased = crowd.people.iter().all(is_deactivated);
        let preview = if is_only_erased { preview } else { consequences(preview) };
        let preview = erasing(preview, erase);
        let preview = if is_only_erased {
            preview
        } else {
            let line = Line::new().text("What can be taken back is ").code("!suspend");
            preview.paragraph(line.text(": they can only read then, and leave rooms."))
        };
        let step = |person: Person| Step::Deactivate { user: person.id, erase };
        Ok(crowd.propose(preview, step, None, self.whom.acting))
    }

    fn can_be_overtaken(&self) -> bool {
        self.whom.is_attached()
    }
}

fn is_deactivated(person: &Person) -> bool {
    matches!(&person.who, Who::Local(account) if account.deactivated)
}

fn fate(account: &Account, erase: Erase) -> Fate {
    match (account.deactivated, account.erased, erase) {
        (false, ..) | (true, false, Erase::Yes) => Fate::Done,
        (true, true, Erase::Yes) => Fate::Already(Line::new().text(" is deactivated and erased already.")),
        (true, _, Erase::No) => Fate::Already(Line::new().text(" is deactivated already.")),
    }
}

fn consequences(preview: Reply) -> Reply {
    let gone = Line::new()
        .strong("Gone for good: ")
        .text("all logins and their keys, with the backup of keys; e-mail addresses and telephone numbers; settings, such as \
               whom they ignore; the password; their place in all rooms, and invitations.");
    let stays = Line::new()
        .strong("What stays: ")
        .text("messages and files. ")
        .code("!redact")
        .text(" takes away messages; ")
        .code("!media delete")
        .text(" and ")
        .code("!quarantine")
        .text(" are for files.");
    let id = Line::new()
        .strong("The ID ")
        .text("cannot be used again for a new account. ")
        .code("!reactivate")
        .text(" brings the bare account back, without what it had.");
    preview.paragraph("What that means:").list([gone, stays, id])
}

fn erasing(preview: Reply, erase: Erase) -> Reply {
    preview.paragraph(match erase {
        Erase::Yes => Line::new().strong("Erasing ").text(
            "deletes name and picture, and hides their messages on this server from those who join a room later. It \
             deletes neither messages nor files, and other servers keep what they have.",
        ),
        Erase::No => Line::new()
            .text("Name and picture stay too; with ")
            .code("--erase")
            .text(" they are deleted, and messages are hidden from those who join later."),
    })
}
