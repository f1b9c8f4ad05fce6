//! The commands. Each is one file: its arguments (a clap derive; the doc comments are the help), what it reads
//! (`gather`), and what follows from that (`decide`, pure). Registering one is `mod x;` and its row in [`table`].

mod act;
mod alias;
mod attached;
mod audit;
mod ban;
mod biggest;
mod block;
mod blocked;
mod browse;
mod can;
mod cancel;
mod case;
mod cases;
mod claim;
mod confirm;
mod context;
mod crowd;
mod deactivate;
mod delegated;
mod deletions;
mod devices;
mod dismiss;
mod empty_rooms;
mod entry;
mod event;
mod events;
mod explain;
mod extremities;
mod facts;
mod federation;
mod files;
mod find;
mod help;
mod history;
mod in_rooms;
mod invite;
mod job;
mod jobs;
mod join;
mod kick;
mod leave;
pub mod line;
mod list_room;
mod listed;
mod lock;
mod log;
mod logout;
mod media;
mod member_change;
mod members;
mod memberships;
mod messages;
mod mute;
mod muting;
mod notice;
mod paging;
mod person;
mod power;
mod purge_history;
mod quarantine;
mod ratelimit;
mod reactivate;
mod redact;
mod reload;
mod reopen;
mod report;
mod reported;
mod reports;
mod reset_password;
mod resolve;
mod room;
mod room_admin;
mod room_list;
mod rooms;
mod rooms_of;
mod rules;
mod sanctions;
mod settings;
mod several;
mod shadow_ban;
mod sheet;
mod shelving;
mod shutdown;
mod shutdown_status;
mod space;
mod state;
mod stats;
mod status;
mod suspend;
mod tasks;
mod their_rooms;
mod token;
mod tuning;
mod unban;
mod unblock;
mod undo;
mod unlist;
mod unlock;
mod unmute;
mod unquarantine;
mod unshadow_ban;
mod unsuspend;
mod usage;
mod user;
mod users;
mod version;
mod whois;
mod whom;

use std::future::Future;

use ruma::{EventId, OwnedRoomId, RoomAliasId, RoomId, UserId};

use self::entry::entry;
pub(crate) use self::{
    act::draft as act_draft, block::draft as block_draft, facts::is_own_chat, settings::may,
    shutdown::draft as shutdown_draft,
};
pub use self::{
    entry::Entry,
    help::describe,
    line::Found,
    settings::{InForce, Settings, SkipConfirmation},
    tuning::Tuning,
    usage::{pointed, reply as usage_reply},
};
use crate::{
    model::Millis,
    plan::{PlanId, Step, Undoes},
    ports::{CaseId, CaseState, Fault, Lookup, Records, StoreError},
    reply::{Line, Reply},
    text::target::RoomTarget,
};

/// All commands, by name.
pub fn table() -> Vec<Entry> {
    vec![
        entry::<act::Act>(),
        entry::<alias::Alias>(),
        entry::<audit::Audit>(),
        entry::<ban::Ban>(),
        entry::<biggest::Biggest>(),
        entry::<block::Block>(),
        entry::<blocked::Blocked>(),
        entry::<can::Can>(),
        entry::<cancel::Cancel>(),
        entry::<case::Case>(),
        entry::<claim::Claim>(),
        entry::<confirm::Confirm>(),
        entry::<context::Context>(),
        entry::<deactivate::Deactivate>(),
        entry::<devices::Devices>(),
        entry::<dismiss::Dismiss>(),
        entry::<empty_rooms::EmptyRooms>(),
        entry::<event::Event>(),
        entry::<explain::Explain>(),
        entry::<extremities::Extremities>(),
        entry::<federation::Federation>(),
        entry::<find::Find>(),
        entry::<help::Help>(),
        entry::<invite::Invite>(),
        entry::<job::Job>(),
        entry::<jobs::Jobs>(),
        entry::<join::Join>(),
        entry::<kick::Kick>(),
        entry::<leave::Leave>(),
        entry::<list_room::ListRoom>(),
        entry::<lock::Lock>(),
        entry::<log::Log>(),
        entry::<logout::Logout>(),
        entry::<media::Media>(),
        entry::<members::Members>(),
        entry::<memberships::Memberships>(),
        entry::<messages::Messages>(),
        entry::<mute::Mute>(),
        entry::<notice::Notice>(),
        entry::<power::Power>(),
        entry::<purge_history::PurgeHistory>(),
        entry::<quarantine::Quarantine>(),
        entry::<ratelimit::Ratelimit>(),
        entry::<reactivate::Reactivate>(),
        entry::<redact::Redact>(),
        entry::<reload::Reload>(),
        entry::<reopen::Reopen>(),
        entry::<report::Report>(),
        entry::<reports::Reports>(),
        entry::<reset_password::ResetPassword>(),
        entry::<resolve::Resolve>(),
        entry::<room::Room>(),
        entry::<room_admin::RoomAdmin>(),
        entry::<rooms::Rooms>(),
        entry::<rooms_of::RoomsOf>(),
        entry::<rules::Rules>(),
        entry::<shadow_ban::ShadowBan>(),
        entry::<shutdown::Shutdown>(),
        entry::<shutdown_status::ShutdownStatus>(),
        entry::<space::Space>(),
        entry::<state::State>(),
        entry::<stats::Stats>(),
        entry::<status::Status>(),
        entry::<suspend::Suspend>(),
        entry::<tasks::Tasks>(),
        entry::<token::Token>(),
        entry::<unban::Unban>(),
        entry::<unblock::Unblock>(),
        entry::<undo::Undo>(),
        entry::<unlist::Unlist>(),
        entry::<unlock::Unlock>(),
        entry::<unmute::Unmute>(),
        entry::<unquarantine::Unquarantine>(),
        entry::<unshadow_ban::UnshadowBan>(),
        entry::<unsuspend::Unsuspend>(),
        entry::<user::User>(),
        entry::<users::Users>(),
        entry::<version::Version>(),
        entry::<whois::Whois>(),
    ]
}

/// Commands that only change what the bot remembers of cases, or its own process: no job comes of them.
const WITHOUT_JOBS: [&str; 6] = ["claim", "dismiss", "log", "reload", "reopen", "resolve"];

/// Why the configuration cannot name a command where it says something about jobs; `None` when jobs come of it.
pub fn makes_no_jobs(name: &str) -> Option<String> {
    let Some(entry) = table().into_iter().find(|entry| entry.name == name) else {
        return Some("there is no command of that name".to_owned());
    };
    let is_read = !matches!(entry.access, Access::Act | Access::ReadOrAct);
    (is_read || WITHOUT_JOBS.contains(&name))
        .then(|| format!("!{name} changes nothing by a job that could be confirmed or counted"))
}

/// A command: its fields are its arguments.
pub trait Command: clap::Args + Send + Sync + 'static {
    /// What is typed after the `!`.
    const NAME: &'static str;
    /// Whether it needs more than being in the management room.
    const ACCESS: Access;
    /// Where it stands in the help.
    const SUBJECT: Subject;
    /// A line that can be typed.
    const EXAMPLE: &'static str;
    /// Whether a secret may be typed, so that the line is not logged.
    const HAS_SECRETS: bool = false;
    /// What it reads.
    type Facts: Send;

    /// Reads what the decision needs. Cannot change anything.
    fn gather(&self, world: &World<'_>) -> impl Future<Output = Result<Self::Facts, Failure>> + Send;
    /// What follows from the facts.
    fn decide(self, facts: Self::Facts, world: &World<'_>) -> Result<Decision, Failure>;

    /// Whether later commands may overtake it while it reads: it only reads, or what it does is confirmed later.
    fn can_be_overtaken(&self) -> bool {
        Self::ACCESS == Access::Read
    }
}

/// What a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Being a member of the management room.
    Read,
    /// The power level to act there: 50, unless configured otherwise.
    Act,
    /// Being a member to look; the power level to act for what changes something.
    ReadOrAct,
    /// What the job that is decided about needs.
    Decide,
}

/// Headings of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Rooms.
    Rooms,
    /// Events.
    Events,
    /// Accounts, and what people may do.
    People,
    /// Files.
    Media,
    /// Abuse reports, and the cases that they make.
    Reports,
    /// The server, and others.
    Server,
    /// What the bot was asked to do.
    Jobs,
    /// The bot.
    Bot,
}

impl Subject {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 8] = [
        Self::Rooms,
        Self::Events,
        Self::People,
        Self::Media,
        Self::Reports,
        Self::Server,
        Self::Jobs,
        Self::Bot,
    ];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rooms => "Rooms",
            Self::Events => "Events",
            Self::People => "People",
            Self::Media => "Files",
            Self::Server => "The server, and others",
            Self::Reports => "Reports",
            Self::Jobs => "Jobs: what I was asked to do",
            Self::Bot => "About me",
        }
    }
}

/// What commands can see.
pub struct World<'a> {
    /// The homeserver, to be read.
    pub lookup: &'a dyn Lookup,
    /// What the bot remembers, to be read.
    pub records: &'a dyn Records,
    /// The thresholds.
    pub settings: &'a Settings,
    /// Who asks.
    pub asker: &'a UserId,
    /// The event that the command replies to.
    pub reply_to: Option<&'a EventId>,
    /// When.
    pub now: Millis,
    /// The command as it was typed; `None` where nobody typed it.
    pub typed: Option<&'a Found>,
    /// Where to go on, when a page was turned: [`Pages::left`] or [`Pages::right`] of the page before.
    pub at: Option<&'a str>,
    /// Says how far a long reading is. The answer replaces it.
    pub tell: &'a (dyn Fn(&Reply) + Send + Sync),
}

impl World<'_> {
    /// The room that is meant, its alias resolved.
    pub async fn resolve(&self, target: &RoomTarget) -> Result<OwnedRoomId, Failure> {
        match target {
            RoomTarget::Id(room) => Ok(room.clone()),
            RoomTarget::Alias(alias) => self.leads_to(alias).await?.ok_or_else(|| {
                Failure::told(
                    Line::new()
                        .text("There is no room with the alias ")
                        .code(alias.as_str())
                        .text(". Check its spelling, or use the room's ID."),
                )
            }),
        }
    }

    /// The room that an alias leads to, if there is such an alias. When it is one of another server that cannot be asked,
    /// that is told.
    pub async fn leads_to(&self, alias: &RoomAliasId) -> Result<Option<OwnedRoomId>, Failure> {
        let server = alias.server_name();
        match self.lookup.resolve_alias(alias).await {
            // Synapse asks that server, and answers so when it gets no answer.
            Err(fault @ Fault::Broken { status: 502, .. }) if server != self.lookup.me().server_name() => {
                let line = Line::new()
                    .text("I do not know where ")
                    .code(alias.as_str())
                    .text(" leads: its server, ")
                    .code(server.as_str())
                    .text(", could not be asked. ")
                    .name_long(fault.to_string())
                    .text(" Nothing was done. Use the room's ID, or try again later; ")
                    .code(format!("!federation {server}"));
                Err(Failure::told(line.text(" shows how it stands with that server.")))
            }
            found => Ok(found?),
        }
    }

    /// Whether a room is the management room.
    pub fn is_management(&self, room: &RoomId) -> bool {
        room == self.settings.management
    }
}

/// What follows from a command.
#[derive(Debug)]
pub enum Decision {
    /// This is the answer.
    Answer(Reply),
    /// This is a page of the answer. Only for commands that read.
    Page(Reply, Pages),
    /// This is to be done.
    Propose(Box<Draft>),
    /// A Plan was confirmed.
    Confirm(PlanId),
    /// A Plan was dropped.
    Cancel(PlanId),
    /// Moderators are so far with a case. Changes only what the bot remembers.
    Judge {
        /// Which one.
        case: CaseId,
        /// How far.
        state: CaseState,
        /// What the moderator says to that.
        note: Option<String>,
    },
    /// The bot's own process is asked or changed. Changes nothing on the homeserver.
    Tune(Tuning),
}

/// Where a page's neighbours begin, in the command's own terms: they come back as [`World::at`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Where ⬅️ leads; `None` on the first page.
    pub left: Option<String>,
    /// Where ➡️ leads; `None` on the last page.
    pub right: Option<String>,
}

/// A Plan that is not one yet: the safety rules have not seen it.
#[derive(Debug)]
pub struct Draft {
    /// What is to be done.
    pub steps: Vec<Step>,
    /// Why.
    pub because: Option<String>,
    /// What would happen to whom.
    pub preview: Reply,
    /// The Plans that it reverses.
    pub undoes: Option<Undoes>,
    /// The case of an abuse report that it is about.
    pub case: Option<CaseId>,
    /// How long it is to last, in milliseconds; `None` for good.
    pub lasts: Option<Millis>,
    /// Why to ask first, whatever the safety rules say.
    pub caution: Option<String>,
    /// How it was asked for.
    pub acting: Acting,
}

/// What every acting command takes.
#[derive(clap::Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acting {
    /// Show what would happen, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for a confirmation, where the configuration allows that
    #[arg(long)]
    pub yes: bool,
}

/// Why a command came to nothing.
#[derive(Debug)]
pub enum Failure {
    /// It was refused, or the moderator made a mistake: this says what and what to do.
    Told(Box<Reply>),
    /// The homeserver did not answer as it should.
    Fault(Fault),
    /// The database failed.
    Store(StoreError),
    /// The command itself broke; the log has more.
    Broke,
}

impl Failure {
    /// A refusal in one line.
    pub fn told(line: Line) -> Self {
        Self::Told(Box::new(Reply::new().paragraph(line)))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MemberChange, Sanction};

    #[test]
    fn the_table_is_in_order_and_every_grammar_is_sound() {
        let names: Vec<_> = table().iter().map(|entry| entry.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
        for entry in table() {
            entry.grammar().debug_assert();
            let about = entry.grammar().get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty(), "{} has no help", entry.name);
            assert!(entry.example.starts_with(&format!("!{}", entry.name)), "{}", entry.example);
        }
    }

    #[test]
    fn what_makes_jobs_is_known() {
        for name in ["ban", "empty-rooms", "token", "undo", "act", "notice"] {
            assert_eq!(makes_no_jobs(name), None);
        }
        for (name, why) in [
            ("bann", "no command"),
            ("rooms", "changes nothing"),
            ("claim", "changes"),
            ("confirm", "changes"),
        ] {
            assert!(makes_no_jobs(name).is_some_and(|said| said.contains(why)), "{name}");
        }
        // What only steps would be called by could not be named.
        let entries = table();
        let knows = |name: &str| entries.iter().any(|entry| entry.name == name);
        for change in [MemberChange::Kick, MemberChange::Ban, MemberChange::Unban, MemberChange::Invite] {
            assert!(knows(change.command()), "{change:?}");
        }
        for sanction in [Sanction::Suspension, Sanction::Lock, Sanction::ShadowBan] {
            assert!(knows(sanction.command()) && knows(sanction.reverse_command()), "{sanction:?}");
        }
    }

    #[test]
    fn every_acting_command_knows_dry_run() {
        // The bot's own process is no part of what jobs are about.
        let acts = |entry: &&Entry| {
            matches!(entry.access, Access::Act | Access::ReadOrAct)
                && !["log", "reload"].contains(&entry.name)
        };
        for entry in table().iter().filter(acts) {
            let knows = entry.grammar().get_arguments().any(|argument| argument.get_id() == "dry_run");
            assert!(knows, "{}", entry.name);
        }
    }
}
