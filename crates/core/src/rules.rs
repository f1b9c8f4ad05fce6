//! Pure rules: values in, values out; no waiting, no ports, no clock. What happened in a room, in words that need no
//! knowledge of Matrix; who may do what in it; what is told of it without being asked; and what the bot itself may do.
//!
//! Events come from servers that anybody runs, so they are [`Event`](crate::model::Event)s: JSON of any shape, in which
//! a field of the wrong type counts as missing. Nothing here fails on them or panics. What is said is a
//! [`Line`](crate::reply::Line), in which words of strangers have kinds of their own: a
//! [`Reply`](crate::reply::Reply) made of lines renders to text and HTML in which they can fake no markup, link or ping.
//!
//! # In which order to read
//!
//! 1. What the rest starts from: [`names`], what users and rooms are called; [`room_state`], the state of a room at some
//!    moment; [`power`], who has how much of it.
//! 2. What happened: [`explain`](mod@explain) explains any event, by [`membership`] and [`change`] for state and by
//!    [`event`] for what people say.
//! 3. How things are: [`state`] and [`join_rules`], the settings of a room; [`member`] and [`space`], who and what is in
//!    it; [`tasks`], what the server is doing to it.
//! 4. Who may do what: [`can`] judges it by the rules of the room's version and says which event decides; [`grant`]
//!    foretells who could give power.
//! 5. The feed: [`feed`] chooses what of a watched room is worth telling, [`cause`] finds what the bot did itself, and
//!    [`digest`] puts many events into one message.
//! 6. What the bot does: [`safety`] has the last word before anything changes, [`limits`] counts how much does; [`room_order`] is how
//!    lists are sorted.
//! 7. Abuse reports: [`case`] is what moderators see of one, [`reports`] says which the bot reacts to by itself, [`stats`]
//!    counts many.
//!
//! # An event, explained
//!
//! ```
//! use gleipnir_core::{
//!     model::Event,
//!     reply::{Line, Reply},
//!     rules::{explain::{Around, explain}, membership, names::Names, room_state::RoomState},
//!     ruma::server_name,
//! };
//!
//! let said = |line: Line| Reply::text(line).render().text;
//!
//! // An event as the client-server API gives it. The name is that of before the kick, which carries none.
//! let kick = Event(serde_json::from_str(
//!     r#"{
//!         "type": "m.room.member", "sender": "@mod:hs.test", "state_key": "@bob:hs.test",
//!         "content": {"membership": "leave", "reason": "spam"},
//!         "unsigned": {"prev_content": {"membership": "join", "displayname": "Bob"}}
//!     }"#,
//! )?);
//! let told = explain(&kick, &Around::default());
//! assert_eq!(said(told.sentence), "`@mod:hs.test` kicked Bob (`@bob:hs.test`), because “spam”");
//!
//! // The more is known around an event, the more is said. Nothing of it is required.
//! let state = RoomState::of(
//!     serde_json::from_str::<Vec<_>>(
//!         r#"[
//!             {"type": "m.room.create", "state_key": "", "sender": "@ana:hs.test", "content": {"room_version": "11"}},
//!             {"type": "m.room.join_rules", "state_key": "", "sender": "@ana:hs.test", "content": {"join_rule": "public"}},
//!             {"type": "m.room.member", "state_key": "@ana:hs.test", "sender": "@ana:hs.test",
//!              "content": {"membership": "join", "displayname": "Ana"}}
//!         ]"#,
//!     )?
//!     .into_iter()
//!     .map(Event),
//!     None,
//! );
//! let names = Names::of(state.events());
//! let around = Around {
//!     names: Some(&names),
//!     here: Some(server_name!("hs.test")),
//!     state: Some(&state),
//!     ..Around::default()
//! };
//!
//! // What to look out for is said beside what happened.
//! let levels = Event(serde_json::from_str(
//!     r#"{
//!         "type": "m.room.power_levels", "sender": "@ana:hs.test", "state_key": "",
//!         "content": {"users": {"@ana:hs.test": 100, "@eve:far.test": 50}},
//!         "unsigned": {"prev_content": {"users": {"@ana:hs.test": 100}}}
//!     }"#,
//! )?);
//! let told = explain(&levels, &around);
//! assert_eq!(said(told.sentence), "Ana (`@ana:hs.test`) raised `@eve:far.test` from power 0 to 50");
//! let warnings: Vec<String> = told.warnings.into_iter().map(said).collect();
//! assert_eq!(
//!     warnings,
//!     ["`@eve:far.test` has power 50 now, enough to kick, to ban and to change the power levels."],
//! );
//!
//! // What let somebody in follows from the state of the room.
//! let join = Event(serde_json::from_str(
//!     r#"{
//!         "type": "m.room.member", "sender": "@eve:far.test", "state_key": "@eve:far.test",
//!         "content": {"membership": "join"}
//!     }"#,
//! )?);
//! let because = membership::because(&join, &state, &names).map(said);
//! assert_eq!(because.as_deref(), Some("because the room is public"));
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod can;
pub mod case;
pub mod cause;
pub mod change;
pub mod contact_sheet;
pub mod digest;
pub mod event;
pub mod explain;
pub mod feed;
pub mod grant;
pub mod join_rules;
pub mod limits;
pub mod media;
pub mod member;
pub mod membership;
pub mod names;
pub mod picture;
pub mod power;
pub mod reports;
pub mod room_order;
pub mod room_state;
pub mod safety;
pub mod space;
pub mod state;
pub mod stats;
pub mod tasks;
