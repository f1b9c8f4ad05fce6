//! The homeserver itself: whether its admin API is reached, how old it is, and who decides about logins there.

use std::time::Duration;

use synapse_admin::Client;

use super::{
    address::Server,
    finding::{Finding, Subject},
    proxy,
};
use crate::{config::Config, mas::Mas};

/// The minor version of Synapse that the bot is tested with.
const TESTED: u32 = 163;
/// What older ones lack, newest first: the minor version that brought it.
const SINCE: [(u32, &str); 5] = [
    (157, "redactions of a time only"),
    (152, "reports of users"),
    (145, "memberships that are over"),
    (140, "events by their ID alone"),
    (130, "background tasks, and why one failed"),
];
/// Older than this, nobody has tried.
const OLDEST: u32 = 98;

/// Whether the admin API is reached, and what its version means. `None` in the place of the latter if it is not.
pub(super) async fn admin_api(open: &Client, server: &Server) -> (Finding, Option<Finding>) {
    match open.server_version().await {
        Ok(version) => {
            let reached = Subject::AdminApi.good("/_synapse/admin is reached at that address");
            (reached, Some(versions(&version, &server.versions)))
        }
        Err(error) => {
            let advice = proxy::advice(&error, &server.software);
            (Subject::AdminApi.bad(error.to_string(), advice), None)
        }
    }
}

/// What the versions of Synapse and of the specification mean.
fn versions(synapse: &str, spec: &[String]) -> Finding {
    let newest = spec.iter().rfind(|version| version.starts_with("v1."));
    let Some(newest) = newest else {
        return Subject::Versions.bad(
            format!("Synapse {synapse} speaks no version 1 of the Matrix specification"),
            "Update Synapse: this one is years old.",
        );
    };
    let text = format!("Synapse {synapse}, which speaks Matrix up to {newest}");
    let Some(minor) = minor(synapse) else {
        return Subject::Versions.warning(
            text,
            format!("The bot is tested with Synapse 1.{TESTED}, and does not know what this version can do."),
        );
    };
    let missing: Vec<_> = SINCE.iter().filter(|(since, _)| minor < *since).map(|(_, what)| *what).collect();
    match &missing[..] {
        _ if minor < OLDEST => {
            Subject::Versions.bad(text, format!("Update Synapse: the bot needs 1.{OLDEST} at least."))
        }
        [] => Subject::Versions.good(text),
        missing => Subject::Versions.warning(
            text,
            format!(
                "Update Synapse when you can: the bot is tested with 1.{TESTED}. This one lacks {}.",
                missing.join("; ")
            ),
        ),
    }
}

/// 163 of “1.163.2 (b=main)”.
fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("1.")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Who decides about logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decides {
    /// The homeserver.
    Homeserver,
    /// Another service, such as Matrix Authentication Service.
    Elsewhere,
}

/// Who decides about logins, and whether the bot has access there.
pub(super) async fn authentication(open: &Client, config: &Config) -> (Finding, Decides) {
    let found = match open.auth_metadata().await {
        Ok(found) => found,
        Err(error) => {
            let finding = Subject::Authentication.bad(
                format!("cannot find out who decides about logins: {error}"),
                "See whether Synapse and the authentication service run, and their logs.",
            );
            return (finding, Decides::Homeserver);
        }
    };
    let subject = Subject::Authentication;
    match (found, &config.mas) {
        (None, None) => (subject.good("the homeserver decides about logins itself"), Decides::Homeserver),
        (None, Some(_)) => (
            subject.warning(
                "[mas] is configured, but the homeserver says that it decides about logins itself",
                "Remove [mas]; or, if that is not so, let /_matrix/client/v1/auth_metadata through to Synapse. Until then \
                 no account is locked, deactivated or given a password.",
            ),
            Decides::Homeserver,
        ),
        (Some(there), None) => (
            subject.warning(
                format!("another service decides about logins: {}", there.issuer),
                "Configure [mas] (docs/mas.md): without it accounts cannot be locked, deactivated or given a password.",
            ),
            Decides::Elsewhere,
        ),
        (Some(_), Some(mas)) => (service(mas, config.homeserver.timeout).await, Decides::Elsewhere),
    }
}

/// Whether the service accepts the bot's client.
async fn service(mas: &crate::config::Mas, timeout: Duration) -> Finding {
    let advice = "Compare [mas] with docs/mas.md: its url, client_id and client_secret, and the client's entry at the \
                  service.";
    let service = match Mas::new(mas, timeout) {
        Ok(service) => service,
        Err(error) => return Subject::Authentication.bad(format!("{error:#}"), advice),
    };
    match service.check().await {
        Ok(()) => Subject::Authentication
            .good(format!("{} decides about logins, and accepts the bot's client", mas.url)),
        Err(fault) => Subject::Authentication.bad(
            format!("{} decides about logins, and the bot has no access there: {fault}", mas.url),
            advice,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::Mark;

    #[test]
    fn versions_are_weighed() {
        let spec = ["r0.6.1".to_owned(), "v1.1".to_owned(), "v1.12".to_owned()];
        for (synapse, mark, words) in [
            ("1.163.2 (b=main,a5c358f)", Mark::Good, "up to v1.12"),
            ("1.157.0rc1", Mark::Good, "1.157.0rc1"),
            ("1.170.0", Mark::Good, ""),
            ("1.156.9", Mark::Warning, "lacks redactions of a time only."),
            ("1.129.0", Mark::Warning, "background tasks"),
            ("1.97.0", Mark::Bad, "needs 1.98"),
            ("0.99", Mark::Warning, "does not know"),
            ("tuwunel", Mark::Warning, "does not know"),
        ] {
            let finding = versions(synapse, &spec);
            assert_eq!(finding.mark, mark, "{finding:?}");
            assert!(format!("{finding:?}").contains(words), "{finding:?}");
        }
        assert_eq!(versions("1.163.2", &spec[..1]).mark, Mark::Bad);
    }
}
