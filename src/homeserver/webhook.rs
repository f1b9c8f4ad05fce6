//! Webhooks of the configuration, by their names. Their addresses may be secrets: no error tells them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use gleipnir_core::ports::{Asked, Fault};
use reqwest::{Client, StatusCode, redirect::Policy};
use serde_json::Value;

use super::Homeserver;

/// How long a webhook may take to answer.
const LONGEST: Duration = Duration::from_secs(10);

/// Where cases can be sent.
pub(crate) struct Webhooks {
    client: Client,
    addresses: Mutex<BTreeMap<String, String>>,
}

impl Webhooks {
    /// Webhooks by their names.
    pub(crate) fn new(addresses: BTreeMap<String, String>) -> anyhow::Result<Self> {
        // Whoever could redirect would get what is meant for another.
        let client = Client::builder().timeout(LONGEST).redirect(Policy::none()).build();
        Ok(Self { client: client.context("cannot set up HTTP for webhooks")?, addresses: addresses.into() })
    }

    /// The addresses by their names.
    pub(crate) fn addresses(&self) -> BTreeMap<String, String> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts others in their place. What is being sent still goes to where it was to go.
    pub(crate) fn replace(&self, addresses: BTreeMap<String, String>) {
        *self.addresses.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    #[expect(clippy::disallowed_methods, reason = "the one send() to webhooks")]
    async fn post(&self, name: &str, body: &Value) -> Result<(), Fault> {
        let Some(address) = self.addresses().remove(name) else {
            // The configuration was changed since.
            return Err(Fault::NotRouted { status: 404 });
        };
        let answer = self.client.post(address).json(body).send().await.map_err(|error| {
            if error.is_timeout() {
                Fault::Timeout
            } else {
                // No error of the client's own: it tells the address.
                Fault::Away("the webhook cannot be reached".to_owned())
            }
        })?;
        let status = answer.status();
        let message = status.canonical_reason().unwrap_or("it does not say why").to_owned();
        if status.is_success() {
            Ok(())
        } else if status == StatusCode::TOO_MANY_REQUESTS {
            Err(Fault::RateLimited { retry_after: None })
        } else if status.is_server_error() {
            Err(Fault::Broken { status: status.as_u16(), message })
        } else {
            Err(Fault::Refused { status: status.as_u16(), errcode: "M_UNKNOWN".to_owned(), message })
        }
    }
}

impl Homeserver {
    /// Posts JSON to the webhook of that name.
    pub(super) fn post_to_webhook<'a>(&'a self, name: &'a str, body: &'a Value) -> Asked<'a, ()> {
        Box::pin(self.webhooks.post(name, body))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use serde_json::json;

    use super::*;

    /// A server that answers one request so; its address, and the request that it got.
    fn answering(status: &'static str) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/hook?token=hunter2", listener.local_addr().expect("an address"));
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a request");
            let mut request = Vec::new();
            let mut part = [0; 4096];
            while !request.ends_with(b"}") {
                let read = stream.read(&mut part).expect("it can be read");
                request.extend_from_slice(&part[..read]);
            }
            let answer =
                format!("HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).expect("it can be answered");
            String::from_utf8(request).expect("text")
        });
        (address, server)
    }

    async fn posted(address: String) -> Result<(), Fault> {
        let webhooks = Webhooks::new(BTreeMap::from([("siem".to_owned(), address)])).expect("a client");
        webhooks.post("siem", &json!({"case": 7})).await
    }

    #[tokio::test]
    async fn a_case_is_posted_and_no_error_tells_the_address() {
        let (address, server) = answering("204 No Content");
        assert_eq!(posted(address).await, Ok(()));
        let request = server.join().expect("it answered");
        assert!(request.starts_with("POST /hook?token=hunter2 HTTP/1.1"), "{request}");
        assert!(request.contains("application/json") && request.ends_with("{\"case\":7}"), "{request}");
        for (status, want) in [("302 Found", "302"), ("403 Forbidden", "403"), ("500 Broken", "500")] {
            let (address, _server) = answering(status);
            let fault = posted(address).await.expect_err(status).to_string();
            assert!(fault.contains(want), "{fault}");
            assert!(!fault.contains("hunter2") && !fault.contains("127.0.0.1"), "{fault}");
        }
        let fault =
            posted("http://127.0.0.1:9/hunter2".to_owned()).await.expect_err("nobody listens").to_string();
        assert!(!fault.contains("hunter2"), "{fault}");
        let none = Webhooks::new(BTreeMap::new()).expect("a client");
        assert!(matches!(none.post("siem", &json!({})).await, Err(Fault::NotRouted { .. })));
    }
}
