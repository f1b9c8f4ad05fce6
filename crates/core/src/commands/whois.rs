//! `!whois`: which programs a local user came with lately, and on demand from which addresses.

use ruma::OwnedUserId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    devices::seen,
    person::{account_line, local},
    sheet::Sheet,
};
use crate::{
    model::{Account, Connected},
    reply::{Line, Reply},
    text::{number::counted, target::UserTarget},
};

/// Show which programs a user of this server came with in the last weeks
///
/// Addresses are personal data, and shown with --ip only: everybody in this room can read them then, for as long as the message stays.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!whois <@user> [--ip] [--page <number>]")]
pub(super) struct Whois {
    /// The user
    #[arg(value_name = "@user")]
    user: UserTarget,
    /// Show the addresses too
    #[arg(long)]
    ip: bool,
    /// Which page, from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
}

pub(super) struct Facts {
    id: OwnedUserId,
    account: Account,
    connections: Vec<Connected>,
}

/// So many are on a page.
const SHOWN: usize = 30;

impl Command for Whois {
    const NAME: &'static str = "whois";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!whois @spammer:example.org --ip";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (id, account) = local(world, &self.user, "their sessions").await?;
        let mut connections = world.lookup.connections(&id).await?;
        if !self.ip {
            connections = without_addresses(connections);
        }
        connections.sort_by_key(|connection| std::cmp::Reverse(connection.last_seen_at));
        Ok(Facts { id, account, connections })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { id, account, connections } = facts;
        let who = account_line(&id, &account);
        if connections.is_empty() {
            return Ok(Decision::Answer(Reply::text(who.text(" was not seen in the last weeks."))));
        }
        let line = |connection: &Connected| {
            let agent = connection.user_agent.as_deref();
            match (&connection.address, agent) {
                (Some(address), _) => seen(Line::new().code(address), agent, connection.last_seen_at, world),
                (None, Some(agent)) => seen(Line::new().user(agent), None, connection.last_seen_at, world),
                (None, None) => {
                    seen(Line::new().text("an unknown program"), None, connection.last_seen_at, world)
                }
            }
        };
        let sheet = Sheet::of(connections.iter().map(line).collect(), world.at, self.page, SHOWN)?;
        let what = if self.ip { "session" } else { "program" };
        let number = counted(connections.len() as u64, what);
        let heading = Line::new()
            .text(format!("{number} of "))
            .append(who)
            .text(format!("{}, last seen first:", sheet.words()));
        let mut reply = Reply::text(heading).list(sheet.lines.clone());
        if !self.ip {
            let line = Line::new().text("Addresses: ").code(format!("!whois {id} --ip"));
            reply = reply.paragraph(line.text("."));
        }
        Ok(sheet.decide(reply))
    }
}

/// Each program once, when it was last seen.
fn without_addresses(connections: Vec<Connected>) -> Vec<Connected> {
    let mut programs: Vec<Connected> = Vec::new();
    for connection in connections {
        match programs.iter_mut().find(|known| known.user_agent == connection.user_agent) {
            Some(known) => known.last_seen_at = known.last_seen_at.max(connection.last_seen_at),
            None => programs.push(Connected { address: None, ..connection }),
        }
    }
    programs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_without_addresses() {
        let seen = |address: &str, agent: &str, at| Connected {
            address: Some(address.to_owned()),
            user_agent: Some(agent.to_owned()),
            last_seen_at: Some(at),
        };
        let programs = without_addresses(vec![seen("::1", "a", 1), seen("::2", "a", 3), seen("::1", "b", 2)]);
        assert!(programs.iter().all(|program| program.address.is_none()));
        assert_eq!(
            programs.iter().map(|program| program.last_seen_at).collect::<Vec<_>>(),
            [Some(3), Some(2)]
        );
    }
}
