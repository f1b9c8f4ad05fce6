//! `!status`: whether everything that the bot needs is there.

use ruma::OwnedRoomId;

use super::{
    Access, Command, Decision, Failure, Settings, Subject, World, facts::is_own_chat, several::read_each,
};
use crate::{
    model::{Account, Authentication, Connection, ReportKind, Switch},
    plan::PlanState,
    ports::{Fault, Queue, Which},
    reply::{Line, Reply},
    rules::feed::Level,
    text::{duration::in_words, number::counted},
};

/// How many rooms are looked at.
const LOOKED_AT: usize = 200;

/// Tell how I am: server, rights, encryption, what is under way
#[derive(clap::Args, Debug)]
pub(super) struct Status {}

pub(super) struct Facts {
    version: Result<String, Fault>,
    account: Result<Option<Account>, Fault>,
    authentication: Result<Authentication, Fault>,
    connection: Connection,
    /// How many rooms are watched.
    rooms: Result<usize, Fault>,
    reports: [(ReportKind, Result<bool, Fault>); 3],
    queue: Queue,
    proposed: usize,
    running: usize,
}

impl Command for Status {
    const NAME: &'static str = "status";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Bot;
    const EXAMPLE: &'static str = "!status";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let lookup = world.lookup;
        let count = |state| -> Result<usize, Failure> {
            Ok(world.records.plans(&Which { states: vec![state], ..Which::default() })?.len())
        };
        let is_offered = async |kind| -> (ReportKind, Result<bool, Fault>) {
            (kind, lookup.filed_reports(kind, 0, 1).await.map(|page| page.is_some()))
        };
        Ok(Facts {
            reports: [
                is_offered(ReportKind::Event).await,
                is_offered(ReportKind::User).await,
                is_offered(ReportKind::Room).await,
            ],
            version: lookup.server_version().await,
            account: lookup.account(lookup.me()).await,
            authentication: lookup.authentication().await,
            connection: lookup.connection().await?,
            rooms: match lookup.joined_rooms().await {
                Ok(rooms) => Ok(watched(world, rooms).await?),
                Err(fault) => Err(fault),
            },
            queue: world.records.queue()?,
            proposed: count(PlanState::Proposed)?,
            running: count(PlanState::Running)?,
        })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let connection = &facts.connection;
        let text = |text: String| Line::new().text(text);
        let server = match &facts.version {
            Ok(version) => Line::new().text(format!("Synapse {version} at ")),
            Err(fault) => Line::new().text("⚠ ").name_long(fault.to_string()).text(" "),
        };
        let rights = match &facts.account {
            Ok(_) => text("✔ I am a server admin".to_owned()),
            Err(Fault::NotAdmin) => text("✘ I am not a server admin: most commands will fail".to_owned()),
            Err(fault) => Line::new().text("⚠ ").name_long(fault.to_string()),
        };
        let limit = match connection.unlimited {
            Some(true) => "✔ the server does not limit my messages",
            Some(false) => {
                "⚠ the server may limit my messages; docs/setup.md says how to lift that, so that answers are not late"
            }
            None => "⚠ not known",
        };
        let reply = Reply::new()
            .paragraph(
                Line::new()
                    .strong(format!("Gleipnir {}", env!("CARGO_PKG_VERSION")))
                    .text(format!(", up for {}", in_words(connection.uptime))),
            )
            .fact("Server", server.code(&connection.homeserver))
            .fact(
                "Account",
                Line::new().code(world.lookup.me().as_str()).text(", device ").code(&connection.device_id),
            )
            .fact("Rights", rights);
        let reply = match logins(&facts.authentication) {
            Some(logins) => reply.fact("Logins", logins),
            None => reply,
        };
        let reply = reply
            .fact("Rate limit", text(limit.to_owned()))
            .fact(
                "Management room",
                Line::new().code(world.settings.management.as_str()).text(if connection.encrypted {
                    ", encrypted"
                } else {
                    ", not encrypted"
                }),
            )
            .fact("Encryption", text(connection.encryption.clone()))
            .fact("Watching", watching(&facts.rooms, world.settings))
            .fact("Reports", reports(&facts.reports, world.settings.endpoint))
            .fact(
                "Jobs",
                text(format!("{} at work, {} waiting for a confirmation", facts.running, facts.proposed)),
            )
            .fact(
                "Queue",
                // The command that asks this is being handled, and its 👀 may be on its way.
                text(format!(
                    "events to handle: {}, messages to send: {}",
                    facts.queue.unhandled.saturating_sub(1),
                    facts.queue.undelivered
                )),
            );
        Ok(Decision::Answer(reply))
    }
}

/// Who decides about logins, where that is not the homeserver.
fn logins(authentication: &Result<Authentication, Fault>) -> Option<Line> {
    let line = Line::new();
    match authentication {
        Ok(Authentication::Homeserver) => None,
        Ok(Authentication::Mas) => Some(line.text("✔ I have access to the authentication service (MAS)")),
        Ok(Authentication::Elsewhere) => Some(
            line.text("⚠ an authentication service (MAS) decides about them, and I have no access to it: give it to me under ")
                .code("[mas]"),
        ),
        Err(fault) => Some(
            line.text("⚠ ")
                .name_long(fault.to_string())
                .text(" I cannot lock or deactivate accounts meanwhile; ")
                .code("!suspend")
                .text(" does not need them"),
        ),
    }
}

/// Which reports reach the bot. What the homeserver tells nobody, a reverse proxy can forward.
fn reports(offered: &[(ReportKind, Result<bool, Fault>)], endpoint: Switch) -> Line {
    let mut line = Line::new();
    for (n, (kind, offered)) in offered.iter().enumerate() {
        let what = match kind {
            ReportKind::Event => "messages",
            ReportKind::User => "users",
            ReportKind::Room => "rooms",
        };
        line = line.text(if n == 0 { "" } else { ", " });
        line = match (offered, endpoint, kind) {
            (Ok(true), ..) => line.text(format!("✔ of {what}")),
            (Ok(false), Switch::On, _) => line.text(format!("✔ of {what} (by my endpoint)")),
            (Ok(false), Switch::Off, ReportKind::User) => {
                line.text("✘ of users (Synapse tells them since 1.152)")
            }
            (Ok(false), Switch::Off, _) => line.text(format!("✘ of {what} (this server tells nobody)")),
            (Err(fault), ..) => line.text(format!("⚠ of {what}: ")).name_long(fault.to_string()),
        };
    }
    line.text(match endpoint {
        Switch::On => "; my endpoint for forwarded reports is on",
        Switch::Off => "; my endpoint for forwarded reports is off",
    })
}

/// How many of the rooms that the bot is in are watched: not the management room, and no chats that it opened itself. Among
/// very many rooms those do not matter, and looking at each would take too long.
async fn watched(world: &World<'_>, mut rooms: Vec<OwnedRoomId>) -> Result<usize, Failure> {
    rooms.retain(|room| !world.is_management(room));
    if rooms.len() > LOOKED_AT {
        return Ok(rooms.len());
    }
    let lookup = world.lookup;
    let chats = read_each(world, rooms, "rooms", |room: OwnedRoomId| {
        // What cannot be read is watched all the same.
        Box::pin(async move {
            let Ok(details) = lookup.room(&room).await else { return Ok(false) };
            Ok(is_own_chat(lookup, &room, details.as_ref()).await.unwrap_or_default())
        })
    })
    .await?;
    Ok(chats.into_iter().filter(|is_chat| !is_chat).count())
}

/// How many rooms are watched, and what is told of them.
fn watching(rooms: &Result<usize, Fault>, settings: &Settings) -> Line {
    let line = match rooms {
        Ok(watched) => Line::new().text(counted(*watched as u64, "room")),
        Err(fault) => Line::new().text("⚠ ").name_long(fault.to_string()),
    };
    let line = line.text(format!(
        ", telling {}",
        match settings.feed.default {
            Level::All => "every change",
            Level::Moderation => "what concerns moderation",
            Level::Off => "nothing",
        }
    ));
    match settings.feed.rooms.len() {
        0 => line,
        own => line.text(format!("; the configuration says otherwise of {}", counted(own as u64, "room"))),
    }
}
