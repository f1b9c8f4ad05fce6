//! Changing more of the homeserver: accounts and their files, rooms that are made, and the server itself.

use ruma::{OwnedRoomId, OwnedServerName, RoomId, ServerName, UserId};
use serde_json::Value;

use super::Asked;
use crate::model::{
    Erase, Mxc, NewRoom, NewToken, Password, RateLimit, RegistrationToken, Sessions, Switch, TokenLimits,
    TokenWord,
};

/// Changing what people have. Nothing here may ever create an account.
pub trait EffectsOnPeople: Send + Sync {
    /// Ends logins of a local account, by their IDs. Idempotent. Refused (404) without such an account.
    fn log_out<'a>(&'a self, user: &'a UserId, devices: &'a [String]) -> Asked<'a, ()>;
    /// Deactivates a local account; it leaves its rooms in the background. Idempotent. Refused (404) without such an
    /// account.
    fn deactivate<'a>(&'a self, user: &'a UserId, erase: Erase) -> Asked<'a, ()>;
    /// Brings a deactivated account back, without a password. Idempotent. Refused (404) without such an account.
    fn reactivate<'a>(&'a self, user: &'a UserId) -> Asked<'a, ()>;
    /// Gives a local account a password by chance: each time another one. Refused (404) without such an account.
    fn reset_password<'a>(&'a self, user: &'a UserId, sessions: Sessions) -> Asked<'a, Password>;
    /// Sends a password into a direct chat. It is not logged, and comes again if it is asked for again.
    fn send_password<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
        password: &'a Password,
    ) -> Asked<'a, ()>;
    /// Brings a local user into a room, without asking them, through one of some servers where this one is not in it as far
    /// as it knows yet. Refused (403) where the bot cannot invite them. Idempotent.
    fn bring_in<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
        via: &'a [OwnedServerName],
    ) -> Asked<'a, OwnedRoomId>;
    /// Replaces the content of a room's `m.room.power_levels`. Refused (403) without the power.
    fn set_power_levels<'a>(&'a self, room: &'a RoomId, content: &'a Value) -> Asked<'a, ()>;
    /// Gives a local account a rate limit of its own, or takes it away. Idempotent.
    fn set_rate_limit<'a>(&'a self, user: &'a UserId, limit: Option<RateLimit>) -> Asked<'a, ()>;
}

/// Making rooms, and getting into rooms that this server is not in.
pub trait EffectsOnRooms: Send + Sync {
    /// Makes a room, which the bot is in. Not idempotent: look for the room before repeating it. Refused (400) for a version
    /// that the server does not know, and for power levels that the version does not allow.
    fn create_room<'a>(&'a self, room: &'a NewRoom) -> Asked<'a, OwnedRoomId>;
    /// Joins a room with the bot's own account, through one of some servers where this one is not in it. Idempotent. Refused
    /// (403) where the bot is not invited or the room is blocked, (404) when no server in the room is known.
    fn join_through<'a>(&'a self, room: &'a RoomId, servers: &'a [OwnedServerName]) -> Asked<'a, ()>;
    /// Replaces the content of a room's `m.room.canonical_alias`. Refused (403) without the power, (400) for an alias that does
    /// not lead there.
    fn set_canonical_alias<'a>(&'a self, room: &'a RoomId, content: &'a Value) -> Asked<'a, ()>;
}

/// Changing files and the server itself.
pub trait EffectsOnServer: Send + Sync {
    /// Protects a file of this server from quarantine, or no longer. Idempotent. Refused (404) when there is none. Only the
    /// ID counts: for a file of another server one of this server with the same ID would be changed.
    fn set_protection<'a>(&'a self, media: &'a Mxc, to: Switch) -> Asked<'a, ()>;
    /// Deletes a file of this server. Refused (404) when there is none, (400) for a copy from another server.
    fn delete_media<'a>(&'a self, media: &'a Mxc) -> Asked<'a, ()>;
    /// Deletes so many files that a local user uploaded; how many there were to delete.
    fn delete_media_of<'a>(&'a self, user: &'a UserId, limit: u32) -> Asked<'a, u64>;
    /// Quarantines all files that a local user uploaded, but for protected ones. Idempotent.
    fn quarantine_media_of<'a>(&'a self, user: &'a UserId) -> Asked<'a, ()>;
    /// Quarantines the files in a room's messages that are not encrypted, but for protected ones. Idempotent.
    fn quarantine_media_in<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()>;
    /// Makes a registration token. Refused (400) when there is one with that word, and for a word that cannot be one.
    fn create_token<'a>(&'a self, new: &'a NewToken) -> Asked<'a, RegistrationToken>;
    /// Changes what a registration token allows. Refused (404) when there is none.
    fn edit_token<'a>(&'a self, token: &'a TokenWord, limits: TokenLimits) -> Asked<'a, ()>;
    /// Deletes a registration token. Refused (404) when there is none.
    fn delete_token<'a>(&'a self, token: &'a TokenWord) -> Asked<'a, ()>;
    /// Tries at once to reach another server that could not be reached. Refused (400) when it can be, (404) when this one
    /// never had to do with it.
    fn retry_destination<'a>(&'a self, server: &'a ServerName) -> Asked<'a, ()>;
}
