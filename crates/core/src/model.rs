//! What the homeserver tells us, in the words of the Matrix specification and of Synapse's admin API. Plain values:
//! they say what is true on the server and decide nothing.

mod accounts;
mod acting;
mod history;
mod people;
mod redacting;
mod report;
mod restoring;
mod server;
mod work;

use std::time::Duration;

use ruma::{OwnedRoomId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

pub use self::{
    accounts::{
        AccountOrder, AccountPage, AccountQuery, AccountSearch, Among, Connected, Device, ListedAccount,
        RateLimit, ReportRole,
    },
    acting::{Attached, Authentication, Erase, NewToken, Password, Sessions, TokenLimits, TokenWord},
    history::{Context, Event, EventAt, HistoryPage, HistoryQuery},
    people::{Account, MediaDetails, MemberChange, Mxc, RedactionStatus, Sanction, Switch},
    redacting::{RedactionTask, Scope, Windows, Writing},
    report::{About, Report, ReportKey, ReportKind, ReportPage},
    restoring::{NewRoom, Preset, RoomSnapshot},
    server::{
        BackgroundUpdates, Destination, DestinationPage, DestinationQuery, Identity, ListedMedia, MediaPage,
        MediaUse, MediaUseOrder, MediaUsePage, MediaUseQuery, Owner, RegistrationToken, RoomSize,
        SharedRooms,
    },
    work::{
        DELETE_ROOM, DeleteResult, DeleteTask, HistoryPurge, LocalEvents, NoticeRoom, PURGE_HISTORY,
        PurgeStatus, REDACT_USER, ScheduledTask, Shutdown, TaskStatus,
    },
};

/// Milliseconds since the Unix epoch, as in `origin_server_ts`.
pub type Millis = i64;

/// `GET /_synapse/admin/v1/rooms/<room_id>`. Most fields are null for a room that nobody local is in any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomDetails {
    /// The content of `m.room.name`.
    pub name: Option<String>,
    /// The content of `m.room.canonical_alias`.
    pub canonical_alias: Option<String>,
    /// The content of `m.room.topic`.
    pub topic: Option<String>,
    /// The `mxc:` URI of `m.room.avatar`.
    #[serde(default)]
    pub avatar: Option<String>,
    /// The room version, such as `12`.
    pub version: Option<String>,
    /// Sender of `m.room.create`.
    pub creator: Option<String>,
    /// Joined members, of all servers.
    pub joined_members: u64,
    /// Joined members of this server.
    pub joined_local_members: u64,
    /// How many devices those have.
    #[serde(default)]
    pub joined_local_devices: u64,
    /// The encryption algorithm, when the room is encrypted.
    pub encryption: Option<String>,
    /// Whether other servers may take part (`m.federate`).
    pub federatable: Option<bool>,
    /// Whether the room is in the public room directory.
    pub public: Option<bool>,
    /// `join_rule` of `m.room.join_rules`.
    pub join_rules: Option<String>,
    /// `guest_access` of `m.room.guest_access`.
    pub guest_access: Option<String>,
    /// `history_visibility` of `m.room.history_visibility`.
    pub history_visibility: Option<String>,
    /// How many state events the room has: its complexity.
    #[serde(default)]
    pub state_events: u64,
    /// `type` of `m.room.create`, such as `m.space`.
    pub room_type: Option<String>,
    /// Whether all local users have forgotten the room.
    pub forgotten: bool,
    /// Whether the room has an `m.room.tombstone`.
    pub tombstoned: bool,
    /// The successor that the tombstone names.
    pub replacement_room: Option<String>,
}

/// Which rooms to list: the parameters of `GET /_synapse/admin/v1/rooms`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomQuery {
    /// Where to begin: so many rooms are passed over.
    pub from: u64,
    /// How many at most, from 1.
    pub limit: u32,
    /// What to sort by, as Synapse calls it, such as `joined_members`; by name when `None`.
    pub order_by: Option<String>,
    /// `dir`: Synapse sorts texts from A to Z and numbers from the largest to the smallest, or the other way round.
    pub dir: Dir,
    /// Part of a name or of an alias without its `#` and server, or a whole room ID. Sent as it is; never empty.
    pub search: Option<String>,
    /// Only rooms that are in the public room directory, or only others.
    pub public: Option<bool>,
    /// Only rooms without any joined member, or only others.
    pub empty: Option<bool>,
}

/// A direction, `dir` in requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dir {
    /// `f`: as the list is sorted; of events, from old to new.
    #[default]
    Forwards,
    /// `b`: the other way round; of events, from new to old.
    Backwards,
}

/// A page of `GET /_synapse/admin/v1/rooms`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomPage {
    /// The rooms. A list has no topic, picture, devices, nor whether a room is forgotten or closed.
    pub rooms: Vec<ListedRoom>,
    /// How many rooms are passed over before this page.
    pub offset: u64,
    /// How many rooms there are on all pages.
    pub total: u64,
    /// `from` of the next page; `None` on the last.
    pub next: Option<u64>,
}

/// A room of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRoom {
    /// Its ID.
    pub room_id: OwnedRoomId,
    /// What the list tells about it.
    pub details: RoomDetails,
}

/// A page of `GET /_synapse/admin/v1/rooms/<room_id>/hierarchy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HierarchyPage {
    /// The rooms, the space itself first. Those that the server does not know are missing here, and named in their
    /// parent's children.
    pub rooms: Vec<SpaceRoom>,
    /// `from` of the next page, good for five minutes; `None` on the last.
    pub next: Option<String>,
}

/// A room of a space, or a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceRoom {
    /// Its ID.
    pub room_id: OwnedRoomId,
    /// Its name.
    pub name: Option<String>,
    /// Its topic.
    pub topic: Option<String>,
    /// Its main alias.
    pub canonical_alias: Option<String>,
    /// `m.space` for a space.
    pub room_type: Option<String>,
    /// `public`, `knock`, `invite`, `private`, `restricted` or `knock_restricted`.
    pub join_rule: Option<String>,
    /// How many users are joined.
    pub num_joined_members: u64,
    /// Whether anybody may read it without joining.
    pub world_readable: bool,
    /// Whether guests may join.
    pub guest_can_join: bool,
    /// Its `m.space.child` events: `state_key` is the child's room ID.
    pub children_state: Vec<Event>,
}

/// `GET /_synapse/admin/v1/rooms/<room_id>/forward_extremities`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extremities {
    /// How many there are.
    pub count: u64,
    /// Each of them.
    pub results: Vec<Extremity>,
}

/// An event that no other event follows yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extremity {
    /// The event's ID.
    pub event_id: String,
    /// Synapse's number for the state at this event.
    pub state_group: Option<u64>,
    /// How far down the graph it is.
    pub depth: Option<u64>,
    /// When this server received it.
    pub received_ts: Option<Millis>,
}

/// Whether a room is in the public room directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// `public`: it is.
    Listed,
    /// `private`: it is not.
    Unlisted,
}

/// `GET /_synapse/admin/v1/rooms/<room_id>/block`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockStatus {
    /// Local users can join.
    Open,
    /// Nobody local can join or be invited; the first blocker, when the server recorded one.
    Blocked(Option<OwnedUserId>),
}

impl BlockStatus {
    /// Whether the room is blocked.
    pub fn is_blocked(&self) -> bool {
        matches!(self, Self::Blocked(_))
    }
}

/// What is asked for with `PUT /_synapse/admin/v1/rooms/<room_id>/block`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// `{"block": true}`
    On,
    /// `{"block": false}`
    Off,
}

/// One entry of `GET /_synapse/admin/v1/event_reports`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReport {
    /// Its number, which Synapse may give again.
    pub id: u64,
    /// When the server received it.
    pub received_ts: Millis,
    /// The reported event.
    pub event_id: String,
    /// Who reported it.
    pub user_id: String,
    /// Who sent the event.
    pub sender: Option<String>,
    /// Why, in the reporter's words, of any length.
    pub reason: Option<String>,
}

/// What somebody may do in the management room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Not a joined member.
    Outside,
    /// A joined member with this power level.
    Level(i64),
    /// A creator of a room of version 12 or later: above every level.
    Creator,
}

/// What `!status` tells about the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The homeserver's address.
    pub homeserver: String,
    /// The bot's device.
    pub device_id: String,
    /// Whether the management room is encrypted.
    pub encrypted: bool,
    /// One sentence on the state of the bot's encryption identity.
    pub encryption: String,
    /// How long the process has been up.
    pub uptime: Duration,
    /// Whether the bot's own messages are free of the server's rate limit; `None` when it could not be asked.
    pub unlimited: Option<bool>,
}

/// Whether a user belongs to the same server as `me`.
pub fn is_local(user: &UserId, me: &UserId) -> bool {
    user.server_name() == me.server_name()
}
