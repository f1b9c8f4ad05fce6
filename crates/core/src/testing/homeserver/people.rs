//! What the fake homeserver tells of people and of itself.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use ruma::{EventId, OwnedRoomId, OwnedServerName, OwnedUserId, RoomId, ServerName, UserId};

use super::{FakeHomeserver, Inner};
use crate::{
    model::{
        About, Account, AccountOrder, AccountPage, AccountQuery, AccountSearch, Among, Attached,
        Authentication, BackgroundUpdates, Connected, Destination, DestinationPage, DestinationQuery, Device,
        Dir, Identity, ListedAccount, ListedMedia, MediaPage, MediaUse, MediaUseOrder, MediaUsePage,
        MediaUseQuery, Millis, Mxc, Owner, RateLimit, RegistrationToken, Report, ReportKind, ReportPage,
        ReportRole, RoomSize, ScheduledTask, SharedRooms, is_local,
    },
    ports::{Asked, Fault, LookupPeople, LookupServer},
};

/// What the fake knows of people, and of itself, besides accounts and rooms.
#[derive(Default)]
pub(super) struct People {
    /// Deactivated accounts that leave one room each time somebody looks.
    pub(super) parting: BTreeSet<OwnedUserId>,
    /// Whether they stay where they are all the same.
    staying: bool,
    /// What accounts were given as passwords, in order.
    pub(super) passwords: Vec<(OwnedUserId, String)>,
    /// Small pictures of files.
    pub(super) thumbnails: BTreeMap<Mxc, Vec<u8>>,
    /// Files of messages in the management room.
    pub(super) attached: BTreeMap<String, Attached>,
    pub(super) authentication: Option<Authentication>,
    pub(super) devices: BTreeMap<OwnedUserId, Vec<Device>>,
    connections: BTreeMap<OwnedUserId, Vec<Connected>>,
    invitations: BTreeMap<OwnedUserId, Vec<Millis>>,
    joins: BTreeMap<OwnedUserId, Vec<Millis>>,
    pub(super) limits: BTreeMap<OwnedUserId, RateLimit>,
    pub(super) room_media: BTreeMap<OwnedRoomId, Vec<Mxc>>,
    pub(super) tokens: Vec<RegistrationToken>,
    pub(super) destinations: BTreeMap<OwnedServerName, (Destination, Vec<String>)>,
    updates: Vec<(String, u64)>,
    sizes: Option<Vec<RoomSize>>,
}

impl FakeHomeserver {
    /// Deactivated accounts do not leave their rooms.
    pub fn part_nobody(&self) {
        self.inner().people.staying = true;
    }

    /// What an account is logged in with.
    pub fn put_devices(&self, user: &UserId, devices: Vec<Device>) {
        self.inner().people.devices.insert(user.to_owned(), devices);
    }

    /// Where an account was used from.
    pub fn put_connections(&self, user: &UserId, connections: Vec<Connected>) {
        self.inner().people.connections.insert(user.to_owned(), connections);
    }

    /// When an account sent invitations, and when it joined rooms.
    pub fn put_activity(&self, user: &UserId, invitations: Vec<Millis>, joins: Vec<Millis>) {
        let mut inner = self.inner();
        inner.people.invitations.insert(user.to_owned(), invitations);
        inner.people.joins.insert(user.to_owned(), joins);
    }

    /// How fast an account may send.
    pub fn put_rate_limit(&self, user: &UserId, limit: RateLimit) {
        self.inner().people.limits.insert(user.to_owned(), limit);
    }

    /// The files in a room's messages.
    pub fn put_room_media(&self, room: &RoomId, media: Vec<Mxc>) {
        self.inner().people.room_media.insert(room.to_owned(), media);
    }

    /// Adds a registration token.
    pub fn put_token(&self, token: RegistrationToken) {
        self.inner().people.tokens.push(token);
    }

    /// Adds another server, and the rooms that are shared with it.
    pub fn put_destination(&self, server: &ServerName, destination: Destination, rooms: Vec<String>) {
        self.inner().people.destinations.insert(server.to_owned(), (destination, rooms));
    }

    /// A small picture of a file.
    pub fn put_thumbnail(&self, media: &Mxc, picture: Vec<u8>) {
        self.inner().people.thumbnails.insert(media.clone(), picture);
    }

    /// The file of a message in the management room.
    pub fn put_attached(&self, event: &str, attached: Attached) {
        self.inner().people.attached.insert(event.to_owned(), attached);
    }

    /// Who decides about logins and passwords.
    pub fn authenticates(&self, authentication: Authentication) {
        self.inner().people.authentication = Some(authentication);
    }

    /// What accounts were given as passwords, in order.
    pub fn passwords(&self) -> Vec<(OwnedUserId, String)> {
        self.inner().people.passwords.clone()
    }

    /// Something is changed in the database.
    pub fn put_update(&self, name: &str, done: u64) {
        self.inner().people.updates.push((name.to_owned(), done));
    }

    /// The database is PostgreSQL, and rooms take so much space.
    pub fn put_sizes(&self, sizes: Vec<RoomSize>) {
        self.inner().people.sizes = Some(sizes);
    }
}

fn unknown_user() -> Fault {
    Fault::Refused { status: 404, errcode: "M_NOT_FOUND".into(), message: "Unknown user".into() }
}

fn of_another_server() -> Fault {
    let message = "Can only look up local users".into();
    Fault::Refused { status: 400, errcode: "M_UNKNOWN".into(), message }
}

/// A page of a list, how many there are in all, and where the next page begins.
fn paged<T>(all: Vec<T>, from: u64, limit: u32) -> (Vec<T>, u64, Option<u64>) {
    let total = all.len() as u64;
    let page: Vec<T> =
        all.into_iter().skip(usize::try_from(from).unwrap_or(usize::MAX)).take(limit as usize).collect();
    let end = from + page.len() as u64;
    (page, total, (end < total).then_some(end))
}

fn listed((id, account): (&OwnedUserId, &Account)) -> ListedAccount {
    ListedAccount {
        id: id.to_string(),
        display_name: account.display_name.clone(),
        user_type: account.user_type.clone(),
        guest: account.guest,
        admin: account.admin,
        deactivated: account.deactivated,
        erased: account.erased,
        locked: account.locked,
        shadow_banned: account.shadow_banned,
        created_at: account.created_at,
        last_seen_at: account.last_seen_at,
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn fits(query: &AccountQuery, account: &ListedAccount) -> bool {
    let localpart = account.id.trim_start_matches('@').split(':').next().unwrap_or_default();
    let found = match &query.search {
        AccountSearch::All => true,
        AccountSearch::Id(part) => contains(&account.id, part),
        AccountSearch::Name(part) => {
            contains(localpart, part)
                || account.display_name.as_deref().is_some_and(|name| contains(name, part))
        }
    };
    found
        && (query.guests == Among::Yes || !account.guest)
        && (query.locked == Among::Yes || !account.locked)
        && (query.deactivated == Among::Yes || !account.deactivated)
        && query.admins.is_none_or(|admins| account.admin == admins)
}

fn sorted(mut accounts: Vec<ListedAccount>, order: AccountOrder, dir: Dir) -> Vec<ListedAccount> {
    match order {
        AccountOrder::Name => accounts.sort_by_key(|account| account.id.clone()),
        AccountOrder::Displayname => accounts.sort_by_key(|account| account.display_name.clone()),
        AccountOrder::CreationTs => accounts.sort_by_key(|account| account.created_at),
        AccountOrder::LastSeenTs => accounts.sort_by_key(|account| account.last_seen_at),
        AccountOrder::Admin => accounts.sort_by_key(|account| account.admin),
        AccountOrder::IsGuest => accounts.sort_by_key(|account| account.guest),
        AccountOrder::Locked => accounts.sort_by_key(|account| account.locked),
        AccountOrder::Deactivated => accounts.sort_by_key(|account| account.deactivated),
        AccountOrder::ShadowBanned => accounts.sort_by_key(|account| account.shadow_banned),
        AccountOrder::UserType => accounts.sort_by_key(|account| account.user_type.clone()),
    }
    if dir == Dir::Backwards {
        accounts.reverse();
    }
    accounts
}

impl Inner {
    /// The files of an account, the newest first.
    pub(super) fn uploads(&self, user: &UserId) -> Vec<ListedMedia> {
        let theirs = |(_, details): &(&Mxc, &crate::model::MediaDetails)| {
            details.uploader.as_deref() == Some(user.as_str())
        };
        let files = self.media.iter().filter(theirs);
        let mut files: Vec<ListedMedia> = files
            .map(|(mxc, details)| ListedMedia { mxc: mxc.clone(), details: Some(details.clone()) })
            .collect();
        files.sort_by_key(|file| Reverse(file.details.as_ref().and_then(|details| details.created_at)));
        files
    }
}

fn with(report: &Report, user: &UserId, role: ReportRole) -> bool {
    match (role, &report.about) {
        (ReportRole::Reporter, _) => report.reporter == user.as_str(),
        (ReportRole::Reported, About::User { user_id }) => user_id == user.as_str(),
        (ReportRole::Reported, About::Event { .. }) => report.author.as_deref() == Some(user.as_str()),
        (ReportRole::Reported, About::Room { .. }) => false,
    }
}

impl LookupPeople for FakeHomeserver {
    fn accounts<'a>(&'a self, query: &'a AccountQuery) -> Asked<'a, AccountPage> {
        self.call("accounts", move |inner| {
            let accounts = inner.accounts.iter().map(listed).filter(|account| fits(query, account));
            let all = sorted(accounts.collect(), query.order_by, query.dir);
            let (accounts, total, next) = paged(all, query.from, query.limit);
            Ok(AccountPage { accounts, total, next })
        })
    }

    fn devices<'a>(&'a self, user: &'a UserId) -> Asked<'a, Vec<Device>> {
        self.call("devices", move |inner| {
            if !inner.accounts.contains_key(user) {
                return Err(unknown_user());
            }
            Ok(inner.people.devices.get(user).cloned().unwrap_or_default())
        })
    }

    fn connections<'a>(&'a self, user: &'a UserId) -> Asked<'a, Vec<Connected>> {
        self.call("connections", move |inner| {
            if !is_local(user, &self.me) {
                return Err(of_another_server());
            }
            Ok(inner.people.connections.get(user).cloned().unwrap_or_default())
        })
    }

    fn rooms_of<'a>(&'a self, user: &'a UserId) -> Asked<'a, Vec<OwnedRoomId>> {
        self.call("rooms_of", move |inner| {
            if inner.people.parting.contains(user)
                && !inner.people.staying
                && let Some(room) =
                    inner.rooms.values_mut().find(|room| room.members.iter().any(|id| id == user))
            {
                room.members.retain(|member| member != user);
            }
            let inside = |(_, room): &(&OwnedRoomId, &super::FakeRoom)| {
                room.members.iter().any(|member| member == user)
            };
            Ok(inner.rooms.iter().filter(inside).map(|(id, _)| id.clone()).collect())
        })
    }

    fn invitations<'a>(&'a self, user: &'a UserId, since: Millis) -> Asked<'a, u64> {
        self.call("invitations", move |inner| {
            let sent = inner.people.invitations.get(user).into_iter().flatten();
            Ok(sent.filter(|at| **at >= since).count() as u64)
        })
    }

    fn joins<'a>(&'a self, user: &'a UserId, since: Millis) -> Asked<'a, u64> {
        self.call("joins", move |inner| {
            let joined = inner.people.joins.get(user).into_iter().flatten();
            Ok(joined.filter(|at| **at >= since).count() as u64)
        })
    }

    fn rate_limit<'a>(&'a self, user: &'a UserId) -> Asked<'a, Option<RateLimit>> {
        self.call("rate_limit", move |inner| Ok(inner.people.limits.get(user).copied()))
    }

    fn reports_with<'a>(&'a self, user: &'a UserId, role: ReportRole) -> Asked<'a, ReportPage> {
        self.call("reports_with", move |inner| {
            let known = inner.reports.iter().map(|(report, _)| report);
            let told = known.filter(|report| {
                report.key.kind != ReportKind::Room && !inner.untold.contains(&report.key.kind)
            });
            let mut all: Vec<Report> = told.filter(|report| with(report, user, role)).cloned().collect();
            all.sort_by_key(|report| Reverse(report.key.received_ts));
            let (reports, total, next) = paged(all, 0, 100);
            Ok(ReportPage { reports, total, next })
        })
    }

    fn owner<'a>(&'a self, identity: &'a Identity) -> Asked<'a, Owner> {
        self.call("owner", move |inner| {
            let has = |account: &Account| match identity {
                Identity::ThirdParty { medium, address } => {
                    account.threepids.contains(&(medium.clone(), address.clone()))
                }
                Identity::External { provider, id } => {
                    account.external_ids.contains(&(provider.clone(), id.clone()))
                }
            };
            Ok(inner.accounts.iter().find(|(_, account)| has(account)).map(|(id, _)| id.clone()))
        })
    }

    fn media_of<'a>(&'a self, user: &'a UserId, from: u64, limit: u32) -> Asked<'a, MediaPage> {
        self.call("media_of", move |inner| {
            if !inner.accounts.contains_key(user) {
                return Err(unknown_user());
            }
            let (media, total, next) = paged(inner.uploads(user), from, limit);
            Ok(MediaPage { media, total, next })
        })
    }

    fn media_in<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<Mxc>> {
        self.call("media_in", move |inner| Ok(inner.people.room_media.get(room).cloned().unwrap_or_default()))
    }

    fn thumbnail<'a>(&'a self, media: &'a Mxc) -> Asked<'a, Option<Vec<u8>>> {
        self.call("thumbnail", move |inner| {
            let is_closed = inner.media.get(media).is_some_and(|details| details.quarantined_by.is_some());
            Ok(inner.people.thumbnails.get(media).filter(|_| !is_closed).cloned())
        })
    }

    fn attached<'a>(&'a self, event: &'a EventId) -> Asked<'a, Attached> {
        self.call("attached", move |inner| {
            Ok(inner.people.attached.get(event.as_str()).cloned().unwrap_or(Attached::Nothing))
        })
    }
}

impl LookupServer for FakeHomeserver {
    fn authentication(&self) -> Asked<'_, Authentication> {
        self.call("authentication", |inner| {
            Ok(inner.people.authentication.unwrap_or(Authentication::Homeserver))
        })
    }

    fn registration_tokens(&self) -> Asked<'_, Vec<RegistrationToken>> {
        self.call("registration_tokens", |inner| Ok(inner.people.tokens.clone()))
    }

    fn destinations<'a>(&'a self, query: &'a DestinationQuery) -> Asked<'a, DestinationPage> {
        self.call("destinations", move |inner| {
            let known = inner.people.destinations.values().map(|(destination, _)| destination);
            let search = query.search.as_deref().unwrap_or_default();
            let all: Vec<Destination> =
                known.filter(|destination| contains(&destination.name, search)).cloned().collect();
            let (destinations, total, next) = paged(all, query.from, query.limit);
            Ok(DestinationPage { destinations, total, next })
        })
    }

    fn destination<'a>(&'a self, server: &'a ServerName) -> Asked<'a, Option<Destination>> {
        self.call("destination", move |inner| {
            Ok(inner.people.destinations.get(server).map(|(destination, _)| destination.clone()))
        })
    }

    fn shared_rooms<'a>(&'a self, server: &'a ServerName, from: u64, limit: u32) -> Asked<'a, SharedRooms> {
        self.call("shared_rooms", move |inner| {
            let Some((_, rooms)) = inner.people.destinations.get(server) else { return Err(unknown_user()) };
            let (rooms, total, next) = paged(rooms.clone(), from, limit);
            Ok(SharedRooms { rooms, total, next })
        })
    }

    fn background_updates(&self) -> Asked<'_, BackgroundUpdates> {
        self.call("background_updates", |inner| {
            Ok(BackgroundUpdates { enabled: true, current: inner.people.updates.clone() })
        })
    }

    fn scheduled_tasks(&self) -> Asked<'_, Vec<ScheduledTask>> {
        self.call("scheduled_tasks", |inner| Ok(inner.more_tasks.clone()))
    }

    fn largest_rooms(&self) -> Asked<'_, Vec<RoomSize>> {
        self.call("largest_rooms", |inner| {
            inner.people.sizes.clone().ok_or_else(|| {
                let message = "Endpoint requires using PostgreSQL".into();
                Fault::Refused { status: 400, errcode: "M_UNKNOWN".into(), message }
            })
        })
    }

    fn media_use<'a>(&'a self, query: &'a MediaUseQuery) -> Asked<'a, MediaUsePage> {
        self.call("media_use", move |inner| {
            let search = query.search.as_deref().unwrap_or_default();
            let use_of = |(id, account): (&OwnedUserId, &Account)| {
                let name = account.display_name.as_deref().unwrap_or_default();
                if !contains(id.localpart(), search) && !contains(name, search) {
                    return None;
                }
                let all = inner.uploads(id).into_iter().filter_map(|file| file.details);
                let since = query.since.unwrap_or_default();
                let files: Vec<_> = all.filter(|file| file.created_at.unwrap_or_default() >= since).collect();
                (!files.is_empty()).then(|| MediaUse {
                    user_id: id.to_string(),
                    display_name: account.display_name.clone(),
                    files: files.len() as u64,
                    bytes: files.iter().filter_map(|file| file.length).sum(),
                })
            };
            let mut all: Vec<MediaUse> = inner.accounts.iter().filter_map(use_of).collect();
            match query.by {
                MediaUseOrder::Bytes => all.sort_by_key(|user| Reverse(user.bytes)),
                MediaUseOrder::Files => all.sort_by_key(|user| Reverse(user.files)),
            }
            let (users, total, next) = paged(all, query.from, query.limit);
            Ok(MediaUsePage { users, total, next })
        })
    }
}
