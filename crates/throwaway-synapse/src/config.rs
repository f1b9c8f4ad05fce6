//! The `homeserver.yaml` of a throwaway server: quick, quiet, open to anyone on this machine, closed to the world.

use std::path::Path;

use serde_json::{Map, Value, json};

/// Whether the server slows its users down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLimits {
    /// Every `rc_*` setting is out of reach, so that a test never waits.
    #[default]
    Lifted,
    /// What Synapse does when its configuration says nothing about them.
    ServerDefaults,
}

/// The domain of the server unless the configuration says otherwise.
pub(crate) const SERVER_NAME: &str = "hs.test";

/// Proves the right to `POST /_synapse/admin/v1/register`; guards nothing, as the server is this machine's alone.
pub(crate) const REGISTRATION_SHARED_SECRET: &str = "throwaway";

/// Files of the server, inside its data folder.
pub(crate) const CONFIG_FILE: &str = "homeserver.yaml";
pub(crate) const LOG_CONFIG_FILE: &str = "log.yaml";
pub(crate) const DATABASE_FILE: &str = "homeserver.db";
pub(crate) const LOG_FILE: &str = "homeserver.log";

/// The defaults with each of the settings merged over them; [`listen_on`] adds the listener.
pub(crate) fn homeserver(data_dir: &Path, rate_limits: RateLimits, settings: &[Value]) -> Value {
    let mut config = json!({
        "server_name": SERVER_NAME,
        "report_stats": false,
        "signing_key_path": data_dir.join("signing.key"),
        "log_config": data_dir.join(LOG_CONFIG_FILE),
        "media_store_path": data_dir.join("media"),
        "database": {"name": "sqlite3", "args": {"database": data_dir.join(DATABASE_FILE)}},
        "registration_shared_secret": REGISTRATION_SHARED_SECRET,
        "macaroon_secret_key": "throwaway",
        "form_secret": "throwaway",
        "enable_registration": true,
        "enable_registration_without_verification": true,
        "bcrypt_rounds": 4,
        "federation_domain_whitelist": [],
        "trusted_key_servers": [],
        "url_preview_enabled": false,
        "presence": {"enabled": false},
        // A new database has dozens of them, and by default a pause of a second after each.
        "background_updates": {"sleep_enabled": false},
    });
    if rate_limits == RateLimits::Lifted {
        merge(&mut config, &lifted_rate_limits());
    }
    for settings in settings {
        merge(&mut config, settings);
    }
    config
}

/// What makes one of two neighbours of a server; to be merged over [`homeserver`] before the settings of its owner.
///
/// A name with a port is connected to as it is: Synapse asks neither DNS nor `.well-known`, and signs for the name, so
/// that the certificate need not.
pub(crate) fn neighbour(data_dir: &Path, own_port: u16, other_port: u16) -> Value {
    let (own, other) = (federation_name(own_port), federation_name(other_port));
    json!({
        "server_name": own,
        "tls_certificate_path": data_dir.join("tls.crt"),
        "tls_private_key_path": data_dir.join("tls.key"),
        "federation_verify_certificates": false,
        "federation_domain_whitelist": [own, other],
        // By default nobody is to be lured into asking this machine.
        "ip_range_blacklist": [],
        "federation_ip_range_blacklist": [],
        // Milliseconds. A neighbour that is away is given up quickly, and tried again soon.
        "federation": {
            "client_timeout": 20_000,
            "max_long_retries": 1,
            "max_long_retry_delay": 200,
            "max_short_retries": 1,
            "max_short_retry_delay": 200,
            "destination_min_retry_interval": 500,
            "destination_retry_multiplier": 1,
        },
        "rc_federation": {
            "window_size": 1_000,
            "sleep_limit": 1_000_000,
            "sleep_delay": 0,
            "reject_limit": 1_000_000,
            "concurrent": 1_000,
        },
    })
}

fn federation_name(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// Has the server listen on these ports of 127.0.0.1, and on nothing else. The admin API belongs to `client`; the
/// listener for other servers speaks TLS, as they know nothing else.
pub(crate) fn listen_on(config: &mut Value, port: u16, federation_port: Option<u16>) {
    config["public_baseurl"] = json!(format!("http://127.0.0.1:{port}/"));
    let listener = |port: u16, tls: bool, resource: &str| {
        json!({
            "port": port,
            "type": "http",
            "tls": tls,
            "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": [resource]}],
        })
    };
    let client = listener(port, false, "client");
    let federation = federation_port.map(|port| listener(port, true, "federation"));
    config["listeners"] = std::iter::once(client).chain(federation).collect();
}

/// Python's logging configuration: everything from INFO on into one file.
pub(crate) fn logging(data_dir: &Path) -> Value {
    json!({
        "version": 1,
        "disable_existing_loggers": false,
        "formatters": {"line": {
            "format": "%(asctime)s - %(name)s - %(lineno)d - %(levelname)s - %(request)s - %(message)s",
        }},
        "handlers": {"file": {
            "class": "logging.FileHandler",
            "formatter": "line",
            "filename": data_dir.join(LOG_FILE),
        }},
        "root": {"level": "INFO", "handlers": ["file"]},
    })
}

fn lifted_rate_limits() -> Value {
    let lifted = json!({"per_second": 1_000_000, "burst_count": 1_000_000});
    json!({
        "rc_message": lifted,
        "rc_registration": lifted,
        "rc_registration_token_validity": lifted,
        "rc_login": {"address": lifted, "account": lifted, "failed_attempts": lifted},
        "rc_admin_redaction": lifted,
        "rc_joins": {"local": lifted, "remote": lifted},
        "rc_joins_per_room": lifted,
        "rc_key_requests": lifted,
        "rc_3pid_validation": lifted,
        "rc_invites": {"per_room": lifted, "per_user": lifted, "per_issuer": lifted},
        "rc_third_party_invite": lifted,
        "rc_media_create": lifted,
        "rc_presence": {"per_user": lifted},
        "rc_delayed_event_mgmt": lifted,
        "rc_room_creation": lifted,
        "rc_reports": lifted,
        "rc_user_directory": lifted,
        "rc_profile": lifted,
    })
}

/// Merges as RFC 7396 has it: objects key by key, `null` removes, anything else replaces.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_follows_rfc_7396() {
        let cases = [
            (json!({"a": 1}), json!({"b": 2}), json!({"a": 1, "b": 2})),
            (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 3}}), json!({"a": {"b": 3, "c": 2}})),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
            (json!({"a": 1, "b": 2}), json!({"a": null}), json!({"b": 2})),
            (json!({"a": 1}), json!({"a": {"b": {"c": null, "d": 1}}}), json!({"a": {"b": {"d": 1}}})),
            (json!({"a": 1}), json!({}), json!({"a": 1})),
        ];
        for (mut target, patch, want) in cases {
            merge(&mut target, &patch);
            assert_eq!(target, want, "after {patch}");
        }
    }

    #[test]
    fn only_neighbours_listen_for_other_servers() {
        let resources = |config: &Value| config["listeners"].as_array().unwrap().len();
        let mut config = homeserver(Path::new("/data"), RateLimits::Lifted, &[]);
        listen_on(&mut config, 1, None);
        assert_eq!((resources(&config), &config["federation_domain_whitelist"]), (1, &json!([])));
        let settings = neighbour(Path::new("/data"), 2, 3);
        let mut config = homeserver(Path::new("/data"), RateLimits::Lifted, &[settings]);
        listen_on(&mut config, 1, Some(2));
        assert_eq!(config["server_name"], "127.0.0.1:2");
        assert_eq!(config["federation_domain_whitelist"], json!(["127.0.0.1:2", "127.0.0.1:3"]));
        let ports = ["0", "1"].map(|n| config.pointer(&format!("/listeners/{n}/port")).unwrap().clone());
        assert_eq!(ports, [json!(1), json!(2)]);
        for listener in config["listeners"].as_array().unwrap() {
            assert_eq!(listener["bind_addresses"], json!(["127.0.0.1"]));
        }
    }

    #[test]
    fn settings_win_over_lifted_limits() {
        let slow = json!({"rc_message": {"per_second": 0.1, "burst_count": 1}});
        let config = homeserver(Path::new("/data"), RateLimits::Lifted, std::slice::from_ref(&slow));
        assert_eq!(config["rc_message"], slow["rc_message"]);
        assert_eq!(config["rc_room_creation"]["burst_count"], 1_000_000);
        let config = homeserver(Path::new("/data"), RateLimits::ServerDefaults, &[]);
        assert_eq!(config.get("rc_message"), None);
    }
}
