//! The endpoint for abuse reports that a reverse proxy forwards: requests as clients make them. Each is passed on to the
//! homeserver with its reporter's token, and answered as the homeserver answers. What the homeserver accepts and tells
//! nobody of is kept here before the answer is sent; of the rest only the next look at its list comes sooner.

mod answer;
mod path;
#[cfg(test)]
mod tests;
mod under_way;
mod upstream;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header, request::Parts},
    response::Response,
};
use gleipnir_core::{
    model::{About, Report, ReportKey},
    ports::{Change, Clock, FORWARDED, Reporting, Store},
    reports::cut_reason,
    ruma::{OwnedUserId, RoomId, UserId},
};
use serde_json::Value;
use synapse_admin::{Client, RoomReportsQuery, UserReportsQuery};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
    time::timeout,
};
use tracing::{debug, error, info, warn};

pub(crate) use self::under_way::UnderWay;
use self::{
    answer::{preflight, refusal},
    path::Reported,
    upstream::{Answer, Upstream},
};

/// The largest body: as Synapse's own limit, 200 events of the largest size.
const LARGEST: usize = 200 * 65_536;
/// How many requests are worked on at the same time, so that their bodies fit into the memory.
const AT_ONCE: u32 = 16;
/// How long a request waits for its turn. Nothing was done then, so that a proxy can turn to the homeserver itself.
const TURN: Duration = Duration::from_secs(10);
/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// The endpoint.
pub(crate) struct Endpoint {
    listener: TcpListener,
    forwarder: Arc<Forwarder>,
}

/// Passes reports on.
struct Forwarder {
    upstream: Upstream,
    /// With the bot's own token, to know what the homeserver tells.
    admin: Client,
    me: OwnedUserId,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Wakes those who read reports.
    reported: Arc<Notify>,
    turns: Arc<Semaphore>,
    under_way: UnderWay,
}

/// What the endpoint works with.
pub(crate) struct Parties {
    /// The homeserver's address.
    pub(crate) homeserver: String,
    /// How long it may take to answer.
    pub(crate) timeout: Duration,
    /// Its admin API.
    pub(crate) admin: Client,
    /// The bot's account.
    pub(crate) me: OwnedUserId,
    /// Where reports are kept.
    pub(crate) store: Arc<dyn Store>,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Notified when there is a new report.
    pub(crate) reported: Arc<Notify>,
    /// What has to be finished before the process ends.
    pub(crate) under_way: UnderWay,
}

impl Endpoint {
    /// Listens.
    pub(crate) async fn open(listen: SocketAddr, parties: Parties) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen at reports.http.listen ({listen})"))?;
        let Parties { homeserver, timeout, admin, me, store, clock, reported, under_way } = parties;
        let upstream = Upstream::new(&homeserver, timeout)?;
        let turns = Arc::new(Semaphore::new(AT_ONCE as usize));
        let forwarder = Forwarder { upstream, admin, me, store, clock, reported, turns, under_way };
        info!(address = %listener.local_addr()?, "reports can be forwarded to me");
        Ok(Self { listener, forwarder: Arc::new(forwarder) })
    }

    /// Takes requests, as long as it is not dropped. What it has begun then is for [`UnderWay::finish`].
    pub(crate) async fn run(self) -> std::io::Result<Infallible> {
        let router = Router::new().fallback(handle).with_state(self.forwarder);
        axum::serve(self.listener, router).await?;
        Err(std::io::Error::other("the endpoint for forwarded reports ended by itself"))
    }
}

async fn handle(State(forwarder): State<Arc<Forwarder>>, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    let Some(report) = path::reported(request.uri().path()) else {
        return refusal(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "Unrecognized request");
    };
    if request.method() != Method::POST {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "M_UNRECOGNIZED", "Unrecognized request");
    }
    let kind = report.about.kind().word();
    let response = forward(&forwarder, report, request).await.unwrap_or_else(|refused| *refused);
    debug!(kind, status = response.status().as_u16(), "a report was forwarded to me");
    response
}

/// Checks a request and passes it on; an error is an answer too.
async fn forward(
    forwarder: &Arc<Forwarder>,
    report: Reported,
    request: Request,
) -> Result<Response, Box<Response>> {
    let (parts, body) = request.into_parts();
    if !has_token(&parts) {
        return refused(StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", "Missing access token");
    }
    if announced(&parts).is_some_and(|length| length > LARGEST as u64) {
        return too_large();
    }
    let forwarder = forwarder.clone();
    let turn = timeout(TURN, forwarder.turns.clone().acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        let why = "Too many reports are being filed at this moment";
        return refused(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", why);
    };
    // Whoever has no account here is not listened to any further.
    let reporter = forwarder.upstream.whoami(&parts).await?;
    let body = match timeout(ARRIVAL, axum::body::to_bytes(body, LARGEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return too_large(),
        Err(_) => {
            return refused(StatusCode::REQUEST_TIMEOUT, "M_UNKNOWN", "The request took too long");
        }
    };
    let Some(under_way) = forwarder.under_way.begin() else {
        return refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "M_UNKNOWN",
            "Reports cannot be filed at this moment",
        );
    };
    // A reporter who hangs up must not leave the homeserver with a report that is not kept here; nor must the end of the
    // bot, which waits for this. So both go along.
    let work = tokio::spawn(async move {
        let (_turn, _under_way) = (turn, under_way);
        forwarder.pass_on(report, reporter, &parts, body).await
    });
    work.await.unwrap_or_else(|error| {
        error!(%error, "a report could not be passed on");
        internal()
    })
}

impl Forwarder {
    /// Passes a report on, and keeps it when the homeserver accepts it and tells nobody of it.
    async fn pass_on(
        &self,
        Reported { about, path }: Reported,
        reporter: OwnedUserId,
        parts: &Parts,
        body: Bytes,
    ) -> Result<Response, Box<Response>> {
        let answer = self.upstream.post(&path, parts, body.clone()).await?;
        if answer.status.is_success() {
            if !self.is_told(&about).await {
                self.keep(about, reporter, &body)?;
            }
            self.reported.notify_one();
        }
        Ok(answer.into_response())
    }

    fn keep(&self, about: About, reporter: OwnedUserId, body: &Bytes) -> Result<(), Box<Response>> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let reason = body["reason"].as_str().map(|reason| cut_reason(reason.to_owned()));
        let author = match &about {
            About::User { user_id } => Some(user_id.clone()),
            About::Event { .. } | About::Room { .. } => None,
        };
        // The number is given by the store.
        let key = ReportKey { kind: about.kind(), id: FORWARDED, received_ts: self.clock.now() };
        let report = Report { key, reporter: reporter.into(), reason, about, author };
        let kept = self.store.commit(vec![Change::Reporting(Reporting::Forwarded(report))]);
        kept.or_else(|error| {
            error!(%error, "cannot write down a forwarded report; the homeserver has it all the same");
            internal()
        })
    }

    /// Whether the admin API tells of a report, or it is of something that cannot be. When in doubt it does not: a report
    /// that is told too is seen when it is read.
    async fn is_told(&self, about: &About) -> bool {
        let told = match about {
            About::Event { .. } => return true,
            About::Room { room_id } => match <&RoomId>::try_from(room_id.as_str()) {
                Ok(_) => {
                    self.admin.room_reports(&RoomReportsQuery::default()).await.map(|page| page.is_some())
                }
                Err(_) => return true,
            },
            About::User { user_id } => match <&UserId>::try_from(user_id.as_str()) {
                Ok(user) => self.is_user_told(user).await,
                Err(_) => return true,
            },
        };
        told.unwrap_or_else(|error| {
            warn!(%error, "cannot ask whether the homeserver tells of a report; keeping it");
            false
        })
    }

    /// The homeserver drops reports of users that are not its own.
    async fn is_user_told(&self, user: &UserId) -> Result<bool, synapse_admin::Error> {
        Ok(user.server_name() == self.me.server_name()
            && self.admin.user_reports(&UserReportsQuery::default()).await?.is_some()
            && self.admin.user(user).await?.is_some())
    }
}

/// Whether there is an access token, in either of the places where Synapse takes one.
fn has_token(parts: &Parts) -> bool {
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.split_once(' '));
    let in_query = || {
        let query = parts.uri.query().unwrap_or_default();
        query.split('&').any(|pair| pair.strip_prefix("access_token=").is_some_and(|token| !token.is_empty()))
    };
    match (header, bearer) {
        (_, Some((scheme, token))) => scheme == "Bearer" && !token.trim().is_empty(),
        (Some(_), None) => false,
        (None, None) => in_query(),
    }
}

/// How long the body is, as the request says.
fn announced(parts: &Parts) -> Option<u64> {
    parts.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn refused<T>(status: StatusCode, errcode: &str, error: &str) -> Result<T, Box<Response>> {
    Err(Box::new(refusal(status, errcode, error)))
}

fn too_large<T>() -> Result<T, Box<Response>> {
    refused(StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", "The report is too large")
}

fn internal<T>() -> Result<T, Box<Response>> {
    refused(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", "Internal server error")
}

impl Answer {
    /// As the homeserver gave it.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
