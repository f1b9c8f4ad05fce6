//! A service that gives recorded answers, and tokens to one client.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{body_string, header, method, path, query_param, query_param_is_missing},
};

use crate::{config, mas::Mas};

/// The ID of the account of the examples.
pub(crate) const ID: &str = "01040G2081040G2081040G2081";
pub(crate) const ALICE: &str = "/api/admin/v1/users/01040G2081040G2081040G2081";
pub(super) const CLIENT: &str = "01J44RKQYM4G3TNVANTMTDYTX6";
pub(super) const SECRET: &str = "phoo8ahneir3ohY2:eigh4xuu6/Oodaewi";
/// `CLIENT:SECRET` in Base64.
pub(super) const BASIC: &str =
    "Basic MDFKNDRSS1FZTTRHM1ROVkFOVE1URFlUWDY6cGhvbzhhaG5laXIzb2hZMjplaWdoNHh1dTYvT29kYWV3aQ==";

pub(crate) struct Service {
    pub(crate) server: MockServer,
}

impl Service {
    /// One whose tokens last five minutes.
    pub(crate) async fn start() -> Self {
        let service = Self::without_tokens().await;
        service.grants("mat_first", 300, None).await;
        service
    }

    /// One that only says where tokens would come from.
    pub(super) async fn without_tokens() -> Self {
        let server = MockServer::start().await;
        let endpoint = format!("{}/oauth2/token", server.uri());
        let service = Self { server };
        let discovery = json!({"issuer": "https://account.hs.test/", "token_endpoint": endpoint});
        service.answer("GET", "/.well-known/openid-configuration", 200, discovery).await;
        service
    }

    /// Gives a token to the client, so often.
    pub(super) async fn grants(&self, token: &str, expires_in: u64, times: Option<u64>) {
        let answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": expires_in,
            "scope": "urn:mas:admin"});
        let mock = Mock::given(method("POST"))
            .and(path("/oauth2/token"))
            .and(header("authorization", BASIC))
            .and(header("content-type", "application/x-www-form-urlencoded"))
            .and(body_string("grant_type=client_credentials&scope=urn%3Amas%3Aadmin"))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer));
        match times {
            Some(times) => mock.up_to_n_times(times).mount(&self.server).await,
            None => mock.mount(&self.server).await,
        }
    }

    /// The client of this service.
    pub(crate) fn mas(&self) -> Mas {
        let config = config::Mas::of(&format!("{}/", self.server.uri()), CLIENT, SECRET);
        Mas::new(&config, Duration::from_secs(2)).expect("a client")
    }

    /// It is not one of those that always erase.
    pub(crate) async fn is_new(&self) {
        self.answer("GET", "/api/admin/v1/version", 200, json!({"version": "v1.22.0"})).await;
    }

    pub(crate) async fn answer(&self, verb: &str, at: &str, status: u16, body: Value) {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.server).await;
    }

    pub(crate) async fn empty(&self, verb: &str, at: &str, status: u16) {
        let answer = ResponseTemplate::new(status);
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.server).await;
    }

    /// The last page of sessions of the account of the examples: `what` is a kind and how it is asked for, such as
    /// `user-sessions?filter[user]`.
    pub(crate) async fn page(&self, what: &str, after: Option<&str>, data: Vec<Value>) {
        self.part(what, after, data, None).await;
    }

    /// A page that others follow.
    pub(crate) async fn page_before(&self, what: &str, after: Option<&str>, data: Vec<Value>) {
        self.part(what, after, data, Some("?page[after]=X&page[first]=100")).await;
    }

    async fn part(&self, what: &str, after: Option<&str>, data: Vec<Value>, next: Option<&str>) {
        let (kind, filter) = what.split_once('?').expect("a kind and a filter");
        let at = format!("/api/admin/v1/{kind}");
        let mut links = json!({"self": format!("{at}?page[first]=100")});
        if let Some(next) = next {
            links["next"] = json!(format!("{at}{next}"));
        }
        let answer = json!({"meta": {"count": 42}, "data": data, "links": links});
        let mock = Mock::given(method("GET"))
            .and(path(at))
            .and(query_param(filter, ID))
            .and(query_param("filter[status]", "active"))
            .and(query_param("page[first]", "100"));
        let mock = match after {
            Some(after) => mock.and(query_param("page[after]", after)),
            None => mock.and(query_param_is_missing("page[after]")),
        };
        mock.respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&self.server).await;
    }

    /// No sessions but those of pages that were given before.
    pub(crate) async fn no_more_sessions(&self) {
        for what in [
            "compat-sessions?filter[user]",
            "oauth2-sessions?filter[user]",
            "user-sessions?filter[user]",
            "personal-sessions?filter[actor_user]",
        ] {
            self.page(what, None, Vec::new()).await;
        }
    }

    /// The requests to the admin API so far, as `METHOD path body`.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let requests = self.all_requests().await;
        requests.iter().filter(|request| request.url.path().starts_with("/api/")).map(described).collect()
    }

    /// The changes so far.
    pub(crate) async fn changes(&self) -> Vec<String> {
        self.requests().await.into_iter().filter(|request| request.starts_with("POST")).collect()
    }

    pub(super) async fn all_requests(&self) -> Vec<Request> {
        self.server.received_requests().await.expect("recording is on by default")
    }
}

pub(crate) fn described(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {} {body}", request.method, request.url.path()).trim_end().to_owned()
}

/// The account of the examples.
pub(crate) fn account(locked_at: Option<&str>, deactivated_at: Option<&str>) -> Value {
    json!({
        "data": {
            "type": "user",
            "id": ID,
            "attributes": {
                "username": "alice", "created_at": "1970-01-01T00:00:00Z", "locked_at": locked_at,
                "deactivated_at": deactivated_at, "admin": false, "legacy_guest": false,
            },
            "links": {"self": ALICE},
        },
        "links": {"self": ALICE},
    })
}

/// A session of a list.
pub(crate) fn session(kind: &str, id: &str, attributes: &Value) -> Value {
    json!({
        "type": kind,
        "id": id,
        "attributes": attributes,
        "links": {"self": format!("/api/admin/v1/{kind}s/{id}")},
        "meta": {"page": {"cursor": id}},
    })
}

pub(crate) fn refusal(title: &str) -> Value {
    json!({"errors": [{"title": title}]})
}
