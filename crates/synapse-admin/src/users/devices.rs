//! What somebody is logged in with and from where: `GET /_synapse/admin/v2/users/{user_id}/devices`,
//! `POST …/delete_devices` and `GET /_synapse/admin/v1/whois/{user_id}`. Addresses are personal data.

use std::collections::BTreeMap;

use ruma::{MilliSecondsSinceUnixEpoch, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Client, Error, lenient};

impl Client {
    /// A user's devices: `GET …/users/{user_id}/devices`.
    ///
    /// - 404 `M_NOT_FOUND` "Unknown user"
    /// - 400 `M_UNKNOWN` "Can only lookup local users"
    pub async fn devices(&self, user_id: &UserId) -> Result<Vec<Device>, Error> {
        #[derive(Deserialize)]
        struct Devices {
            devices: Vec<Device>,
        }
        let devices = self.get("/_synapse/admin/v2/users/{user_id}/devices", &[user_id.as_str()]);
        devices.answer::<Devices>().await.map(|devices| devices.devices)
    }

    /// Logs devices out and forgets them and their keys: `POST …/users/{user_id}/delete_devices`. **Cannot be undone**, but
    /// the user can log in again. Devices that do not exist are passed over.
    ///
    /// Errors as of [`Client::devices`].
    pub async fn delete_devices(&self, user_id: &UserId, device_ids: &[String]) -> Result<(), Error> {
        let body = json!({ "devices": device_ids });
        let path = "/_synapse/admin/v2/users/{user_id}/delete_devices";
        self.post(path, &[user_id.as_str()], body).answer::<Value>().await.map(drop)
    }

    /// Where a user came from in the last weeks: `GET /_synapse/admin/v1/whois/{user_id}`. An unknown user came from
    /// nowhere, which is no error.
    ///
    /// 400 `M_UNKNOWN` "Can only whois a local user"
    pub async fn whois(&self, user_id: &UserId) -> Result<Vec<Connection>, Error> {
        #[derive(Deserialize)]
        struct Whois {
            #[serde(default)]
            devices: BTreeMap<String, OfDevice>,
        }
        #[derive(Deserialize)]
        struct OfDevice {
            #[serde(default)]
            sessions: Vec<Session>,
        }
        #[derive(Deserialize)]
        struct Session {
            #[serde(default)]
            connections: Vec<Connection>,
        }
        let whois = self.get("/_synapse/admin/v1/whois/{user_id}", &[user_id.as_str()]);
        let devices = whois.answer::<Whois>().await?.devices;
        let sessions = devices.into_values().flat_map(|device| device.sessions);
        Ok(sessions.flat_map(|session| session.connections).collect())
    }
}

/// A device, which is a login that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct Device {
    /// Its ID.
    pub device_id: String,
    /// Its name, in the user's words.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub display_name: Option<String>,
    /// What program it was last seen with, in that program's words.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub last_seen_user_agent: Option<String>,
    /// When it was last seen.
    #[serde(default)]
    pub last_seen_ts: Option<MilliSecondsSinceUnixEpoch>,
    /// From which address.
    #[serde(default)]
    pub last_seen_ip: Option<String>,
    /// Whether it only keeps keys for the user while they are logged out.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub dehydrated: bool,
}

/// An address and program that somebody used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Connection {
    /// The address.
    pub ip: Option<String>,
    /// When it was last used.
    pub last_seen: Option<MilliSecondsSinceUnixEpoch>,
    /// The program, in its own words.
    #[serde(deserialize_with = "lenient::readable")]
    pub user_agent: Option<String>,
}
