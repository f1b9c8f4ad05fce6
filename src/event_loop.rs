//! From start to end: connect, enter the management room, and keep seven things going beside each other: taking
//! events in, handling them, executing Plans, telling what changes in watched rooms, reading
//! abuse reports, reacting to them by rules, sending messages. They meet in the
//! database only.

mod introduction;
mod login;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gleipnir_core::{
    automatic::Automatic,
    desk::{Bells, Desk, Left},
    execute::Executor,
    feed::{Feed, Found, Untold},
    keeping::Keeper,
    ports::{Clock as _, StoreError},
    reports::Reports,
    ruma::RoomId,
};
use gleipnir_matrix::{Connected, How, Session};
use synapse_admin::{Client, Options};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
    task::JoinSet,
};
use tracing::{debug, info};

pub(crate) use self::login::{LoggedOut, Over};
use self::{
    introduction::{introduce, refused_there, seen_from_there},
    login::{Lost, connect},
};
use crate::{
    clock::WallClock,
    config::Config,
    deliver::Deliverer,
    disk::{self, until_written},
    homeserver::{Homeserver, Place},
    http::{Endpoint, Parties, UnderWay},
    intake::{Gone, Intake},
    logging::Logs,
    management::{Door, Entered, kept_room},
    mas::Mas,
    outages::Outages,
    reload::Control,
    serve::{self, Vitals},
    shutdown::{Stop, finish_the_step},
    store::SqliteStore,
};

/// Why the bot ended by itself.
#[derive(Debug)]
pub enum Ended {
    /// The configuration, the account or the database cannot work: starting again does not help.
    Hopeless(anyhow::Error),
    /// Something broke: starting again may help.
    Failed(anyhow::Error),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Runs the bot until it is to stop, or until it cannot go on.
pub(crate) async fn run(config: Config, logs: Logs, stop: Stop) -> Result<(), Ended> {
    tokio::select! {
        ended = work(&config, logs, &stop) => ended,
        () = stop.overdue() => Ok(()),
    }
}

async fn work(config: &Config, logs: Logs, stop: &Stop) -> Result<(), Ended> {
    info!("Gleipnir {} for {}", env!("CARGO_PKG_VERSION"), config.homeserver.user_id);
    let hangups = signal(SignalKind::hangup()).context("cannot take signals").map_err(Ended::Failed)?;
    let control = Control::new(config.clone(), logs).map_err(Ended::Hopeless)?;
    let store = SqliteStore::open(&config.storage.path).map_err(|error| {
        if disk::may_pass(&error) { Ended::Failed(error) } else { Ended::Hopeless(error) }
    })?;
    let store = Arc::new(store);
    let token = Arc::new(Mutex::new(String::new()));
    let (outages, started) = (Arc::<Outages>::default(), Instant::now());
    let vitals = Arc::new(Vitals::new(store.clone(), outages.clone(), started, WallClock.now()));
    // Before anything that takes time, so that who asks is told that the bot lives and is not ready.
    let server = serve::open(config, &vitals).await?;
    let tally = vitals.tally();
    let bot = Bot {
        config,
        store,
        admin: admin(config, token.clone())?.observed_by(move |exchange| tally.request(exchange)),
        reported: Arc::default(),
        under_way: UnderWay::default(),
        outages,
        vitals,
        started,
        control: Arc::new(control),
        said: Arc::default(),
        stop,
    };
    let connected = Notify::new();
    let keeper = Keeper::new(bot.store.clone(), Arc::new(WallClock), config.storage.keep);
    // A task of its own, because deleting very much takes long.
    let mut keeping = JoinSet::new();
    keeping.spawn(async move { keeper.run().await });
    // Also while the bot waits to be let into the management room, or to be let in again by the homeserver.
    let ended = tokio::select! {
        ended = bot.connect_again_and_again(&token, &connected) => ended,
        ended = bot.forward(&connected) => ended,
        ended = serve::run(server) => ended,
        damaged = disk::watch(&bot.store) => Err(Ended::Hopeless(damaged)),
        never = bot.control.obey(hangups, &bot.store, &bot.said) => match never {},
        never = bot.control.logs().keep() => match never {},
        Some(broke) = keeping.join_next() => match broke {
            Ok(never) => match never {},
            Err(error) => Err(Ended::Failed(error.into())),
        },
    };
    // The database is closed by whoever lets go of it last: that is to be before the process ends.
    keeping.shutdown().await;
    // Nobody listens any more. What the homeserver accepted in the meantime, only the bot may know.
    bot.under_way.finish().await;
    ended
}

/// The admin API, with whatever token is the session's.
fn admin(config: &Config, token: Arc<Mutex<String>>) -> Result<Client, Ended> {
    let options = Options { timeout: config.homeserver.timeout, ..Options::default() };
    let token = move || token.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Client::with_options(&config.homeserver.url, token, options)
        .context("homeserver.url cannot be used")
        .map_err(Ended::Hopeless)
}

/// What outlives a session.
struct Bot<'a> {
    config: &'a Config,
    store: Arc<SqliteStore>,
    admin: Client,
    /// Wakes those who read reports.
    reported: Arc<Notify>,
    /// Forwarded reports that are being passed on.
    under_way: UnderWay,
    /// Since when the homeserver does not answer.
    outages: Arc<Outages>,
    /// How the bot is.
    vitals: Arc<Vitals>,
    started: Instant,
    /// What can be changed while it runs.
    control: Arc<Control>,
    /// Wakes those who send messages.
    said: Arc<Notify>,
    stop: &'a Stop,
}

impl Bot<'_> {
    /// One session after the other: all that is done with one is over before the next one begins.
    async fn connect_again_and_again(&self, token: &Mutex<String>, connected: &Notify) -> Result<(), Ended> {
        let mut lost = Lost::default();
        loop {
            let Connected { session, how } = tokio::select! {
                connected = connect(self.config, &self.outages, self.store.disk()) => connected?,
                () = self.stop.asked() => return Ok(()),
            };
            info!(device = session.device_id(), ?how, "connected");
            *token.lock().unwrap_or_else(PoisonError::into_inner) = session.access_token();
            connected.notify_one();
            let since = Instant::now();
            match Box::pin(self.moderate(session, how)).await {
                Err(Over::LoggedOut(why)) => lost.note(why, since)?,
                Err(Over::Ended(ended)) => return Err(ended),
                Err(Over::Stopped) => return Ok(()),
                Ok(never) => match never {},
            }
        }
    }

    /// Gets into the management room, and works there; again and again.
    async fn moderate(&self, session: Session, mut how: How) -> Result<Infallible, Over> {
        let door = Door { session: &session, store: &self.store, admin: &self.admin, outages: &self.outages };
        loop {
            let outside = match kept_room(&*self.store)? {
                Some(room) => Some(self.outside(&session, &room)?),
                None => None,
            };
            let running = outside.as_ref().map(Arc::downgrade);
            let entered = {
                let waiting = Notify::new();
                tokio::select! {
                    entered = door.enter(&self.config.management.room, &waiting) => entered,
                    never = go_on_outside(outside, &waiting) => match never {},
                    stopped = self.stopped(running.as_ref()) => Err(stopped),
                }
            };
            if let Some(running) = running {
                all_ended(&running).await;
            }
            match Box::pin(self.serve(&session, &how, entered?)).await? {
                Gone::Out => {}
                Gone::Upgraded(upgrade) => until_written(|| upgrade.commit(&*self.store)).await,
            }
            // What was lost was told in the first room.
            how = How::Restored;
        }
    }

    fn homeserver(&self, session: &Session, room: &RoomId, place: Place) -> Result<Arc<Homeserver>, Ended> {
        let config = self.config;
        let mas = config.mas.as_ref().map(|mas| Mas::new(mas, config.homeserver.timeout)).transpose();
        let homeserver = Homeserver::new(
            session.clone(),
            self.admin.clone(),
            mas.map_err(Ended::Hopeless)?.map(Arc::new),
            config.homeserver.url.clone(),
            room.to_owned(),
            self.store.instance().to_owned(),
            self.control.webhooks(),
        );
        Ok(Arc::new(homeserver.up_since(self.started).at(place)))
    }

    /// An executor for what moderators of a room confirmed that the bot is not in.
    fn outside(&self, session: &Session, room: &RoomId) -> Result<Arc<Executor>, Ended> {
        Ok(Arc::new(Executor::new(
            self.homeserver(session, room, Place::Outside)?,
            self.store.clone(),
            Arc::new(WallClock),
            self.control.settings(room.to_owned()),
            Arc::default(),
        )))
    }

    /// Waits until the bot is to stop, and until an executor has finished what it has in hand.
    async fn stopped(&self, executor: Option<&Weak<Executor>>) -> Over {
        self.stop.asked().await;
        if let Some(executor) = executor.and_then(Weak::upgrade) {
            finish_the_step(&executor).await;
        }
        Over::Stopped
    }

    /// Takes reports that a reverse proxy forwards, where the configuration says so.
    async fn forward(&self, connected: &Notify) -> Result<(), Ended> {
        let config = self.config;
        let Some(listen) = config.reports.http.listen else { return std::future::pending().await };
        connected.notified().await;
        let parties = Parties {
            homeserver: config.homeserver.url.clone(),
            timeout: config.homeserver.timeout,
            admin: self.admin.clone(),
            me: config.homeserver.user_id.clone(),
            store: self.store.clone(),
            clock: Arc::new(WallClock),
            reported: self.reported.clone(),
            under_way: self.under_way.clone(),
        };
        let endpoint = Endpoint::open(listen, parties).await.map_err(Ended::Failed)?;
        match endpoint.run().await {
            Ok(never) => match never {},
            Err(error) => Err(Ended::Failed(error.into())),
        }
    }

    /// Works in the management room until the bot is no longer in it.
    async fn serve(
        &self,
        session: &Session,
        how: &How,
        Entered { room, arrival }: Entered,
    ) -> Result<Gone, Over> {
        let Self { store, admin, reported, outages, vitals, control, said, .. } = self;
        let homeserver = self.homeserver(session, &room, Place::Inside)?;
        let [confirmed, received, noticed, read] = [(); 4].map(|()| Arc::new(Notify::new()));
        let settings = control.settings(room.clone());
        let desk = Desk::new(
            homeserver.clone(),
            store.clone(),
            Arc::new(WallClock),
            settings.clone(),
            control.clone(),
            Bells { said: said.clone(), confirmed: confirmed.clone(), received: received.clone() },
        );
        let desk = Arc::new(desk.counted_by(vitals.tally()));
        let feed =
            Feed::new(homeserver.clone(), store.clone(), Arc::new(WallClock), settings.clone(), said.clone());
        let reports = Reports::new(
            homeserver.clone(),
            store.clone(),
            Arc::new(WallClock),
            settings.clone(),
            said.clone(),
        );
        let automatic = Automatic::new(
            homeserver.clone(),
            store.clone(),
            Arc::new(WallClock),
            settings.clone(),
            said.clone(),
            confirmed.clone(),
        );
        let executor = Arc::new(Executor::new(
            homeserver.clone(),
            store.clone(),
            Arc::new(WallClock),
            settings.clone(),
            said.clone(),
        ));
        let deliverer = Deliverer::new(
            session.clone(),
            store.clone(),
            room.clone(),
            store.instance().to_owned(),
            outages.clone(),
        );
        let intake = Intake {
            session: session.clone(),
            admin: admin.clone(),
            store: store.clone(),
            desk: desk.clone(),
            room: room.clone(),
            settings,
            received: received.clone(),
            noticed: noticed.clone(),
            outages: outages.clone(),
        };
        info!(%room, "at work in the management room");
        let _inside = vitals.enter();
        let arrival = seen_from_there(&*homeserver, &room, how, arrival).await;
        let introduction = || introduce(&desk, store, &room, session, how, arrival);
        // Before anything else is said, if that can be written down now.
        let said_hello = introduction().is_ok();
        let introduced = Box::pin(async {
            if !said_hello {
                until_written(introduction).await;
            }
            match homeserver.introduce().await {
                // What passes needs nobody.
                Some(fault) if !fault.is_passing() => until_written(|| refused_there(&desk, &fault)).await,
                _ => {}
            }
            std::future::pending::<Infallible>().await
        });
        let running = Arc::downgrade(&executor);
        // Kept while the step in hand is finished, when all else is over.
        let mut supervised = Box::pin(executor.supervise(confirmed));
        let gone = tokio::select! {
            never = introduced => match never {},
            never = disk::tell(&desk, session, store, &room) => match never {},
            gone = intake.run() => gone,
            () = handle(&desk, &received) => Ok(Gone::Out),
            () = decrypt(&intake) => Ok(Gone::Out),
            () = tell(&feed, &noticed) => Ok(Gone::Out),
            () = read_on(&feed, &noticed) => Ok(Gone::Out),
            () = fill_gaps(&feed, &noticed) => Ok(Gone::Out),
            () = read_reports(&reports, reported, &read, || control.poll_interval()) => Ok(Gone::Out),
            () = react(&automatic, &read) => Ok(Gone::Out),
            () = &mut supervised => Ok(Gone::Out),
            () = deliverer.run(said.clone()) => Ok(Gone::Out),
            () = self.stop.asked() => Err(Over::Stopped),
        };
        let gone = match gone {
            Err(Over::Stopped) => Err(self.stopped(Some(&running)).await),
            gone => gone,
        };
        drop(supervised);
        all_ended(&running).await;
        gone
    }
}

/// Goes on with what was confirmed, from when the bot waits to be let into the management room: a job that was confirmed
/// is done, and its report comes when the bot is back.
async fn go_on_outside(executor: Option<Arc<Executor>>, waiting: &Notify) -> Infallible {
    waiting.notified().await;
    if let Some(executor) = executor {
        executor.supervise(Arc::default()).await;
    }
    std::future::pending().await
}

/// Waits until everything that an executor has begun is over: it was told to stop, and stops where it waits next.
async fn all_ended(executor: &Weak<Executor>) {
    while executor.strong_count() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Tries again and again to decrypt what could not be decrypted: its keys may be late.
async fn decrypt(intake: &Intake) {
    loop {
        if let Err(error) = intake.decrypt_again().await {
            debug!(%error, "cannot write down a decrypted message");
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Handles what was taken in: at once when something arrives, and now and then for what waits or expires.
async fn handle(desk: &Desk, received: &Notify) {
    loop {
        let pause = match desk.work().await {
            Ok(Left::Nothing) => Duration::from_secs(10),
            Ok(Left::Waiting) => Duration::from_secs(2),
            Ok(Left::Behind) => Duration::from_millis(20),
            Err(error) => {
                debug!(%error, "cannot handle what arrived; trying again");
                Duration::from_secs(5)
            }
        };
        tokio::select! {
            () = received.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Tells what changes in watched rooms: soon after something did, a little later when more may follow.
async fn tell(feed: &Feed, noticed: &Notify) {
    loop {
        let pause = match feed.tell().await {
            Ok(Untold::Nothing) => Duration::from_secs(30),
            Ok(Untold::Waiting) => Duration::from_secs(1),
            Err(error) => {
                debug!(%error, "cannot tell what changed in watched rooms; trying again");
                Duration::from_secs(5)
            }
        };
        tokio::select! {
            // What belongs together often comes in two syncs.
            () = noticed.notified() => tokio::time::sleep(Duration::from_millis(300)).await,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Reads what syncs left out of watched rooms.
async fn fill_gaps(feed: &Feed, noticed: &Notify) {
    loop {
        match feed.fill_gaps().await {
            Ok(Found::Nothing) => {}
            Ok(Found::Something) => noticed.notify_one(),
            Err(error) => debug!(%error, "cannot read what a sync left out; trying again"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Reads on in the watched rooms that the bot is not in.
async fn read_on(feed: &Feed, noticed: &Notify) {
    loop {
        match feed.poll().await {
            Ok(Found::Nothing) => {}
            Ok(Found::Something) => noticed.notify_one(),
            Err(error) => debug!(%error, "cannot read the watched rooms that I am not in; trying again"),
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

/// How often reports are looked for at most, however fast they are forwarded.
const SHORTEST: Duration = Duration::from_secs(1);

/// Reads new abuse reports: now and then, and when one was forwarded.
async fn read_reports(reports: &Reports, reported: &Notify, read: &Notify, every: impl Fn() -> Duration) {
    loop {
        if let Err(error) = reports.poll().await {
            debug!(%error, "cannot write down what was reported; trying again");
        }
        read.notify_one();
        tokio::time::sleep(SHORTEST).await;
        tokio::select! {
            () = reported.notified() => {}
            () = tokio::time::sleep(every().saturating_sub(SHORTEST)) => {}
        }
    }
}

/// Reacts to reports by rules, each time they were read: many of them do not keep new ones from being read.
async fn react(automatic: &Automatic, read: &Notify) {
    loop {
        read.notified().await;
        if let Err(error) = automatic.work().await {
            debug!(%error, "cannot write down what rules do about reports; trying again");
        }
    }
}
