//! A stage to play conversations on: moderators say things, the bot answers, the homeserver changes.

use std::{sync::Arc, time::Duration};

use ruma::{OwnedEventId, OwnedUserId, RoomId, UserId, owned_room_id, owned_user_id};
use serde_json::{Value, json};

use super::{FakeHomeserver, FakeProcess, FakeRoom, ManualClock, MemoryStore};
use crate::{
    automatic::Automatic,
    commands::{InForce, Settings},
    desk::{Bells, Desk, Invitation, Left, NotYet},
    execute::Executor,
    feed::{Feed, Untold, noticed_in_sync},
    keeping::Keeper,
    model::Standing,
    plan::PlanState,
    ports::{Change, Clock, InboxEvent, Records, Seen, Store, StoreError, Which},
    reports::{Found, Reports},
    speech::Sendable,
};

/// The bot between a fake homeserver and a store in memory. `@mod:hs.test` may act, `@watcher:hs.test` may read.
pub struct Stage {
    /// The homeserver.
    pub homeserver: Arc<FakeHomeserver>,
    /// What the bot remembers; survives [`Stage::restart`].
    pub store: Arc<MemoryStore>,
    /// Time.
    pub clock: ManualClock,
    /// The bot's thresholds; take effect with [`Stage::restart`].
    pub settings: Settings,
    /// The bot's process: what is logged, and which settings `!reload` finds.
    pub process: Arc<FakeProcess>,
    desk: Desk,
    executor: Executor,
    feed: Feed,
    reports: Reports,
    automatic: Automatic,
    events: u64,
}

impl Default for Stage {
    fn default() -> Self {
        let homeserver = Arc::new(FakeHomeserver::default());
        let management = owned_room_id!("!management:hs.test");
        homeserver.put_room(
            &management,
            FakeRoom {
                members: vec![owned_user_id!("@bot:hs.test"), owned_user_id!("@mod:hs.test")],
                ..FakeRoom::default()
            },
        );
        homeserver.put_standing(&owned_user_id!("@mod:hs.test"), Standing::Level(50));
        homeserver.put_standing(&owned_user_id!("@other:hs.test"), Standing::Creator);
        homeserver.put_standing(&owned_user_id!("@watcher:hs.test"), Standing::Level(0));
        let store = Arc::new(MemoryStore::default());
        let clock = ManualClock::default();
        let settings = Settings::new(management);
        let process = Arc::new(FakeProcess::new(settings.clone().into(), clock.clone()));
        let (desk, executor, feed, reports, automatic) = crew(&homeserver, &store, &clock, &process);
        Self {
            homeserver,
            store,
            clock,
            settings,
            process,
            desk,
            executor,
            feed,
            reports,
            automatic,
            events: 0,
        }
    }
}

fn crew(
    homeserver: &Arc<FakeHomeserver>,
    store: &Arc<MemoryStore>,
    clock: &ManualClock,
    process: &Arc<FakeProcess>,
) -> (Desk, Executor, Feed, Reports, Automatic) {
    let bells = Bells::default();
    let (said, confirmed) = (bells.said.clone(), bells.confirmed.clone());
    let settings: &InForce = process.settings();
    let desk = Desk::new(
        homeserver.clone(),
        store.clone(),
        Arc::new(clock.clone()),
        settings.clone(),
        process.clone(),
        bells,
    );
    let executor = Executor::new(
        homeserver.clone(),
        store.clone(),
        Arc::new(clock.clone()),
        settings.clone(),
        said.clone(),
    );
    let feed =
        Feed::new(homeserver.clone(), store.clone(), Arc::new(clock.clone()), settings.clone(), said.clone());
    let reports = Reports::new(
        homeserver.clone(),
        store.clone(),
        Arc::new(clock.clone()),
        settings.clone(),
        said.clone(),
    );
    let automatic = Automatic::new(
        homeserver.clone(),
        store.clone(),
        Arc::new(clock.clone()),
        settings.clone(),
        said,
        confirmed,
    );
    (desk, executor, feed, reports, automatic)
}

impl Stage {
    /// The bot's process ends and starts again.
    pub fn restart(&mut self) {
        self.process = Arc::new(FakeProcess::new(self.settings.clone().into(), self.clock.clone()));
        (self.desk, self.executor, self.feed, self.reports, self.automatic) =
            crew(&self.homeserver, &self.store, &self.clock, &self.process);
    }

    /// A room with local members and one remote member.
    pub fn room(&self, id: &RoomId, name: &str, alias: &str, local: usize) {
        let mut members: Vec<OwnedUserId> = (0..local)
            .map(|n| OwnedUserId::try_from(format!("@user{n}:hs.test")).expect("a user ID"))
            .collect();
        members.push(owned_user_id!("@far:other.test"));
        let details = crate::model::RoomDetails {
            name: Some(name.to_owned()),
            canonical_alias: Some(alias.to_owned()),
            version: Some("12".into()),
            creator: Some("@user0:hs.test".into()),
            join_rules: Some("public".into()),
            ..crate::model::RoomDetails::default()
        };
        self.homeserver.put_room(
            id,
            FakeRoom { details, members, aliases: vec![alias.to_owned()], ..FakeRoom::default() },
        );
    }

    /// Somebody says something in the management room; the ID of the event.
    pub fn hear(&mut self, sender: &UserId, body: &str) -> OwnedEventId {
        self.receive(sender, "m.room.message", &json!({"msgtype": "m.text", "body": body}))
    }

    /// An event arrives from the management room.
    pub fn receive(&mut self, sender: &UserId, kind: &str, content: &Value) -> OwnedEventId {
        self.events += 1;
        let event_id = OwnedEventId::try_from(format!("$event{}", self.events)).expect("an event ID");
        let now = self.clock.now();
        let json = json!({"type": kind, "sender": sender, "event_id": event_id, "origin_server_ts": now,
            "content": content});
        let event = InboxEvent { event_id: event_id.clone(), json, received_at: now };
        // What could not be stored is received again.
        while self.store.commit(vec![Change::Received(event.clone())]).is_err() {}
        event_id
    }

    /// The bot handles what arrived, without executing anything; says what is left.
    pub async fn handle(&self) -> Left {
        self.try_handle().await.expect("the store works")
    }

    /// As [`Stage::handle`], for a store that may fail.
    pub async fn try_handle(&self) -> Result<Left, StoreError> {
        let left = self.desk.work().await?;
        self.deliver()?;
        Ok(left)
    }

    /// Everything that was confirmed is executed to its end.
    pub async fn execute(&self) {
        self.try_execute().await.expect("the store works");
    }

    /// As [`Stage::execute`], for a store that may fail.
    pub async fn try_execute(&self) -> Result<(), StoreError> {
        let running = Which { states: vec![PlanState::Running], ..Which::default() };
        for plan in self.store.plans(&running)? {
            self.executor.run(plan.id).await?;
        }
        self.deliver()
    }

    /// The bot does everything there is to do, or dies: of a store that fails, or waiting for a homeserver that hangs.
    pub async fn live(&self) -> Lived {
        let work = async {
            while self.try_handle().await? == Left::Behind {
                self.try_execute().await?;
            }
            self.try_execute().await
        };
        tokio::select! {
            biased;
            done = work => done.map_or(Lived::Died, |()| Lived::Done),
            () = self.homeserver.hung() => Lived::Died,
        }
    }

    /// `@mod:hs.test` says something; everything that follows happens; what the bot then says, newest last.
    pub async fn say(&mut self, body: &str) -> String {
        self.say_as(&owned_user_id!("@mod:hs.test"), body).await
    }

    /// Somebody says something; everything that follows happens; what the bot then says.
    pub async fn say_as(&mut self, sender: &UserId, body: &str) -> String {
        let before = self.transcript();
        self.hear(sender, body);
        self.handle().await;
        self.execute().await;
        self.news(&before)
    }

    /// Somebody reacts to the message under a key; everything that follows happens; what the bot then says.
    pub async fn react(&mut self, sender: &UserId, key: &str, emoji: &str) -> String {
        let before = self.transcript();
        let to = format!("$sent-{}", key.replace(' ', "_"));
        let relation = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": to, "key": emoji}});
        self.receive(sender, "m.reaction", &relation);
        self.handle().await;
        self.execute().await;
        self.news(&before)
    }

    /// A sync brings state events of a room that the bot is in.
    pub fn notice(&self, room: &RoomId, events: Vec<Value>, seen: Seen) {
        let changes = noticed_in_sync(&self.settings.feed, room, events, None, seen, self.clock.now());
        // What could not be stored is received again.
        while self.store.commit(changes.clone()).is_err() {}
    }

    /// What is over and old is deleted.
    pub fn forget(&self) {
        let keeper = Keeper::new(self.store.clone(), Arc::new(self.clock.clone()), self.settings.keep);
        keeper.forget().expect("the store works");
    }

    /// The feed tells what it can, reads what it missed, and all of it is sent; what the bot then says.
    pub async fn tell(&mut self) -> String {
        let before = self.transcript();
        self.try_tell().await.expect("the store works");
        self.news(&before)
    }

    /// As [`Stage::tell`], for a store that may fail.
    pub async fn try_tell(&self) -> Result<Untold, StoreError> {
        self.feed.fill_gaps().await?;
        self.feed.poll().await?;
        let untold = self.feed.tell().await?;
        self.deliver()?;
        Ok(untold)
    }

    /// The bot looks for new abuse reports, and all that it says is sent; what it then says.
    pub async fn poll_reports(&mut self) -> String {
        let before = self.transcript();
        self.try_poll_reports().await.expect("the store works");
        self.news(&before)
    }

    /// As [`Stage::poll_reports`], for a store that may fail.
    pub async fn try_poll_reports(&self) -> Result<Found, StoreError> {
        let found = self.reports.poll().await?;
        self.deliver()?;
        Ok(found)
    }

    /// The bot weighs what was reported by its rules, and does what they want; what it then says.
    pub async fn react_to_reports(&mut self) -> String {
        let before = self.transcript();
        self.try_react_to_reports().await.expect("the store works");
        self.news(&before)
    }

    /// As [`Stage::react_to_reports`], for a store that may fail.
    pub async fn try_react_to_reports(&self) -> Result<Found, StoreError> {
        let found = self.automatic.work().await?;
        self.try_execute().await?;
        self.deliver()?;
        Ok(found)
    }

    /// The bot is invited; everything that follows happens; what the bot then says.
    pub async fn invite(&mut self, invitation: &Invitation) -> Result<String, NotYet> {
        let before = self.transcript();
        self.desk.invited(invitation).await?;
        self.execute().await;
        self.deliver()?;
        Ok(self.news(&before))
    }

    /// Whether the bot reacted to an event.
    pub fn marked(&self, event: &OwnedEventId, emoji: &str) -> bool {
        self.store.keys().contains(&format!("{emoji} {event}"))
    }

    /// Lets time pass, and the bot look at what it means.
    pub async fn wait(&mut self, duration: Duration) -> String {
        let before = self.transcript();
        self.clock.pass(duration);
        self.handle().await;
        self.news(&before)
    }

    fn transcript(&self) -> Vec<(String, String)> {
        let said = |key: String| self.store.said(&key).map(|rendered| (key, rendered.text));
        self.store.keys().into_iter().filter_map(said).collect()
    }

    fn news(&self, before: &[(String, String)]) -> String {
        let new = self.transcript().into_iter().filter(|said| !before.contains(said)).map(|(_, text)| text);
        new.collect::<Vec<_>>().join("\n---\n")
    }

    /// Sends everything: the event of a message is `$sent-<key>`.
    fn deliver(&self) -> Result<(), StoreError> {
        loop {
            let undelivered = self.store.undelivered()?;
            if undelivered.is_empty() {
                return Ok(());
            }
            let sent = undelivered.into_iter().map(|out| {
                let name = match &out.what {
                    Sendable::Message { replaces: Some(_), .. } => {
                        format!("$edit{}-{}", out.version, out.key)
                    }
                    _ => format!("$sent-{}", out.key),
                };
                let event_id = OwnedEventId::try_from(name.replace([' ', ':'], "_")).expect("an event ID");
                Change::Delivered { key: out.key, version: out.version, event_id }
            });
            self.store.commit(sent.collect())?;
        }
    }
}

/// How a life of the bot's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lived {
    /// With nothing left to do.
    Done,
    /// Too early.
    Died,
}
