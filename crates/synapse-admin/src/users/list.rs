//! The accounts of this server: `GET /_synapse/admin/v2/users`, and `…/v3/users` for deactivated ones alone.

use std::fmt;
use std::num::NonZeroU32;

use ruma::MilliSecondsSinceUnixEpoch;
use serde::{Deserialize, Serialize};

use crate::lenient::{self, Query};
use crate::paging::next_offset;
use crate::{Client, Direction, Error};

impl Client {
    /// One page of the accounts of this server: `GET /_synapse/admin/v2/users` or `…/v3/users`.
    ///
    /// - 400 `M_INVALID_PARAM` with MAS, unless [`ListUsers::guests`] is `Some(false)`
    /// - [`Error::is_not_offered`] for [`Deactivated::Only`] on servers too old for it
    pub async fn users(&self, list: &ListUsers) -> Result<UserList, Error> {
        let path = match list.deactivated {
            Deactivated::Without | Deactivated::With => "/_synapse/admin/v2/users",
            Deactivated::Only => "/_synapse/admin/v3/users",
        };
        self.get(path, &[]).query(list.query()).answer().await
    }
}

/// Which accounts. The default is the first 100 that are neither deactivated nor locked, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListUsers {
    /// Where to go on: [`UserList::next_token`] of the page before.
    pub from: Option<u64>,
    /// How many at most, 100 if `None`.
    pub limit: Option<NonZeroU32>,
    /// Only those whose ID contains this, where `_` stands for any character and `%` for any text. Ignored beside `name`.
    pub user_id: Option<String>,
    /// Only those whose localpart or display name contains this, likewise.
    pub name: Option<String>,
    /// `Some(false)` leaves guests out.
    pub guests: Option<bool>,
    /// Whether deactivated ones are among them.
    pub deactivated: Deactivated,
    /// Whether locked ones are among them. Without, **they are not to be found**.
    pub locked: bool,
    /// Only server admins, or only others.
    pub admins: Option<bool>,
    /// None of these types, such as `bot` and `support`; an empty text stands for accounts without a type.
    pub not_user_type: Vec<String>,
    /// What to sort by.
    pub order_by: UserOrder,
    /// Backwards turns the order around.
    pub dir: Direction,
}

impl ListUsers {
    fn query(&self) -> Query {
        let query = Query::default()
            .with("from", self.from)
            .with("limit", self.limit)
            .with("user_id", self.user_id.as_ref())
            .with("name", self.name.as_ref())
            .with("guests", self.guests)
            .with("deactivated", (self.deactivated != Deactivated::Without).then_some(true))
            .with("locked", self.locked.then_some(true))
            .with("admins", self.admins)
            .with("order_by", Some(self.order_by))
            .with("dir", Some(self.dir));
        self.not_user_type.iter().fold(query, |query, kind| query.with("not_user_type", Some(kind)))
    }
}

/// Whether deactivated accounts are in a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Deactivated {
    /// They are not.
    #[default]
    Without,
    /// They are.
    With,
    /// No others are.
    Only,
}

/// What a list of accounts is sorted by: from old to new, alphabetically, from no to yes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the fields of ListedUser")]
pub enum UserOrder {
    #[default]
    Name,
    Displayname,
    AvatarUrl,
    IsGuest,
    Admin,
    Deactivated,
    Locked,
    ShadowBanned,
    UserType,
    CreationTs,
    LastSeenTs,
}

impl fmt::Display for UserOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Displayname => "displayname",
            Self::AvatarUrl => "avatar_url",
            Self::IsGuest => "is_guest",
            Self::Admin => "admin",
            Self::Deactivated => "deactivated",
            Self::Locked => "locked",
            Self::ShadowBanned => "shadow_banned",
            Self::UserType => "user_type",
            Self::CreationTs => "creation_ts",
            Self::LastSeenTs => "last_seen_ts",
        })
    }
}

/// A page of accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserList {
    /// The accounts of this page.
    #[serde(deserialize_with = "lenient::or_default")]
    pub users: Vec<ListedUser>,
    /// How many there are on all pages.
    #[serde(deserialize_with = "lenient::or_default")]
    pub total: u64,
    /// [`ListUsers::from`] of the next page; `None` on the last.
    #[serde(deserialize_with = "lenient::number")]
    pub next_token: Option<u64>,
}

impl UserList {
    /// The question for the page after this one, which was the answer to `list`; `None` if this is the last. It always
    /// begins further on, so following it comes to an end.
    pub fn next(&self, list: &ListUsers) -> Option<ListUsers> {
        let from = next_offset(list.from, list.limit, self.next_token)?;
        Some(ListUsers { from: Some(from), ..list.clone() })
    }
}

/// An account in a list. Whether it is suspended is not said there: see [`Client::user`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the types are those of the wire")]
pub struct ListedUser {
    /// The user ID.
    pub name: String,
    /// The display name.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub displayname: Option<String>,
    /// The `mxc:` URI of the picture.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub avatar_url: Option<String>,
    /// `bot`, `support` or a word of the server's own.
    #[serde(default)]
    pub user_type: Option<String>,
    /// Whether it is a guest.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_guest: bool,
    /// Whether it is a server admin.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub admin: bool,
    /// Whether it was deactivated.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub deactivated: bool,
    /// Whether it was deactivated with the wish to be forgotten.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub erased: bool,
    /// Whether it is locked.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub locked: bool,
    /// Whether it is shadow-banned.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub shadow_banned: bool,
    /// When it was made. In **milliseconds** here, in seconds in [`User::creation_ts`](crate::User::creation_ts).
    #[serde(default)]
    pub creation_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// When it was last seen.
    #[serde(default)]
    pub last_seen_ts: Option<MilliSecondsSinceUnixEpoch>,
}
