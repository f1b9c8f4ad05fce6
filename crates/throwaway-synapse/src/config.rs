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

/// Has the server listen on this port of 127.0.0.1, and on nothing else. The admin API belongs to `client`.
pub(crate) fn listen_on(config: &mut Value, port: u16) {
    config["public_baseurl"] = json!(format!("http://127.0.0.1:{port}/"));
    config["listeners"] = json!([{
        "port": port,
        "type": "http",
        "tls": false,
        "bind_addresses": ["127.0.0.1"],
        "resources": [{"names": ["client"]}],
    }]);
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
    fn settings_win_over_lifted_limits() {
        let slow = json!({"rc_message": {"per_second": 0.1, "burst_count": 1}});
        let config = homeserver(Path::new("/data"), RateLimits::Lifted, std::slice::from_ref(&slow));
        assert_eq!(config["rc_message"], slow["rc_message"]);
        assert_eq!(config["rc_room_creation"]["burst_count"], 1_000_000);
        let config = homeserver(Path::new("/data"), RateLimits::ServerDefaults, &[]);
        assert_eq!(config.get("rc_message"), None);
    }
}
