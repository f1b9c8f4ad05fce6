//! What can go wrong between a request and its answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::http::Answer;

/// Whether the server does what is asked before it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It never hears of it.
    Never,
    /// It does.
    Server,
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The right answer comes so much later.
    Slow(Duration),
    /// The right answer comes when the proxy is healed.
    Held,
    /// The connection breaks without an answer.
    Reset(Reach),
    /// A page of a reverse proxy, with this status: 200 is that of a captive portal.
    Page(u16, Reach),
    /// 503, as Synapse says it.
    Unavailable,
    /// 429, with so many milliseconds in `retry_after_ms`.
    Limited(Option<u64>),
    /// 429 without a Matrix error, with so many seconds in `Retry-After`.
    LimitedByProxy(u64),
    /// The answer ends in the middle of its JSON.
    Truncated,
    /// The connection breaks in the middle of the answer.
    BrokenOff,
    /// The fields of the answer are of other types than they should.
    WrongTypes,
    /// A 200 with another JSON.
    Instead(&'static str),
    /// A 200 with nothing in it.
    Empty(Reach),
}

/// All of them, each once, by name.
pub(crate) const FAULTS: [(&str, Fault); 16] = [
    ("slow", Fault::Slow(Duration::from_millis(1_500))),
    ("lost", Fault::Reset(Reach::Never)),
    ("unheard", Fault::Reset(Reach::Server)),
    ("bad gateway", Fault::Page(502, Reach::Never)),
    ("gateway timeout", Fault::Page(504, Reach::Server)),
    ("unavailable", Fault::Unavailable),
    ("limited", Fault::Limited(Some(700))),
    ("limited for long", Fault::Limited(Some(3_000))),
    ("limited without saying for how long", Fault::Limited(None)),
    ("limited by a proxy", Fault::LimitedByProxy(1)),
    ("truncated", Fault::Truncated),
    ("broken off", Fault::BrokenOff),
    ("wrong types", Fault::WrongTypes),
    ("null", Fault::Instead("null")),
    ("empty", Fault::Empty(Reach::Server)),
    ("captive portal", Fault::Page(200, Reach::Never)),
];

/// Pages with which a proxy refuses what it should pass on, in the homeserver's place, by name.
pub(crate) const REFUSALS: [(&str, Fault); 2] =
    [("not found", Fault::Page(404, Reach::Never)), ("forbidden", Fault::Page(403, Reach::Never))];

impl Fault {
    /// Whether the server hears the request.
    pub(super) fn reaches_the_server(self) -> bool {
        match self {
            Self::Reset(reach) | Self::Page(_, reach) | Self::Empty(reach) => reach == Reach::Server,
            Self::Slow(_)
            | Self::Held
            | Self::Truncated
            | Self::BrokenOff
            | Self::WrongTypes
            | Self::Instead(_) => true,
            Self::Unavailable | Self::Limited(_) | Self::LimitedByProxy(_) => false,
        }
    }

    /// What is answered, given the server's answer where it was asked; `None` for nothing.
    pub(super) fn answer(self, real: Option<Answer>) -> Option<Answer> {
        Some(match self {
            Self::Reset(_) => return None,
            Self::Slow(_) | Self::Held => real?,
            Self::Page(status, _) => {
                let page =
                    "<!DOCTYPE html><html><body><h1>An error <script>alert(1)</script></h1></body></html>";
                Answer::new(status, "text/html", page.as_bytes().to_vec())
            }
            Self::Unavailable => Answer::json(503, &json!({"errcode": "M_UNKNOWN", "error": "Overloaded"})),
            Self::Limited(retry_after) => {
                let mut body = json!({"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests"});
                if let Some(retry_after) = retry_after {
                    body["retry_after_ms"] = json!(retry_after);
                }
                Answer::json(429, &body)
            }
            Self::LimitedByProxy(seconds) => {
                let mut answer = Answer::new(429, "text/html", b"<h1>429 Too Many Requests</h1>".to_vec());
                answer.headers.push(("Retry-After".to_owned(), seconds.to_string()));
                answer
            }
            Self::Truncated => {
                let mut answer = real?;
                answer.body.truncate(answer.body.len() / 2);
                answer
            }
            Self::BrokenOff => {
                let mut answer = real?;
                answer.breaks_off = true;
                answer
            }
            Self::WrongTypes => {
                let mut answer = real?;
                let mut json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let fields = json.as_object_mut().into_iter().flatten();
                for (_, value) in fields {
                    *value = match value {
                        Value::Number(_) | Value::Bool(_) => json!(["1"]),
                        _ => json!(1),
                    };
                }
                // There is nothing to get wrong in an empty object but itself.
                if json.as_object().is_none_or(serde_json::Map::is_empty) {
                    json = json!([1]);
                }
                answer.body = json.to_string().into_bytes();
                answer
            }
            Self::Instead(json) => Answer::new(200, "application/json", json.as_bytes().to_vec()),
            Self::Empty(_) => Answer::new(200, "application/json", Vec::new()),
        })
    }
}
