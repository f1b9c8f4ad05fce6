//! A typed client of [Synapse's admin API][docs], for the work of moderators: look at rooms, people, files and
//! events, read what users report, block rooms, delete them, purge their history, stop accounts, quarantine files, and
//! watch that happen.
//!
//! ```no_run
//! use ruma::room_id;
//! use synapse_admin::{Client, DeleteRoom};
//!
//! # async fn example() -> Result<(), synapse_admin::Error> {
//! let synapse = Client::new("https://hs.test", || "the access token of a server admin".to_owned())?;
//!
//! let room_id = room_id!("!XPmubELA7ER6B1qWQEzTd4KVpxn6_czlQJqIh5dZlak");
//! let room = synapse.room_details(room_id).await?;
//! println!("{:?} has {} local members", room.room.name, room.room.joined_local_members);
//!
//! let delete_id = synapse.delete_room(room_id, &DeleteRoom { block: true, ..DeleteRoom::default() }).await?;
//! if let Some(deletion) = synapse.delete_status(&delete_id).await? {
//!     println!("{}", deletion.status);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Lists come in pages, and [`RoomList::next`] is the way through them:
//!
//! ```no_run
//! # async fn example(synapse: synapse_admin::Client) -> Result<(), synapse_admin::Error> {
//! use synapse_admin::{ListRooms, RoomOrder};
//!
//! let mut next = Some(ListRooms { order_by: RoomOrder::JoinedMembers, ..ListRooms::default() });
//! while let Some(list) = next {
//!     let page = synapse.rooms(&list).await?;
//!     for room in &page.rooms {
//!         println!("{} {:?}: {} members", room.room_id, room.name, room.joined_members);
//!     }
//!     next = page.next(&list);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The same as a program: `cargo run -p synapse-admin --example rooms -- https://hs.test token.txt`, with the
//! access token of a server admin in the file.
//!
//! # What holds for every call
//!
//! - **One request per call, ever**, but for [`Client::set_locked`] and [`Client::reactivate`], which look first whether
//!   there is such an account, for [`Client::auth_metadata`], which has two names, and for [`Client::register_admin`], which has
//!   to be prepared. Nothing is retried here: a write that runs twice can do harm, and only
//!   the caller knows whether to read back first. [`Error::is_transient`], [`Error::rate_limited`] and
//!   [`Error::may_have_acted`] say what there is to know.
//! - **The access token is asked for anew for each request**, since tokens get refreshed.
//! - **Answers are read leniently**: unknown fields are ignored, missing ones (older servers, back to 1.98)
//!   take their default, booleans may be `0` and `1` (SQLite). `None` in an `Option<bool>` means that the
//!   server is too old to say.
//! - **Nothing private is logged**: method, path pattern, status and time taken, at debug level. Never a token,
//!   an id or a body. No [`Debug`] output and no [`Error`] has a password or a token.
//! - The text of server errors is cut and cleaned of control and direction characters.
//!
//! Synapse's error codes vary from call to call for the same mistake, so [`Error`]'s methods go by HTTP status first.
//!
//! The admin API must be reachable at the URL given. Reverse proxies usually hide it; [`Error::NotRouted`] tells.
//!
//! [docs]: https://element-hq.github.io/synapse/latest/usage/administration/admin_api/

mod account_management;
mod background_updates;
mod block;
mod client;
mod client_api;
mod delete;
mod directory;
mod entry;
mod error;
mod extremities;
mod federation;
mod hierarchy;
mod history;
mod lenient;
mod login;
mod media;
mod membership;
mod paging;
mod purge_history;
mod registration;
mod registration_tokens;
mod reports;
mod room_list;
mod rooms;
mod rooms_made;
mod sending;
mod server;
mod statistics;
mod tasks;
mod text;
mod users;

pub use background_updates::{BackgroundUpdate, BackgroundUpdates};
pub use block::BlockStatus;
pub use client::{Client, Exchange, Options};
pub use client_api::{AuthMetadata, Versions, Whoami};
pub use delete::{DeleteRoom, DeleteStatus, ShutdownRoom};
pub use directory::{Alias, Visibility};
pub use error::Error;
pub use extremities::{ForwardExtremities, ForwardExtremity};
pub use federation::{Destination, DestinationOrder, DestinationRoom, DestinationRooms, Destinations};
pub use federation::{DestinationRoomsQuery, ListDestinations};
pub use hierarchy::{Hierarchy, HierarchyQuery, HierarchyRoom};
pub use history::{Context, ContextQuery, Direction, EventAt, EventFilter, Messages, MessagesQuery};
pub use login::LoggedIn;
pub use media::{DeletedMedia, MediaInfo, MediaOrder, QuarantineChange, QuarantineChanges};
pub use media::{RoomMedia, UserMedia, UserMediaQuery};
pub use purge_history::{PurgeHistory, PurgeHistoryStatus, PurgeUpTo};
pub use registration::NewAdmin;
pub use registration_tokens::{EditRegistrationToken, NewRegistrationToken};
pub use registration_tokens::{RegistrationToken, RegistrationTokens, TokenLimit};
pub use reports::{EventReport, EventReportDetails, EventReports, EventReportsQuery};
pub use reports::{RoomReport, RoomReports, RoomReportsQuery};
pub use reports::{UserReport, UserReports, UserReportsQuery};
pub use room_list::{ListRooms, RoomList, RoomOrder, UnknownRoomOrder};
pub use rooms::{Members, Room, RoomDetails};
pub use rooms_made::{CreateRoom, RoomPreset};
pub use sending::DirectRoom;
pub use statistics::{MediaUse, MediaUseOrder, MediaUsePage, MediaUseQuery, RoomSize};
pub use tasks::{ScheduledTask, ScheduledTasksQuery, TaskStatus};
pub use users::{Connection, Deactivated, Device, Erase, ExternalId, ListUsers, ListedUser, LogoutDevices};
pub use users::{RateLimit, RedactStatus, RedactUser, Switch, ThreePid, User, UserList, UserOrder};
