//! Traces for a collector of OpenTelemetry, where `[telemetry]` names one: spans of commands, jobs, their steps and requests to
//! the admin API. They hold names, numbers and outcomes, and nothing that anybody wrote. A collector that is away costs one
//! line in the log: what does not fit into the queue is dropped.

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::{Builder, Handle, Runtime};
use tracing::{Metadata, Subscriber, info, level_filters::LevelFilter, warn};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::config;

/// How long the collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of the bot waits for what was not sent yet.
const FAREWELL: Duration = Duration::from_secs(2);

/// The spans that are traced: who adds one looks at what is in it.
const SPANS: [&str; 4] = ["command", "job", "step", "request"];

/// What sends the spans. What was not sent yet is sent when it is dropped, for at most two seconds: outside of any runtime.
pub(crate) struct Tracing {
    provider: SdkTracerProvider,
    /// Apart from the bot's own, which is over when the last spans are sent.
    runtime: Option<Runtime>,
}

impl Drop for Tracing {
    fn drop(&mut self) {
        // What cannot be sent was said already.
        drop(self.provider.shutdown_with_timeout(FAREWELL));
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The layer of the log that makes spans traces, and what sends them; `None` unless the configuration says where to.
pub(crate) fn start<S>(
    config: &config::Telemetry,
) -> anyhow::Result<Option<(impl Layer<S> + use<S>, Tracing)>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(url) = &config.otlp else { return Ok(None) };
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("traces").enable_all().build()?;
    let http = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("cannot make an HTTP client")?;
    let sender = Sender { http, runtime: runtime.handle().clone(), is_away: AtomicBool::new(false) };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(sender)
        .with_endpoint(format!("{}/v1/traces", url.trim_end_matches('/')))
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(PATIENCE)
        .build()
        .context("telemetry.otlp cannot be used")?;
    let resource = Resource::builder_empty()
        .with_service_name(config.service_name.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("gleipnir"))
        .with_location(false)
        .with_threads(false)
        .with_filter(filter_fn(is_traced).with_max_level_hint(LevelFilter::TRACE));
    Ok(Some((layer, Tracing { provider, runtime: Some(runtime) })))
}

/// No events: lines of the log hold what people are called.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    let is_ours = ["gleipnir_core", "synapse_admin"].iter().any(|ours| metadata.target().starts_with(ours));
    metadata.is_span() && is_ours && SPANS.contains(&metadata.name())
}

/// Sends spans with the HTTP client that everything else is sent with.
#[derive(Debug)]
struct Sender {
    http: reqwest::Client,
    runtime: Handle,
    /// Whether the collector did not take what was sent last.
    is_away: AtomicBool,
}

impl Sender {
    /// Says once that the collector is away, and once that it is back.
    fn note(&self, failure: Option<&str>) {
        match (failure, self.is_away.swap(failure.is_some(), Ordering::Relaxed)) {
            (Some(failure), false) => {
                warn!(
                    failure,
                    "traces cannot be sent to telemetry.otlp; what does not fit into the queue is dropped"
                );
            }
            (None, true) => info!("traces are sent to telemetry.otlp again"),
            (Some(_), true) | (None, false) => {}
        }
    }
}

impl HttpClient for Sender {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            // The thread that waits here has no runtime of its own.
            let sent = self.runtime.spawn(send(self.http.clone(), request)).await?;
            match &sent {
                Ok(answer) if answer.status().is_success() => self.note(None),
                Ok(answer) => self.note(Some(&format!("HTTP status {}", answer.status().as_u16()))),
                Err(error) => self.note(Some(&root_cause(error))),
            }
            Ok(sent?)
        })
    }
}

/// The outer errors say no more than that something could not be sent.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

async fn send(http: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, reqwest::Error> {
    let sent = async {
        let answer = http.execute(request.try_into()?).await?;
        let status = answer.status();
        let mut response = Response::new(answer.bytes().await?);
        *response.status_mut() = status;
        Ok(response)
    };
    sent.await.map_err(reqwest::Error::without_url)
}
