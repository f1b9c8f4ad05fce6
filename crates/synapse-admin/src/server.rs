//! The server itself: `GET /_synapse/admin/v1/server_version`.

use serde::Deserialize;

use crate::{Client, Error};

impl Client {
    /// The version of Synapse, such as `1.163.2`. Needs and sends no token, so it tells whether the admin
    /// API is served at this URL before there is one.
    pub async fn server_version(&self) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Version {
            server_version: String,
        }
        let version = self.get("/_synapse/admin/v1/server_version", &[]).without_token();
        version.answer::<Version>().await.map(|version| version.server_version)
    }
}
