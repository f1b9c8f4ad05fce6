//! What is read of people and of the server itself.

use std::num::NonZeroU32;

use gleipnir_core::{
    model::{
        AccountOrder, AccountPage, AccountQuery, AccountSearch, Among, Attached, Authentication,
        BackgroundUpdates, Connected, Destination, DestinationPage, DestinationQuery, Device, Identity,
        ListedAccount, ListedMedia, MediaPage, MediaUse, MediaUseOrder, MediaUsePage, MediaUseQuery, Millis,
        Mxc, Owner, RateLimit, RegistrationToken, ReportPage, ReportRole, RoomSize, ScheduledTask,
        SharedRooms,
    },
    ports::{Asked, LookupPeople, LookupServer},
    ruma::{EventId, OwnedRoomId, RoomId, ServerName, UserId},
};
use gleipnir_matrix::Attachment;
use synapse_admin::{
    Deactivated, DestinationRoomsQuery, Direction, ListDestinations, ListUsers, MediaOrder,
    RegistrationTokens, ScheduledTasksQuery, UserMediaQuery, UserOrder,
};

use super::{
    Homeserver,
    model::{direction, media_details, millis, registration_token, task, timestamp},
    read, request_fault,
};

/// How many pixels a small picture has at most, each way.
const THUMBNAIL: u32 = 256;
/// How large a list of users can be: 1 MiB.
const LARGEST_LIST: usize = 1024 * 1024;

impl LookupPeople for Homeserver {
    fn accounts<'a>(&'a self, query: &'a AccountQuery) -> Asked<'a, AccountPage> {
        Box::pin(async move {
            let (name, user_id) = match &query.search {
                AccountSearch::All => (None, None),
                AccountSearch::Name(name) => (Some(name.clone()), None),
                AccountSearch::Id(id) => (None, Some(id.clone())),
            };
            let list = ListUsers {
                from: Some(query.from),
                limit: NonZeroU32::new(query.limit),
                user_id,
                name,
                guests: (query.guests == Among::No).then_some(false),
                deactivated: match query.deactivated {
                    Among::No => Deactivated::Without,
                    Among::Yes => Deactivated::With,
                },
                locked: query.locked == Among::Yes,
                admins: query.admins,
                not_user_type: Vec::new(),
                order_by: account_order(query.order_by),
                dir: direction(query.dir),
            };
            let page = read(|| self.admin.users(&list)).await?;
            Ok(AccountPage {
                next: page.next(&list).and_then(|next| next.from),
                total: page.total,
                accounts: page.users.into_iter().map(listed).collect(),
            })
        })
    }

    fn devices<'a>(&'a self, user: &'a UserId) -> Asked<'a, Vec<Device>> {
        Box::pin(self.accounts.devices(user))
    }

    fn connections<'a>(&'a self, user: &'a UserId) -> Asked<'a, Vec<Connected>> {
        Box::pin(async move {
            let connections = read(|| self.admin.whois(user)).await?.into_iter();
            Ok(connections
                .map(|connection| Connected {
                    address: connection.ip,
                    user_agent: connection.user_agent,
                    last_seen_at: connection.last_seen.map(millis),
                })
                .collect())
        })
    }

    fn rooms_of<'a>(&'a self, user: &'a UserId) -> Asked<'a, Vec<OwnedRoomId>> {
        Box::pin(async move {
            let rooms = read(|| self.admin.joined_rooms(user)).await?;
            Ok(rooms.into_iter().filter_map(|room| room.try_into().ok()).collect())
        })
    }

    fn invitations<'a>(&'a self, user: &'a UserId, since: Millis) -> Asked<'a, u64> {
        Box::pin(read(move || self.admin.sent_invite_count(user, timestamp(since))))
    }

    fn joins<'a>(&'a self, user: &'a UserId, since: Millis) -> Asked<'a, u64> {
        Box::pin(read(move || self.admin.cumulative_joined_room_count(user, timestamp(since))))
    }

    fn rate_limit<'a>(&'a self, user: &'a UserId) -> Asked<'a, Option<RateLimit>> {
        Box::pin(async move {
            Ok(read(|| self.admin.rate_limit(user)).await?.map(|limit| RateLimit {
                messages_per_second: limit.messages_per_second,
                burst_count: limit.burst_count,
            }))
        })
    }

    fn reports_with<'a>(&'a self, user: &'a UserId, role: ReportRole) -> Asked<'a, ReportPage> {
        Box::pin(self.reports_with_user(user, role))
    }

    fn owner<'a>(&'a self, identity: &'a Identity) -> Asked<'a, Owner> {
        Box::pin(self.accounts.owner(identity, self.session.user_id().server_name()))
    }

    fn media_of<'a>(&'a self, user: &'a UserId, from: u64, limit: u32) -> Asked<'a, MediaPage> {
        Box::pin(async move {
            let query = UserMediaQuery {
                from: Some(from),
                limit: NonZeroU32::new(limit),
                order_by: MediaOrder::CreatedTs,
                dir: Direction::Backwards,
            };
            let page = read(|| self.admin.user_media(user, &query)).await?;
            let next = page.next(&query).and_then(|next| next.from);
            let server = user.server_name();
            let media = page.media.into_iter().map(|found| ListedMedia {
                mxc: Mxc { server: server.to_owned(), id: found.media_id.clone() },
                details: Some(media_details(found)),
            });
            Ok(MediaPage { media: media.collect(), total: page.total, next })
        })
    }

    fn media_in<'a>(&'a self, room: &'a RoomId) -> Asked<'a, Vec<Mxc>> {
        Box::pin(async move {
            let found = read(|| self.admin.room_media(room)).await?;
            let all = found.local.into_iter().chain(found.remote);
            Ok(all.filter_map(|mxc| mxc.as_str().parse().ok()).collect())
        })
    }

    fn thumbnail<'a>(&'a self, media: &'a Mxc) -> Asked<'a, Option<Vec<u8>>> {
        Box::pin(read(move || self.admin.thumbnail(&media.server, &media.id, THUMBNAIL)))
    }

    fn attached<'a>(&'a self, event: &'a EventId) -> Asked<'a, Attached> {
        Box::pin(async move {
            let found = self.session.attachment(&self.management, event, LARGEST_LIST).await;
            Ok(match found.map_err(request_fault)? {
                Attachment::File(bytes) => Attached::File(bytes),
                Attachment::Nothing => Attached::Nothing,
                Attachment::TooLarge => Attached::TooLarge,
            })
        })
    }
}

impl LookupServer for Homeserver {
    fn authentication(&self) -> Asked<'_, Authentication> {
        Box::pin(self.accounts.usable_authentication())
    }

    fn registration_tokens(&self) -> Asked<'_, Vec<RegistrationToken>> {
        Box::pin(async move {
            let tokens = read(|| self.admin.registration_tokens(RegistrationTokens::All)).await?;
            Ok(tokens.into_iter().map(registration_token).collect())
        })
    }

    fn destinations<'a>(&'a self, query: &'a DestinationQuery) -> Asked<'a, DestinationPage> {
        Box::pin(async move {
            let list = ListDestinations {
                from: Some(query.from),
                limit: NonZeroU32::new(query.limit),
                destination: query.search.clone(),
                ..ListDestinations::default()
            };
            let page = read(|| self.admin.destinations(&list)).await?;
            Ok(DestinationPage {
                next: page.next(&list).and_then(|next| next.from),
                total: page.total,
                destinations: page.destinations.into_iter().map(destination).collect(),
            })
        })
    }

    fn destination<'a>(&'a self, server: &'a ServerName) -> Asked<'a, Option<Destination>> {
        Box::pin(async move { Ok(read(|| self.admin.destination(server)).await?.map(destination)) })
    }

    fn shared_rooms<'a>(&'a self, server: &'a ServerName, from: u64, limit: u32) -> Asked<'a, SharedRooms> {
        Box::pin(async move {
            let query = DestinationRoomsQuery {
                from: Some(from),
                limit: NonZeroU32::new(limit),
                ..DestinationRoomsQuery::default()
            };
            let page = read(|| self.admin.destination_rooms(server, &query)).await?;
            Ok(SharedRooms {
                next: page.next(&query).and_then(|next| next.from),
                total: page.total,
                rooms: page.rooms.into_iter().map(|room| room.room_id).collect(),
            })
        })
    }

    fn background_updates(&self) -> Asked<'_, BackgroundUpdates> {
        Box::pin(async move {
            let found = read(|| self.admin.background_updates()).await?;
            let current = found.current_updates.into_values();
            Ok(BackgroundUpdates {
                enabled: found.enabled,
                current: current.map(|update| (update.name, update.total_item_count)).collect(),
            })
        })
    }

    fn scheduled_tasks(&self) -> Asked<'_, Vec<ScheduledTask>> {
        Box::pin(async move {
            let all = ScheduledTasksQuery::default();
            let mut tasks = read(|| self.admin.scheduled_tasks(&all)).await?;
            tasks.sort_by_key(|task| task.timestamp_ms);
            Ok(tasks.into_iter().map(task).collect())
        })
    }

    fn largest_rooms(&self) -> Asked<'_, Vec<RoomSize>> {
        Box::pin(async move {
            let rooms = read(|| self.admin.largest_rooms()).await?.into_iter();
            Ok(rooms.map(|room| RoomSize { room_id: room.room_id, bytes: room.estimated_size }).collect())
        })
    }

    fn media_use<'a>(&'a self, query: &'a MediaUseQuery) -> Asked<'a, MediaUsePage> {
        Box::pin(async move {
            let list = synapse_admin::MediaUseQuery {
                from: Some(query.from),
                limit: NonZeroU32::new(query.limit),
                order_by: match query.by {
                    MediaUseOrder::Bytes => synapse_admin::MediaUseOrder::MediaLength,
                    MediaUseOrder::Files => synapse_admin::MediaUseOrder::MediaCount,
                },
                dir: Direction::Backwards,
                from_ts: query.since.map(timestamp),
                until_ts: None,
                search_term: query.search.clone(),
            };
            let page = read(|| self.admin.media_use(&list)).await?;
            let next = page.next(&list).and_then(|next| next.from);
            let users = page.users.into_iter().map(|user| MediaUse {
                user_id: user.user_id,
                display_name: user.displayname,
                files: user.media_count,
                bytes: user.media_length,
            });
            Ok(MediaUsePage { users: users.collect(), total: page.total, next })
        })
    }
}

fn account_order(order: AccountOrder) -> UserOrder {
    match order {
        AccountOrder::Name => UserOrder::Name,
        AccountOrder::Displayname => UserOrder::Displayname,
        AccountOrder::CreationTs => UserOrder::CreationTs,
        AccountOrder::LastSeenTs => UserOrder::LastSeenTs,
        AccountOrder::Admin => UserOrder::Admin,
        AccountOrder::IsGuest => UserOrder::IsGuest,
        AccountOrder::Locked => UserOrder::Locked,
        AccountOrder::Deactivated => UserOrder::Deactivated,
        AccountOrder::ShadowBanned => UserOrder::ShadowBanned,
        AccountOrder::UserType => UserOrder::UserType,
    }
}

fn listed(user: synapse_admin::ListedUser) -> ListedAccount {
    ListedAccount {
        id: user.name,
        display_name: user.displayname,
        user_type: user.user_type,
        guest: user.is_guest,
        admin: user.admin,
        deactivated: user.deactivated,
        erased: user.erased,
        locked: user.locked,
        shadow_banned: user.shadow_banned,
        // Milliseconds, unlike where one account is asked for.
        created_at: user.creation_ts.map(millis),
        last_seen_at: user.last_seen_ts.map(millis),
    }
}

fn destination(found: synapse_admin::Destination) -> Destination {
    Destination {
        name: found.destination,
        failing_since: found.failure_ts.map(millis),
        last_try_at: i64::try_from(found.retry_last_ts).ok().filter(|at| *at > 0),
        retry_interval: found.retry_interval,
        was_reached: found.last_successful_stream_ordering.is_some(),
    }
}
