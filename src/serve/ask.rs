//! `gleipnir health`: asks the bot that runs with the same configuration how it is. Images without curl have it as their
//! health check.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::READY;
use crate::config::Http;

/// How long the bot may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A sentence when the bot is ready; an error when it is not, or does not answer.
pub(crate) async fn ask(http: &Http) -> anyhow::Result<String> {
    let Some(listen) = http.listen else {
        bail!(
            "http.listen is not set, so the bot cannot be asked; set it in the section [http], for example to \
             \"127.0.0.1:8009\", and start the bot again"
        );
    };
    let address = reachable(listen);
    let (status, body) = get(address).await.with_context(|| {
        format!(
            "the bot does not answer at http://{address} (http.listen); is it running with this \
             configuration? A changed http.listen needs a restart"
        )
    })?;
    let health: Value = serde_json::from_str(&body).unwrap_or_default();
    match (status, health["status"].as_str()) {
        (200, Some("ready")) => Ok("ready".to_owned()),
        (503, Some(word)) => bail!("{word}: {}", troubles(&health)),
        _ => bail!("what answers at http://{address} (http.listen) is no Gleipnir: HTTP status {status}"),
    }
}

/// What is bad, in words.
fn troubles(health: &Value) -> String {
    let checks = health["checks"].as_object().into_iter().flat_map(|checks| checks.values());
    let bad = checks.filter(|check| check["status"] == "bad");
    bad.filter_map(|check| check["message"].as_str()).collect::<Vec<_>>().join(" ")
}

/// Who listens everywhere is asked on this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

#[expect(clippy::disallowed_methods, reason = "the one send() of this question; it carries no token")]
async fn get(address: SocketAddr) -> anyhow::Result<(u16, String)> {
    let http = reqwest::Client::builder()
        .timeout(PATIENCE)
        // A proxy of the environment would ask another machine.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let answer = http.get(format!("http://{address}{READY}")).send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (listen, want) in [
            ("0.0.0.0:8009", "127.0.0.1:8009"),
            ("[::]:8009", "[::1]:8009"),
            ("127.0.0.2:1", "127.0.0.2:1"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), want);
        }
    }
}
