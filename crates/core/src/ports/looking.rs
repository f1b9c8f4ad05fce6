//! Reading more of the homeserver: what there is to know of accounts and their files, and of the server itself.

use ruma::{EventId, OwnedRoomId, RoomId, ServerName, UserId};

use super::Asked;
use crate::model::{
    AccountPage, AccountQuery, Attached, Authentication, BackgroundUpdates, Connected, Destination,
    DestinationPage, DestinationQuery, Device, Identity, MediaPage, MediaUsePage, MediaUseQuery, Millis, Mxc,
    Owner, RateLimit, RegistrationToken, ReportPage, ReportRole, RoomSize, ScheduledTask, SharedRooms,
};

/// Reading about people. Nothing here changes anything. Of a user whom the server does not know there is nothing, which
/// is no error for [`rooms_of`](Self::rooms_of) and [`invitations`](Self::invitations): ask for the account first.
pub trait LookupPeople: Send + Sync {
    /// A page of the accounts of this server.
    fn accounts<'a>(&'a self, query: &'a AccountQuery) -> Asked<'a, AccountPage>;
    /// What a local account is logged in with. Refused (404) without such an account.
    fn devices<'a>(&'a self, user: &'a UserId) -> Asked<'a, Vec<Device>>;
    /// Where a local account was used from in the last weeks.
    fn connections<'a>(&'a self, user: &'a UserId) -> Asked<'a, Vec<Connected>>;
    /// The rooms that a user is in, of any server, as far as this server takes part in them.
    fn rooms_of<'a>(&'a self, user: &'a UserId) -> Asked<'a, Vec<OwnedRoomId>>;
    /// How many invitations a local account sent since a time. [`Fault::NotRouted`](super::Fault::NotRouted) before
    /// Synapse 1.122.
    fn invitations<'a>(&'a self, user: &'a UserId, since: Millis) -> Asked<'a, u64>;
    /// How many rooms a local account joined since a time, also those that it left. Not before Synapse 1.122 either.
    fn joins<'a>(&'a self, user: &'a UserId, since: Millis) -> Asked<'a, u64>;
    /// How fast a local account may send; `None` when the server's own limit applies.
    fn rate_limit<'a>(&'a self, user: &'a UserId) -> Asked<'a, Option<RateLimit>>;
    /// The newest reports of events and users that a user made, or that are about them: up to 100 of each kind, newest
    /// first. `next` is there when there are more.
    fn reports_with<'a>(&'a self, user: &'a UserId, role: ReportRole) -> Asked<'a, ReportPage>;
    /// Whose account an identity belongs to.
    fn owner<'a>(&'a self, identity: &'a Identity) -> Asked<'a, Owner>;
    /// A page of the files that a local account uploaded, the newest first. Refused (404) without such an account.
    fn media_of<'a>(&'a self, user: &'a UserId, from: u64, limit: u32) -> Asked<'a, MediaPage>;
    /// The files in messages of a room that are not encrypted; none for a room that the server does not know.
    fn media_in<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<Mxc>>;
    /// A small picture of a file, of 256 pixels at most each way, as the server makes it (PNG or JPEG); `None` when it has
    /// none: it is no picture, in quarantine, or gone.
    fn thumbnail<'a>(&'a self, media: &'a Mxc) -> Asked<'a, Option<Vec<u8>>>;
    /// The file of a message in the management room, decrypted.
    fn attached<'a>(&'a self, event: &'a EventId) -> Asked<'a, Attached>;
}

/// Reading about the server itself. Nothing here changes anything.
pub trait LookupServer: Send + Sync {
    /// Who decides about logins, passwords and whether an account can be used.
    fn authentication(&self) -> Asked<'_, Authentication>;
    /// All registration tokens. [`Fault::NotRouted`](super::Fault::NotRouted) with delegated authentication.
    fn registration_tokens(&self) -> Asked<'_, Vec<RegistrationToken>>;
    /// A page of the other servers that this one knows.
    fn destinations<'a>(&'a self, query: &'a DestinationQuery) -> Asked<'a, DestinationPage>;
    /// How sending to another server goes; `None` when this one never had to do with it.
    fn destination<'a>(&'a self, server: &'a ServerName) -> Asked<'a, Option<Destination>>;
    /// A page of the rooms shared with another server. Refused (404) for one that this server never had to do with.
    fn shared_rooms<'a>(&'a self, server: &'a ServerName, from: u64, limit: u32) -> Asked<'a, SharedRooms>;
    /// What Synapse changes in its database.
    fn background_updates(&self) -> Asked<'_, BackgroundUpdates>;
    /// Background tasks of the last days, whatever they do, oldest first.
    fn scheduled_tasks(&self) -> Asked<'_, Vec<ScheduledTask>>;
    /// The rooms that take most space in the database, the largest first. Refused (400) on SQLite.
    fn largest_rooms(&self) -> Asked<'_, Vec<RoomSize>>;
    /// A page of the users who uploaded most.
    fn media_use<'a>(&'a self, query: &'a MediaUseQuery) -> Asked<'a, MediaUsePage>;
}
