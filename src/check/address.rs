//! The address of the homeserver: whether something answers there, whether that is a homeserver, how safe the way there is,
//! and what time it is at its end.

use std::{error::Error, net::IpAddr, time::Duration};

use gleipnir_core::{model::Millis, ports::Clock as _, text::duration::in_words};
use jiff::fmt::rfc2822;
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{DATE, HeaderMap, LOCATION, SERVER},
    redirect::Policy,
    tls::TlsInfo,
};
use serde_json::Value;

use super::{
    certificate,
    finding::{Finding, Subject},
};
use crate::clock::WallClock;

/// What every homeserver answers, without a token.
const VERSIONS: &str = "/_matrix/client/versions";
/// How far the clocks may be apart: tokens, rules about the age of accounts and digests go by them.
const SKEW: Duration = Duration::from_secs(30);
const MUCH_SKEW: Duration = Duration::from_mins(5);

/// What was found at an address.
pub(crate) struct Found {
    /// The lines of URL, TLS and clock.
    pub(crate) findings: Vec<Finding>,
    /// What answers, if it is a homeserver.
    pub(crate) server: Option<Server>,
}

/// A homeserver that answers.
pub(crate) struct Server {
    /// The versions of the specification that it speaks.
    pub(crate) versions: Vec<String>,
    /// What it, or the proxy before it, calls itself: the header `Server`.
    pub(crate) software: String,
}

/// Asks what is at an address.
pub(crate) async fn examine(address: &str, timeout: Duration) -> Found {
    let url = match Url::parse(address) {
        Ok(url) if url.host().is_some() => url,
        Ok(_) => return nothing("it names no host", "Write it as https://matrix.example.org."),
        Err(error) => {
            return nothing(&format!("it is no URL: {error}"), "Write it as https://matrix.example.org.");
        }
    };
    if let Err(finding) = resolve(&url).await {
        return Found { findings: skip_after(vec![finding]), server: None };
    }
    let (asked, answer) = (WallClock.now(), ask(address, timeout).await);
    // The answer was made somewhere between the two.
    let now = asked.midpoint(WallClock.now());
    match answer {
        Ok(answer) => answered(&url, &answer, now),
        Err(error) => Found { findings: skip_after(unreached(&url, &error, timeout)), server: None },
    }
}

/// Nothing can be asked at all.
fn nothing(why: &str, advice: &str) -> Found {
    Found { findings: skip_after(vec![Subject::Url.bad(why, advice)]), server: None }
}

/// The rest of the three lines.
fn skip_after(mut findings: Vec<Finding>) -> Vec<Finding> {
    for subject in [Subject::Tls, Subject::Clock] {
        if !findings.iter().any(|finding| finding.subject == subject) {
            findings.push(subject.skipped("the homeserver is not reached"));
        }
    }
    findings
}

async fn resolve(url: &Url) -> Result<(), Finding> {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    let host = host.trim_matches(['[', ']']);
    match tokio::net::lookup_host((host, port)).await.map(Iterator::count) {
        Ok(1..) => Ok(()),
        Ok(0) => Err(unresolved(host, "it has no address")),
        Err(error) => Err(unresolved(host, &error.to_string())),
    }
}

fn unresolved(host: &str, why: &str) -> Finding {
    Subject::Url.bad(
        format!("the name {host} cannot be resolved: {why}"),
        "Check homeserver.url for a typing error, and whether the name server of this machine knows that name.",
    )
}

/// An answer, read.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    certificate: Option<Vec<u8>>,
    body: Vec<u8>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one send() that is about the connection, and not about its answer"
)]
async fn ask(address: &str, timeout: Duration) -> Result<Answer, reqwest::Error> {
    let http = Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(10)))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .tls_info(true)
        .build()?;
    let mut answer: Response =
        http.get(format!("{}{VERSIONS}", address.trim_end_matches('/'))).send().await?;
    let certificate = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    let certificate = certificate.map(<[u8]>::to_vec);
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    Ok(Answer { status, headers, certificate, body: answer.bytes().await?.into() })
}

fn answered(url: &Url, answer: &Answer, now: Millis) -> Found {
    let software = header(&answer.headers, SERVER.as_str()).unwrap_or_default();
    let versions = match homeserver(url, answer) {
        Ok(versions) => versions,
        Err(finding) => {
            let findings = skip_after(vec![finding, tls(url, answer.certificate.as_deref(), now)]);
            return Found { findings, server: None };
        }
    };
    let speaks = Subject::Url.good(format!("a homeserver answers at {url}"));
    let time = clock(header(&answer.headers, DATE.as_str()).as_deref(), now);
    Found {
        findings: vec![speaks, tls(url, answer.certificate.as_deref(), now), time],
        server: Some(Server { versions, software }),
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The versions that the homeserver speaks; why it is none, otherwise.
fn homeserver(url: &Url, answer: &Answer) -> Result<Vec<String>, Finding> {
    let status = answer.status.as_u16();
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (status, json["versions"].as_array()) {
        (200, Some(versions)) => {
            Ok(versions.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        (300..400, _) => {
            let to = header(&answer.headers, LOCATION.as_str()).unwrap_or_default();
            let base = to.strip_suffix(VERSIONS).unwrap_or(&to);
            Err(Subject::Url.bad(
                format!("what answers at {url} sends one elsewhere, to {to}"),
                format!(
                    "The bot follows no redirects. If that is where your homeserver is, set homeserver.url = \
                     \"{base}\"."
                ),
            ))
        }
        (500.., _) => Err(Subject::Url.bad(
            format!("what answers at {url} says that it cannot ({status})"),
            "A reverse proxy says so while the homeserver behind it is down. See whether Synapse runs, and its log.",
        )),
        _ => Err(Subject::Url.bad(
            format!("what answers at {url} is no Matrix homeserver ({status} for {VERSIONS})"),
            "homeserver.url has to be the address of the homeserver, often https://matrix.example.org: the file \
             /.well-known/matrix/client of your server's name tells it. A reverse proxy has to pass /_matrix on.",
        )),
    }
}

/// How safe the way is. `certificate` is the one that was accepted.
fn tls(url: &Url, certificate: Option<&[u8]>, now: Millis) -> Finding {
    let host = url.host_str().unwrap_or_default();
    if url.scheme() == "https" {
        return certificate::examine(certificate, now);
    }
    let is_here = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_here {
        return Subject::Tls.good("plain HTTP, which does not leave this machine");
    }
    Subject::Tls.warning(
        format!("plain HTTP to {host}: whoever is on the way reads the bot's password and token"),
        "Use https://, or a network between the two that is theirs alone (such as that of their containers).",
    )
}

/// How far the clocks are apart. `date` is the header `Date`.
fn clock(date: Option<&str>, now: Millis) -> Finding {
    let Some(there) = date.and_then(|date| rfc2822::parse(date).ok()) else {
        return Subject::Clock.skipped("the homeserver does not say what time it is");
    };
    // The header has whole seconds.
    let ahead = there.timestamp().as_millisecond() + 500 - now;
    let apart = Duration::from_millis(ahead.unsigned_abs());
    let words = format!(
        "the clock of the homeserver is {} {} that of this machine",
        in_words(Duration::from_secs(apart.as_secs())),
        if ahead > 0 { "ahead of" } else { "behind" },
    );
    let advice =
        "Keep the clocks of both machines by NTP: rules, lifetimes and what is told of times go by them.";
    match apart {
        apart if apart > MUCH_SKEW => Subject::Clock.bad(words, advice),
        apart if apart > SKEW => Subject::Clock.warning(words, advice),
        _ => Subject::Clock.good("that of the homeserver and of this machine agree"),
    }
}

/// Why nothing answers: the line of the URL or, where there is somebody whom TLS does not trust, that of TLS.
fn unreached(url: &Url, error: &reqwest::Error, timeout: Duration) -> Vec<Finding> {
    let cause = root_cause(error);
    let is_about_tls = ["certificate", "corrupt message", "received fatal alert", "peer misbehaved"]
        .iter()
        .any(|words| cause.contains(words));
    if url.scheme() == "https" && is_about_tls {
        let reached = Subject::Url.good(format!("something answers at {url}"));
        return vec![reached, distrusted(url, &cause)];
    }
    let (why, advice) = match () {
        () if error.is_timeout() => (
            format!("nothing answers at {url} within {}", in_words(timeout)),
            "See whether a firewall is in between, and whether the homeserver is up.",
        ),
        () if error.is_connect() => (
            format!("there is no connection to {url}: {cause}"),
            "See whether the homeserver runs and listens there, and whether the port is right.",
        ),
        () => (
            format!("what answers at {url} does not speak HTTP as it should: {cause}"),
            "See whether the port is that of HTTP (http://) or HTTPS (https://).",
        ),
    };
    vec![Subject::Url.bad(why, advice)]
}

fn distrusted(url: &Url, cause: &str) -> Finding {
    let advice = match cause {
        cause if cause.contains("corrupt message") => {
            format!("It seems to speak plain HTTP: is it http://{} in homeserver.url?", url.authority())
        }
        cause if cause.contains("xpired") => "Have the certificate renewed.".to_owned(),
        cause if cause.contains("not valid for name") || cause.contains("NotValidForName") => {
            "Use the name that the certificate is for in homeserver.url.".to_owned()
        }
        _ => "Use a certificate that this machine trusts: of a known authority, with its whole chain; or add your own \
              authority to those of the system."
            .to_owned(),
    };
    Subject::Tls.bad(format!("there is no safe connection: {cause}"), advice)
}

/// The innermost message: the outer ones only say that a request failed.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
