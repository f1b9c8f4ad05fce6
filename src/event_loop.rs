//! From start to end: connect, enter the management room, and keep seven things going beside each other: taking
//! events in, handling them, executing Plans, telling what changes in watched rooms, reading
//! abuse reports, reacting to them by rules, sending messages. They meet in the
//! database only.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use gleipnir_core::{
    automatic::Automatic,
    desk::{Desk, Left},
    execute::Executor,
    feed::{Feed, Found, Untold},
    ports::{Clock, Fault, Records as _, StoreError},
    reply::{Line, Reply},
    reports::Reports,
    ruma::RoomId,
};
use gleipnir_matrix::{ConnectError, Connected, How, Session};
use synapse_admin::{Client, Options};
use tokio::sync::Notify;
use tracing::{debug, info};

use crate::{
    backup::notice_key,
    clock::WallClock,
    config::Config,
    deliver::Deliverer,
    disk,
    homeserver::{Homeserver, Webhooks},
    http::{Endpoint, Parties},
    intake::Intake,
    management::{Arrival, Entered, enter},
    mas::Mas,
    outages::Outages,
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

impl Ended {
    pub(crate) fn token_gone() -> Self {
        Self::Failed(anyhow!(
            "the homeserver no longer accepts my access token. With a password in the configuration I log in anew when \
             I am started again; an access token has to be replaced"
        ))
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Runs the bot until `stop` resolves, or until it cannot go on.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), Ended> {
    tokio::select! {
        ended = work(&config) => ended,
        () = stop => Ok(()),
    }
}

async fn work(config: &Config) -> Result<(), Ended> {
    info!("Gleipnir {} for {}", env!("CARGO_PKG_VERSION"), config.homeserver.user_id);
    let store = SqliteStore::open(&config.storage.path).map_err(|error| {
        if disk::may_pass(&error) { Ended::Failed(error) } else { Ended::Hopeless(error) }
    })?;
    let store = Arc::new(store);
    let outages = Arc::new(Outages::default());
    let Connected { session, how } = connect(config, &outages).await?;
    info!(device = session.device_id(), ?how, "connected");
    let admin = admin(config, &session)?;
    let reported = Arc::new(Notify::new());
    let moderate = async {
        loop {
            let entered = enter(&session, &*store, &config.management.room, &outages).await?;
            serve(config, &session, &how, &store, &admin, (&reported, &outages), entered).await?;
        }
    };
    // Also while the bot waits to be let into the management room.
    tokio::select! {
        ended = moderate => ended,
        ended = forward(config, &session, &store, &admin, &reported) => ended,
        damaged = disk::watch(&store) => Err(Ended::Hopeless(damaged)),
    }
}

fn admin(config: &Config, session: &Session) -> Result<Client, Ended> {
    let token = session.clone();
    let options = Options { timeout: config.homeserver.timeout, ..Options::default() };
    Client::with_options(&config.homeserver.url, move || token.access_token(), options)
        .context("homeserver.url cannot be used")
        .map_err(Ended::Hopeless)
}

/// Takes reports that a reverse proxy forwards, where the configuration says so.
async fn forward(
    config: &Config,
    session: &Session,
    store: &Arc<SqliteStore>,
    admin: &Client,
    reported: &Arc<Notify>,
) -> Result<(), Ended> {
    let Some(listen) = config.reports.http.listen else { return std::future::pending().await };
    let parties = Parties {
        homeserver: config.homeserver.url.clone(),
        timeout: config.homeserver.timeout,
        admin: admin.clone(),
        me: session.user_id().to_owned(),
        store: store.clone(),
        clock: Arc::new(WallClock),
        reported: reported.clone(),
    };
    let endpoint = Endpoint::open(listen, parties).await.map_err(Ended::Failed)?;
    match endpoint.run().await {
        Ok(never) => match never {},
        Err(error) => Err(Ended::Failed(error.into())),
    }
}

async fn connect(config: &Config, outages: &Outages) -> Result<Connected, Ended> {
    let settings = gleipnir_matrix::Settings {
        homeserver: config.homeserver.url.clone(),
        user_id: config.homeserver.user_id.clone(),
        login: config.login().map_err(Ended::Hopeless)?,
        folder: config.storage.path.join("matrix"),
        device_name: "Gleipnir".to_owned(),
        recovery: config.recovery().map_err(Ended::Hopeless)?,
    };
    loop {
        match gleipnir_matrix::connect(settings.clone()).await {
            Ok(connected) => {
                outages.answered(WallClock.now());
                return Ok(connected);
            }
            Err(error @ (ConnectError::Unreachable(_) | ConnectError::RateLimited { .. })) => {
                tokio::time::sleep(outages.failed(error, WallClock.now())).await;
            }
            Err(error @ ConnectError::Other(_)) => return Err(Ended::Failed(error.into())),
            Err(error) => return Err(Ended::Hopeless(error.into())),
        }
    }
}

/// Works in the management room until the bot is no longer in it.
async fn serve(
    config: &Config,
    session: &Session,
    how: &How,
    store: &Arc<SqliteStore>,
    admin: &Client,
    (reported, outages): (&Notify, &Arc<Outages>),
    Entered { room, arrival }: Entered,
) -> Result<(), Ended> {
    let url = config.homeserver.url.clone();
    let mas = config.mas.as_ref().map(|mas| Mas::new(mas, config.homeserver.timeout)).transpose();
    let mas = mas.map_err(Ended::Hopeless)?.map(Arc::new);
    let webhooks = config.reports.webhooks().and_then(Webhooks::new).map_err(Ended::Hopeless)?;
    let homeserver = Arc::new(Homeserver::new(
        session.clone(),
        admin.clone(),
        mas,
        url,
        room.clone(),
        store.instance().to_owned(),
        webhooks,
    ));
    let [said, confirmed, received, noticed, read] = [(); 5].map(|()| Arc::new(Notify::new()));
    let settings = config.settings(room.clone());
    let desk = Arc::new(Desk::new(
        homeserver.clone(),
        store.clone(),
        Arc::new(WallClock),
        settings.clone(),
        said.clone(),
        confirmed.clone(),
        received.clone(),
    ));
    let feed =
        Feed::new(homeserver.clone(), store.clone(), Arc::new(WallClock), settings.clone(), said.clone());
    let reports =
        Reports::new(homeserver.clone(), store.clone(), Arc::new(WallClock), settings.clone(), said.clone());
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
    let deliverer = Deliverer {
        session: session.clone(),
        store: store.clone(),
        room: room.clone(),
        instance: store.instance().to_owned(),
    };
    let intake = Intake {
        session: session.clone(),
        store: store.clone(),
        desk: desk.clone(),
        room: room.clone(),
        settings,
        received: received.clone(),
        noticed: noticed.clone(),
        outages: outages.clone(),
    };
    info!(%room, "at work in the management room");
    introduce(&desk, store, &room, session, how, arrival)?;
    let introduced = Box::pin(async {
        match homeserver.introduce().await {
            // What passes needs nobody.
            Some(fault) if !fault.is_passing() => refused_there(&desk, &fault)?,
            _ => {}
        }
        std::future::pending::<Result<(), StoreError>>().await
    });
    tokio::select! {
        failed = introduced => failed.map_err(Ended::from),
        failed = disk::tell(&desk, session, store, &room) => failed.map_err(Ended::from),
        ended = intake.run() => ended,
        () = handle(&desk, &received) => Ok(()),
        () = decrypt(&intake) => Ok(()),
        () = tell(&feed, &noticed) => Ok(()),
        () = read_on(&feed, &noticed) => Ok(()),
        () = fill_gaps(&feed, &noticed) => Ok(()),
        () = read_reports(&reports, reported, &read, config.reports.poll_interval) => Ok(()),
        () = react(&automatic, &read) => Ok(()),
        () = executor.supervise(confirmed) => Ok(()),
        () = deliverer.run(said) => Ok(()),
    }
}

fn introduce(
    desk: &Desk,
    store: &SqliteStore,
    room: &RoomId,
    session: &Session,
    how: &How,
    arrival: Arrival,
) -> Result<(), StoreError> {
    let hello = Reply::new()
        .paragraph(
            Line::new()
                .text("Hello, I am ")
                .code(session.user_id().as_str())
                .text(", the moderation bot of this server."),
        )
        .paragraph(
            Line::new().code("!help").text(" lists what I can do, ").code("!status").text(" tells how I am."),
        );
    desk.announce(&format!("introduction-{room}"), &hello)?;
    let lost = match (how, arrival) {
        (How::NewDevice { reason }, _) => {
            Line::new().text("I lost my encryption keys (").name_long(reason).text("). ")
        }
        // What is lost then is said already.
        (How::FirstLogin, Arrival::WasThere) if store.is_said(&notice_key(store.instance()))? => Line::new(),
        (How::FirstLogin, Arrival::WasThere) => Line::new().text(
            "My storage folder is new, though I am in this room already. If I worked here before, my jobs, my audit and \
             my encryption keys are lost. ",
        ),
        (How::FirstLogin, Arrival::JoinedNow) | (How::Restored, _) => return Ok(()),
    };
    let line = lost
        .text("I am a new device now, ")
        .code(session.device_id())
        .text(". Older encrypted messages may be unreadable to me; ")
        .code("!status")
        .text(" tells whether my identity was recovered.");
    desk.announce(&format!("new-device-{}", session.device_id()), &Reply::text(line))
}

/// Says that the service that decides about logins does not let the bot in: once for each reason.
fn refused_there(desk: &Desk, fault: &Fault) -> Result<(), StoreError> {
    let line = Line::new()
        .text("⚠ I cannot use ")
        .code("[mas]")
        .text(" of my configuration: ")
        .name_long(fault.to_string())
        .text(" Accounts cannot be locked, deactivated or given a password until that works; ")
        .code("!suspend")
        .text(" does. ")
        .code("!status")
        .text(" tells how it is.");
    desk.announce(&format!("mas-{fault}"), &Reply::text(line))
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
async fn read_reports(reports: &Reports, reported: &Notify, read: &Notify, every: Duration) {
    loop {
        if let Err(error) = reports.poll().await {
            debug!(%error, "cannot write down what was reported; trying again");
        }
        read.notify_one();
        tokio::time::sleep(SHORTEST).await;
        tokio::select! {
            () = reported.notified() => {}
            () = tokio::time::sleep(every.saturating_sub(SHORTEST)) => {}
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
