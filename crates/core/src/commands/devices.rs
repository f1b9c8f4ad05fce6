//! `!devices`: what a local user is logged in with.

use ruma::OwnedUserId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    person::{account_line, ago, local},
    sheet::Sheet,
};
use crate::{
    model::{Account, Device},
    reply::{Line, Reply},
    text::{number::counted, target::UserTarget},
};

/// Show what a user of this server is logged in with: client, name and when it was last seen
///
/// Where from is in !whois --ip only.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!devices <@user> [--page <number>]")]
pub(super) struct Devices {
    /// The user
    #[arg(value_name = "@user")]
    user: UserTarget,
    /// Which page, from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
}

pub(super) struct Facts {
    id: OwnedUserId,
    account: Account,
    devices: Vec<Device>,
}

/// So many are on a page.
const SHOWN: usize = 30;

impl Command for Devices {
    const NAME: &'static str = "devices";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!devices @spammer:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (id, account) = local(world, &self.user, "their devices").await?;
        let mut devices = world.lookup.devices(&id).await?;
        devices.sort_by_key(|device| std::cmp::Reverse(device.last_seen_at));
        Ok(Facts { id, account, devices })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { id, account, devices } = facts;
        let who = account_line(&id, &account);
        if devices.is_empty() {
            return Ok(Decision::Answer(Reply::text(who.text(" is not logged in with any device."))));
        }
        let sheet = Sheet::of(
            devices.iter().map(|device| line(device, world)).collect(),
            world.at,
            self.page,
            SHOWN,
        )?;
        let number = counted(devices.len() as u64, "device");
        let heading = Line::new()
            .text(format!("{number} of "))
            .append(who)
            .text(format!("{}, last seen first:", sheet.words()));
        let reply = Reply::text(heading).list(sheet.lines.clone());
        Ok(sheet.decide(reply))
    }
}

fn line(device: &Device, world: &World<'_>) -> Line {
    let line = Line::new().code(&device.id);
    let line = match &device.display_name {
        Some(name) => line.text(" ").user(name),
        None => line.text(" without a name"),
    };
    seen(line, device.user_agent.as_deref(), device.last_seen_at, world)
}

/// The program, and when it was last seen.
pub(super) fn seen(line: Line, user_agent: Option<&str>, at: Option<i64>, world: &World<'_>) -> Line {
    let line = match user_agent.filter(|agent| !agent.trim().is_empty()) {
        Some(agent) => line.text(", with ").user(agent),
        None => line,
    };
    match at.filter(|at| *at > 0) {
        Some(at) => line.text(format!(", last seen {}", ago(at, world.now))),
        None => line.text(", never seen"),
    }
}
