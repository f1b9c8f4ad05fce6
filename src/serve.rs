//! HTTP for who runs the bot: whether it is alive and ready, and its numbers for Prometheus. Off unless the configuration
//! says where to listen. Nothing that is told here is secret, and nothing can be changed.

mod ask;
mod health;
mod metrics;
mod tally;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, anyhow};
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use tokio::net::TcpListener;
use tracing::{debug, info, warn};

pub(crate) use self::{ask::ask, health::Vitals, tally::Tally};
use crate::{config::Config, event_loop::Ended};

/// The version of the text format that [`metrics::text`] writes; Prometheus knows it since 2.5.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// A path, as [`ask`] asks for it.
const READY: &str = "/health/ready";

/// What listens.
pub(crate) struct Server {
    listener: TcpListener,
    vitals: Arc<Vitals>,
}

/// Listens, where the configuration says so.
pub(crate) async fn open(config: &Config, vitals: &Arc<Vitals>) -> Result<Option<Server>, Ended> {
    match config.http.listen {
        Some(listen) => Server::open(listen, vitals.clone()).await.map(Some).map_err(Ended::Hopeless),
        None => Ok(None),
    }
}

/// Answers, as long as it is not dropped.
pub(crate) async fn run(server: Option<Server>) -> Result<(), Ended> {
    let Some(Server { listener, vitals }) = server else { return std::future::pending().await };
    let ended = axum::serve(listener, router(vitals)).await;
    Err(Ended::Failed(match ended {
        Ok(()) => anyhow!("what listens at http.listen ended by itself"),
        Err(error) => error.into(),
    }))
}

impl Server {
    async fn open(listen: SocketAddr, vitals: Arc<Vitals>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!(
                "cannot listen at http.listen ({listen}); give it an address of this machine and a port that is free"
            )
        })?;
        let address = listener.local_addr()?;
        info!(%address, "health and metrics can be asked for");
        if !address.ip().is_loopback() {
            warn!(
                %address,
                "http.listen is not a loopback address: whoever reaches it can read health and metrics, without a password"
            );
        }
        Ok(Self { listener, vitals })
    }
}

fn router(vitals: Arc<Vitals>) -> Router {
    Router::new()
        .route("/health/live", get(|| std::future::ready(live())))
        .route(READY, get(ready))
        .route("/metrics", get(numbers))
        .with_state(vitals)
}

fn live() -> Response {
    answer(StatusCode::OK, "application/json", r#"{"status":"live"}"#.to_owned())
}

async fn ready(State(vitals): State<Arc<Vitals>>) -> Response {
    let health = vitals.health().await;
    let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer(status, "application/json", health.to_json().to_string())
}

async fn numbers(State(vitals): State<Arc<Vitals>>) -> Response {
    let health = vitals.health().await;
    // The database is read: nothing else waits for that.
    let text = tokio::task::spawn_blocking(move || metrics::text(&vitals, &health)).await;
    match text {
        Ok(Ok(text)) => answer(StatusCode::OK, OPEN_METRICS, text),
        Ok(Err(error)) => broken(&error.to_string()),
        Err(error) => broken(&error.to_string()),
    }
}

fn broken(error: &str) -> Response {
    debug!(error, "cannot tell numbers");
    let words = format!("the numbers cannot be read now: {error}\n");
    answer(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", words)
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body).into_response()
}
