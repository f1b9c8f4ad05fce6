//! `!logout`: end the logins of local users, or one of them.

use std::collections::BTreeMap;

use ruma::OwnedUserId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    crowd::{Crowd, Fate},
    several::read_each,
    whom::{Aim, Meant, Person, Source, Who, Whom},
};
use crate::{
    model::{Authentication, Device},
    plan::Step,
    reply::Line,
    text::number::counted,
};

/// End the logins of local users, or one of them
///
/// Who is logged out has to log in again, and loses keys of encrypted messages that they did not back up. Who knows the password can come back at once: !reset-password or !suspend keeps them out.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!logout <@user>...|--attached [reason|--because <reason>] [--device <ID>] [--dry-run] [--yes]"
)]
pub(super) struct Logout {
    #[command(flatten)]
    whom: Whom,
    /// Only this login of one user; !devices shows the IDs
    #[arg(long, value_name = "ID", conflicts_with = "attached")]
    device: Option<String>,
}

pub(super) struct Facts {
    meant: Meant,
    /// What those who have an account here are logged in with.
    devices: BTreeMap<OwnedUserId, Vec<Device>>,
    authentication: Authentication,
}

impl Command for Logout {
    const NAME: &'static str = "logout";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!logout @hacked:example.org account taken over";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let meant = self.whom.read(world, Aim::Against).await?;
        let has_account = |person: &&Person| matches!(person.who, Who::Local(_));
        let accounts = meant.people.iter().filter(has_account).map(|person| person.id.clone()).collect();
        let lookup = world.lookup;
        let devices = read_each(world, accounts, "users' logins", |id: OwnedUserId| {
            Box::pin(async move {
                let devices = lookup.devices(&id).await?;
                Ok((id, devices))
            })
        })
        .await?;
        let authentication = lookup.authentication().await?;
        Ok(Facts { meant, devices: devices.into_iter().collect(), authentication })
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { meant, devices, authentication } = facts;
        let of = |person: &Person| devices.get(&person.id).map(Vec::as_slice).unwrap_or_default();
        if let (Some(_), [_, _, ..]) = (&self.device, &meant.people[..]) {
            let line = Line::new().code("--device").text(" is one login of one user. Nothing was done.");
            return Err(Failure::told(line));
        }
        let crowd = Crowd::sort(meant, |person, _| match (&self.device, of(person)) {
            (Some(id), devices) if !devices.iter().any(|device| device.id == *id) => {
                let line = Line::new().text(" has no login ").user(id).text(": ");
                Fate::Cannot(
                    line.code(format!("!devices {}", person.id)).text(" shows those that there are."),
                )
            }
            (None, []) => Fate::Already(Line::new().text(" is not logged in with any device.")),
            _ => Fate::Done,
        })?;
        if crowd.people.is_empty() {
            return Ok(Decision::Answer(crowd.nothing_to_do()));
        }
        let what = if self.device.is_some() {
            "that login would end at once; whoever uses it would have to log in again."
        } else {
            "they would have to log in again everywhere, and lose keys of encrypted messages that they did not back up."
        };
        let preview = crowd.preview(Line::new().strong("To log out: ").text(what), |person| {
            match of(person).iter().find(|device| Some(&device.id) == self.device.as_ref()) {
                Some(device) => {
                    let line = person.line().text(": ").code(&device.id);
                    match &device.display_name {
                        Some(name) => line.text(" ").user(name),
                        None => line,
                    }
                }
                None => person.line().text(": ").text(counted(of(person).len() as u64, "login")),
            }
        });
        let mut preview = preview.paragraph(if crowd.source == Source::Typed {
            Line::new()
                .text("Whoever knows the password can log in again: ")
                .code("!reset-password")
                .text(" or ")
                .code("!suspend")
                .text(" is against that.")
        } else {
            Line::new().text("Whoever knows the password can log in again.")
        });
        let stays = match (authentication, &self.device) {
            (Authentication::Elsewhere, _) => Some(
                "Another service logs people in here (MAS). Where they are logged in to that with a browser, they stay \
                 so, and need no password for a new login.",
            ),
            // All of them are ended there too.
            (Authentication::Mas, None) | (Authentication::Homeserver, _) => None,
            (Authentication::Mas, Some(_)) => Some(
                "Another service logs people in here (MAS). With a browser that stays logged in to that they need no \
                 password for a new login.",
            ),
        };
        if let Some(stays) = stays {
            preview = preview.paragraph(stays);
        }
        let device = self.device;
        let step = |person: Person| Step::LogOut { user: person.id, device: device.clone() };
        Ok(crowd.propose(preview, step, None, self.whom.acting))
    }

    fn can_be_overtaken(&self) -> bool {
        self.whom.is_attached()
    }
}
