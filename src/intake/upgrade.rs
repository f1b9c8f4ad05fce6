//! Following the management room when it is upgraded: to the room that its tombstone names, if that one names it as its
//! predecessor.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use gleipnir_core::{
    model::Event,
    ports::{Change, Records as _, Store, StoreError},
    reply::{Line, Reply},
    rules::{can::Levels, power::Level},
    ruma::{
        OwnedRoomId, OwnedServerName, RoomId, UserId,
        events::{StateEventType, room::power_levels::PowerLevelAction},
    },
    speech::Say,
};
use gleipnir_matrix::{Outgoing, RequestError};
use serde_json::Value;
use tracing::{debug, info, warn};

use super::Intake;
use crate::{
    event_loop::{LoggedOut, Over},
    management::read_up_to,
};

/// How long what was said in the old room may take to be handled before the bot goes.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What a look for a tombstone came to.
pub(super) enum Step {
    /// There is none, or it leads nowhere.
    Stay,
    /// The bot cannot go yet; why.
    Later(String),
    /// The bot is in the room that it leads to.
    To(OwnedRoomId),
}

/// The shortest pause between two tries to follow a tombstone. A try can take as long, and nothing is taken in meanwhile.
const PAUSE: Duration = Duration::from_secs(30);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// When a tombstone is looked for, and what was in the way the last time.
pub(super) struct Schedule {
    at: Option<Instant>,
    pause: Duration,
    said: String,
}

impl Schedule {
    /// At once.
    pub(super) fn new(now: Instant) -> Self {
        Self { at: Some(now), pause: PAUSE, said: String::new() }
    }

    /// Something happened that may change what it comes to.
    pub(super) fn at_once(&mut self, now: Instant) {
        (self.at, self.pause) = (Some(now), PAUSE);
    }

    /// Whether a tombstone is known that could not be followed yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.at.is_some()
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| at <= now)
    }

    /// There is nothing to follow.
    pub(super) fn is_over(&mut self) {
        self.at = None;
    }

    /// It could not be followed: it is tried again, after longer and longer. Whether that is news.
    pub(super) fn put_off(&mut self, why: &str, now: Instant) -> bool {
        self.at = Some(now + self.pause);
        self.pause = (2 * self.pause).min(LONGEST_PAUSE);
        let is_news = self.said != why;
        why.clone_into(&mut self.said);
        is_news
    }
}

/// The management room was upgraded, and the bot is in what took its place.
pub(crate) struct Upgrade {
    pub(super) from: OwnedRoomId,
    pub(super) to: OwnedRoomId,
    /// The sync token from which the new room is read: what was said there before the bot followed counts too.
    pub(super) since: String,
}

impl Upgrade {
    /// Makes the new room the management room.
    pub(crate) fn commit(&self, store: &dyn Store) -> Result<(), StoreError> {
        let Self { from, to, since } = self;
        let hello = Line::new()
            .text("This room takes the place of ")
            .code(from.as_str())
            .text(", and I take commands here from now on. What was under way goes on, and what waits for a confirmation \
                   is confirmed with ")
            .code("!confirm")
            .text(" and its number: ")
            .code("!jobs")
            .text(" lists it. Reactions in the old room mean nothing any more. Set ")
            .code(format!("management.room = \"{to}\""))
            .text(" in my configuration when you can.");
        store.commit(vec![
            Change::GaveUp { key: waits_key(to), version: 1 },
            Change::Upgraded { from: from.clone(), to: to.clone() },
            read_up_to(to, since),
            Change::SayOnce(Say::new(format!("upgraded-{from}"), None, &Reply::text(hello))),
        ])?;
        info!(%from, %to, "the management room was upgraded, and I take commands in the new one");
        Ok(())
    }
}

impl Intake {
    /// Looks for a tombstone in the state of the management room, and follows it. What is in the way is said once.
    pub(super) async fn follow(&self) -> Result<Step, Over> {
        let tombstone = match self.session.state(&self.room, "m.room.tombstone", "").await {
            Ok(Some(tombstone)) => tombstone,
            Ok(None) => return Ok(Step::Stay),
            Err(error) => return later(&error),
        };
        let to = match self.named_by(&tombstone)? {
            Ok(to) => to,
            Err(why) => return Ok(self.stay(&tombstone, why)),
        };
        match self.may_replace(&tombstone).await {
            Ok(Some(true)) => {}
            Ok(Some(false)) => {
                let who = Line::new().user(tombstone["sender"].as_str().unwrap_or_default());
                let why = who.text(", who did that, may not change who has which power here");
                return Ok(self.stay(&tombstone, why));
            }
            Ok(None) => return Ok(not_yet(&"I cannot see who has which power in it")),
            Err(error) => return later(&error),
        }
        // The server knows the new room already, if it is one of its own.
        let create = match self.admin.room_state_of_type(&to, "m.room.create").await {
            Ok(state) => state.into_iter().next(),
            Err(error) if error.is_transient() => return Ok(not_yet(&error)),
            Err(_) => None,
        };
        if let Some(create) = &create
            && !is_after(create, &self.room)
        {
            return Ok(self.stay(&tombstone, another(&to)));
        }
        match self.session.join_through(&to, &servers(&tombstone, &to)).await {
            Ok(()) => {}
            Err(RequestError::Refused { message, .. }) => return self.wait_for(&to, &message),
            Err(error) => return later(&error),
        }
        if create.is_none() {
            match self.session.state(&to, "m.room.create", "").await {
                Ok(Some(create)) if is_after(&create, &self.room) => {}
                Ok(_) => {
                    if let Err(error) = self.session.leave(&to).await {
                        warn!(room = %to, %error, "cannot leave a room that I only looked at");
                    }
                    return Ok(self.stay(&tombstone, another(&to)));
                }
                Err(error) => return later(&error),
            }
        }
        info!(from = %self.room, %to, "following the management room");
        self.finish(&to).await;
        Ok(Step::To(to))
    }

    /// The room that a tombstone names; or why that is none.
    fn named_by(&self, tombstone: &Value) -> Result<Result<OwnedRoomId, Line>, StoreError> {
        let Some(named) = tombstone["content"]["replacement_room"].as_str() else {
            return Ok(Err(Line::new().text("it names no other room")));
        };
        let Ok(to) = OwnedRoomId::try_from(named) else {
            return Ok(Err(Line::new().text("what it names is no room ID: ").user(named)));
        };
        if to == self.room || self.store.replaced_by(&to)?.is_some() {
            return Ok(Err(Line::new().text("it leads back to ").code(to.as_str())));
        }
        Ok(Ok(to))
    }

    /// Whether a tombstone is of somebody who decides who has which power in this room: some rooms let anybody send one, and
    /// who leads the bot away commands it. `None` if that cannot be seen.
    async fn may_replace(&self, tombstone: &Value) -> Result<Option<bool>, RequestError> {
        let state = async |kind| self.session.state(&self.room, kind, "").await;
        let Some(create) = state("m.room.create").await? else { return Ok(None) };
        let levels = state("m.room.power_levels").await?.map(Event);
        let sender = tombstone["sender"].as_str().unwrap_or_default();
        Ok(Some(decides(&Event(create), levels.as_ref(), sender)))
    }

    /// Goes on in the room, and says once why.
    fn stay(&self, tombstone: &Value, why: Line) -> Step {
        let which = tombstone["event_id"].as_str().unwrap_or_default();
        let why = Reply::text(
            Line::new().text("This room was marked as replaced, and I do not follow: ").append(why).text(
                ". I stay here. If you want me in another room, set management.room in my configuration to it, and start me \
                 again.",
            ),
        );
        let key = format!("tombstone-{which}");
        let is_said = self.store.is_said(&key).unwrap_or_default();
        if let Err(error) = self.desk.announce(&key, &why) {
            return not_yet(&error);
        }
        if !is_said {
            warn!(room = %self.room, "{}", why.render().text);
        }
        Step::Stay
    }

    /// Goes on in the room until the bot is let into the new one, and says so once.
    fn wait_for(&self, to: &RoomId, refusal: &str) -> Result<Step, Over> {
        let key = waits_key(to);
        if !self.store.is_said(&key)? {
            let line = Line::new()
                .text("This room was replaced by ")
                .code(to.as_str())
                .text(", and I cannot join that: ")
                .user(refusal)
                .text(". Invite me there, and I follow. Until then I go on here.");
            if let Err(error) = self.desk.announce(&key, &Reply::text(line)) {
                debug!(%error, "cannot write down yet that I cannot follow");
            }
        }
        let me = self.session.user_id();
        Ok(Step::Later(format!(
            "the management room was upgraded to {to}, and I cannot join that: {refusal}. Invite {me} there"
        )))
    }

    /// Lets the desk handle what was said in the old room, and says there where the bot goes, if it still may.
    async fn finish(&self, to: &RoomId) {
        let handled = async {
            while self.store.queue().is_ok_and(|queue| queue.unhandled > 0) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(LAST_WORDS, handled).await.is_err() {
            info!("some commands of the old room are answered in the new one");
        }
        let goodbye = Line::new().text("I go to ").code(to.as_str()).text(", and take commands only there.");
        let rendered = Reply::text(goodbye).render();
        let goodbye = Outgoing::Message {
            text: rendered.text,
            html: rendered.html,
            mentions: Vec::new(),
            reply_to: None,
            replaces: None,
        };
        if let Err(error) = self.session.send(&self.room, &format!("goodbye-{to}"), goodbye).await {
            debug!(%error, "cannot say goodbye in the old management room");
        }
    }
}

fn waits_key(to: &RoomId) -> String {
    format!("tombstone-waits-{to}")
}

fn another(to: &RoomId) -> Line {
    Line::new().code(to.as_str()).text(" does not name this room as the one that it replaces")
}

/// Whether a room's `m.room.create` names another room as its predecessor.
fn is_after(create: &Value, room: &RoomId) -> bool {
    create["content"]["predecessor"]["room_id"] == room.as_str()
}

/// Whether somebody may change who has which power in a room.
fn decides(create: &Event, levels: Option<&Event>, who: &str) -> bool {
    let levels = Levels::of(Some(create), levels, None);
    let change = PowerLevelAction::SendState(StateEventType::RoomPowerLevels);
    levels.level(who) >= Level::Of(levels.needed(&change))
}

/// The servers that are in the new room, as far as the IDs tell.
fn servers(tombstone: &Value, to: &RoomId) -> Vec<OwnedServerName> {
    let sender = tombstone["sender"].as_str().and_then(|id| <&UserId>::try_from(id).ok());
    let sender = sender.map(|sender| sender.server_name().to_owned());
    let of_room = to.server_name().map(ToOwned::to_owned).filter(|server| Some(server) != sender.as_ref());
    sender.clone().into_iter().chain(of_room).collect()
}

fn later(error: &RequestError) -> Result<Step, Over> {
    match error {
        RequestError::TokenGone => Err(LoggedOut::Unsaid.into()),
        error => Ok(not_yet(error)),
    }
}

fn not_yet(error: &dyn Display) -> Step {
    Step::Later(format!("cannot tell yet whether to follow the management room to another one: {error}"))
}

#[cfg(test)]
mod tests {
    use gleipnir_core::ruma::room_id;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_room_that_cannot_be_followed_to_is_tried_less_and_less_often_and_told_once() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start);
        assert!(schedule.is_waiting() && schedule.is_due(start));
        let mut now = start;
        let mut pauses = Vec::new();
        for n in 0..7 {
            assert_eq!(schedule.put_off("away", now), n == 0, "{n}");
            let pause =
                (1..=600).find(|secs| schedule.is_due(now + Duration::from_secs(*secs))).expect("it ends");
            pauses.push(pause);
            now += Duration::from_secs(pause);
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
        assert!(schedule.put_off("not invited", now));
        schedule.at_once(now);
        assert!(schedule.is_due(now) && !schedule.put_off("not invited", now));
        assert!(!schedule.is_due(now + Duration::from_secs(29)) && schedule.is_due(now + PAUSE));
        schedule.is_over();
        assert!(!schedule.is_waiting() && !schedule.is_due(now + LONGEST_PAUSE));
    }

    #[test]
    fn a_new_room_names_the_old_one() {
        let old = room_id!("!old:hs.test");
        for (content, is) in [
            (json!({"predecessor": {"room_id": "!old:hs.test"}}), true),
            (json!({"predecessor": {"room_id": "!other:hs.test"}}), false),
            (json!({"predecessor": "!old:hs.test"}), false),
            (json!({}), false),
        ] {
            assert_eq!(is_after(&json!({"content": content}), old), is, "{content}");
        }
    }

    #[test]
    fn who_may_send_a_tombstone_does_not_decide_about_the_room_by_that() {
        let create = |version: &str| {
            Event(json!({
                "type": "m.room.create", "state_key": "", "sender": "@ana:hs.test",
                "content": {"room_version": version, "additional_creators": ["@bob:hs.test"]},
            }))
        };
        let levels = |content: Value| {
            Event(json!({"type": "m.room.power_levels", "state_key": "", "content": content}))
        };
        let strict = json!({
            "users": {"@mod:hs.test": 100, "@eve:hs.test": 50},
            "events": {"m.room.tombstone": 0, "m.room.power_levels": 100},
        });
        for (version, content, who, may) in [
            ("11", strict.clone(), "@mod:hs.test", true),
            ("11", strict.clone(), "@eve:hs.test", false),
            ("11", strict.clone(), "@ana:hs.test", false),
            ("12", strict.clone(), "@ana:hs.test", true),
            ("12", strict.clone(), "@bob:hs.test", true),
            ("12", strict.clone(), "@eve:hs.test", false),
            ("12", strict, "", false),
            ("11", json!({"users": {"@eve:hs.test": 50}}), "@eve:hs.test", true),
            ("11", json!({"events_default": 50}), "@eve:hs.test", false),
            ("11", json!({"users_default": 50}), "@eve:hs.test", true),
        ] {
            assert_eq!(decides(&create(version), Some(&levels(content)), who), may, "{version} {who}");
        }
        assert!(decides(&create("11"), None, "@ana:hs.test"));
    }

    #[test]
    fn it_is_joined_through_the_servers_that_know_it() {
        let tombstone = json!({"sender": "@mod:there.test"});
        let names = |to: &str| -> Vec<String> {
            let to = OwnedRoomId::try_from(to).expect("a room ID");
            servers(&tombstone, &to).iter().map(ToString::to_string).collect()
        };
        assert_eq!(names("!new:there.test"), ["there.test"]);
        assert_eq!(names("!new:hs.test"), ["there.test", "hs.test"]);
        assert_eq!(names("!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), ["there.test"]);
    }
}
