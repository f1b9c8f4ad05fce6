//! The few requests that come before there is a session: who a token belongs to, logging in and out, and
//! whether a device has encryption keys. The SDK's own login would create a store before it is known whether
//! the login succeeds.

use std::time::Duration;

use matrix_sdk::ruma::{
    api::{EndpointError as _, error::Error as ApiError},
    exports::http,
};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    error::{ConnectError, Failure},
    folder::Stored,
    ruma::{DeviceId, OwnedDeviceId, OwnedUserId, UserId},
};

pub(crate) struct Account {
    http: reqwest::Client,
    homeserver: String,
}

/// Who a token belongs to.
#[derive(Deserialize)]
pub(crate) struct Owner {
    pub(crate) user_id: OwnedUserId,
    pub(crate) device_id: Option<OwnedDeviceId>,
}

impl Account {
    pub(crate) fn new(homeserver: &str) -> Result<Self, ConnectError> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| ConnectError::Other(crate::error::chain(&error)))?;
        Ok(Self { http, homeserver: homeserver.trim_end_matches('/').to_owned() })
    }

    /// `GET /_matrix/client/v3/account/whoami`
    pub(crate) async fn whoami(&self, token: &str) -> Result<Owner, Failure> {
        self.read(self.send(Method::GET, "account/whoami", Some(token), None).await?)
    }

    /// Logs in, as a new device or as one that the homeserver has logged out softly.
    /// `POST /_matrix/client/v3/login`
    pub(crate) async fn login(
        &self,
        user: &UserId,
        password: &str,
        device: Option<&DeviceId>,
        device_name: &str,
    ) -> Result<Stored, Failure> {
        let mut body = json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": user },
            "password": password,
            "initial_device_display_name": device_name,
        });
        if let Some(device) = device {
            body["device_id"] = json!(device);
        }
        self.read(self.send(Method::POST, "login", None, Some(&body)).await?)
    }

    /// `POST /_matrix/client/v3/logout`
    pub(crate) async fn logout(&self, token: &str) -> Result<(), Failure> {
        self.send(Method::POST, "logout", Some(token), Some(&json!({}))).await.map(drop)
    }

    /// Whether the device has uploaded encryption keys. `POST /_matrix/client/v3/keys/query`
    pub(crate) async fn has_keys(
        &self,
        token: &str,
        user: &UserId,
        device: &DeviceId,
    ) -> Result<bool, Failure> {
        let body = json!({ "device_keys": { user.as_str(): [device] } });
        let answer = self.send(Method::POST, "keys/query", Some(token), Some(&body)).await?;
        Ok(answer["device_keys"][user.as_str()].get(device.as_str()).is_some())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let mut request = self.http.request(method, format!("{}/_matrix/client/v3/{path}", self.homeserver));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        #[expect(clippy::disallowed_methods, reason = "this is the one send() of what precedes a session")]
        let response = request.send().await.map_err(|error| Failure::from_network(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.map_err(|error| Failure::from_network(&error))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|_| self.no_homeserver());
        }
        let mut answer = http::Response::new(bytes);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        let error = ApiError::from_http_response(answer);
        Err(match Failure::from_answer(&error) {
            // Paths that every homeserver has: the configured address is that of something else.
            Failure::Away(why) if status == StatusCode::NOT_FOUND => {
                Failure::Refused { status: status.as_u16(), errcode: "M_UNKNOWN".to_owned(), message: why }
            }
            failure => failure,
        })
    }

    fn read<T: DeserializeOwned>(&self, answer: Value) -> Result<T, Failure> {
        serde_json::from_value(answer).map_err(|_| self.no_homeserver())
    }

    /// A proxy's page says so too while the homeserver behind it is away, so this may pass.
    fn no_homeserver(&self) -> Failure {
        Failure::Away(format!("what answers at {} is no Matrix homeserver", self.homeserver))
    }
}
