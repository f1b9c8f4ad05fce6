//! Which report a path is, and the path by which the homeserver is asked. Whether it serves that version is its to say.

use gleipnir_core::model::About;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What stands for itself in a path, whoever reads it.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A report that a client files.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reported {
    /// What is reported.
    pub(super) about: About,
    /// The path at the homeserver, encoded anew: what a client wrote may lead elsewhere once it is a URL.
    pub(super) path: String,
}

/// What is reported by `POST <path>`; `None` for every other path.
pub(super) fn reported(path: &str) -> Option<Reported> {
    let parts: Vec<&str> = path.strip_prefix("/_matrix/client/")?.split('/').collect();
    let (version, rest) = match parts.as_slice() {
        ["unstable", name, rest @ ..] if is_feature(name) => (format!("unstable/{name}"), rest),
        ["unstable", rest @ ..] => ("unstable".to_owned(), rest),
        [version, rest @ ..] if is_release(version) => ((*version).to_owned(), rest),
        _ => return None,
    };
    let (about, rest) = match *rest {
        ["rooms", room, "report", event] => {
            let (room, event) = (Id::of(room)?, Id::of(event)?);
            let rest = format!("rooms/{}/report/{}", room.encoded, event.encoded);
            (About::Event { room_id: room.text, event_id: event.text }, rest)
        }
        ["rooms", room, "report"] => {
            let room = Id::of(room)?;
            (About::Room { room_id: room.text }, format!("rooms/{}/report", room.encoded))
        }
        ["users", user, "report"] => {
            let user = Id::of(user)?;
            (About::User { user_id: user.text }, format!("users/{}/report", user.encoded))
        }
        _ => return None,
    };
    Some(Reported { about, path: format!("/_matrix/client/{version}/{rest}") })
}

/// `r0`, `v3` and those that come after it.
fn is_release(version: &str) -> bool {
    version
        .strip_prefix(['r', 'v'])
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A feature that is not stable, such as `org.matrix.msc4151`.
fn is_feature(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
    };
    name.contains('.') && name.split('.').all(is_word)
}

/// An ID of a path; the homeserver takes an empty one for one.
struct Id {
    text: String,
    encoded: String,
}

impl Id {
    /// `None` for what leads to another path, here or at a proxy before the homeserver that decodes it first.
    fn of(part: &str) -> Option<Self> {
        let bytes: Vec<u8> = percent_decode_str(part).collect();
        let leads_away = bytes.contains(&b'\\')
            || bytes.split(|byte| *byte == b'/').any(|word| matches!(word, b"." | b".."));
        (!leads_away).then(|| Self {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            encoded: percent_encode(&bytes, ENCODED).to_string(),
        })
    }
}

/// Paths of reports that would be other paths as URLs, or at a proxy.
#[cfg(test)]
pub(super) const LEADING_AWAY: [&str; 19] = [
    r"/_matrix/client/v3/rooms/x/report/..\..\..\..\..\..\_synapse\admin",
    r"/_matrix/client/v3/rooms/x/report/a\b",
    r"/_matrix/client/v3/rooms/..\..\x/report",
    r"/_matrix/client/v3/users/..\x/report",
    "/_matrix/client/v3/rooms/x/report/a%5C..%5cb",
    "/_matrix/client/v3/rooms/x/report/..",
    "/_matrix/client/v3/rooms/x/report/.",
    "/_matrix/client/v3/rooms/x/report/%2e%2E",
    "/_matrix/client/v3/rooms/x/report/.%2e",
    "/_matrix/client/v3/rooms/%2e/report",
    "/_matrix/client/v3/rooms/../report/x",
    "/_matrix/client/v3/users/%2E./report",
    "/_matrix/client/v3/rooms/x/report/..%2F..%2f_synapse%2Fadmin",
    "/_matrix/client/v3/rooms/a%2F.%2Fb/report",
    "/_matrix/client/unstable/../rooms/x/report",
    "/_matrix/client/unstable/%2e%2e/rooms/x/report",
    "/_matrix/client/unstable/..%2F..%2Fx/rooms/x/report",
    r"/_matrix/client/unstable/a.b\..\..\..\x/rooms/x/report",
    "/_matrix/client/v3/../v3/rooms/x/report",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_known_by_their_paths() {
        let event =
            |room: &str, event: &str| Some(About::Event { room_id: room.into(), event_id: event.into() });
        let room = |room: &str| Some(About::Room { room_id: room.into() });
        let user = |user: &str| Some(About::User { user_id: user.into() });
        for (path, want) in [
            ("/_matrix/client/v3/rooms/!a:hs.test/report/$e", event("!a:hs.test", "$e")),
            ("/_matrix/client/r0/rooms/%21a%3Ahs.test/report/%24e%2Ff%2B%3D", event("!a:hs.test", "$e/f+=")),
            ("/_matrix/client/unstable/rooms/!a/report/$e", event("!a", "$e")),
            ("/_matrix/client/v3/rooms/!a/report", room("!a")),
            ("/_matrix/client/v4/rooms/!a/report", room("!a")),
            ("/_matrix/client/unstable/org.matrix.msc4151/rooms/!a/report", room("!a")),
            ("/_matrix/client/v3/users/@a%2Fb:hs.test/report", user("@a/b:hs.test")),
            ("/_matrix/client/unstable/org.matrix.msc4260/users/@a:hs.test/report", user("@a:hs.test")),
            ("/_matrix/client/v3/users/%FF/report", user("\u{fffd}")),
            ("/_matrix/client/v3/rooms/!a/report/$e/f", None),
            ("/_matrix/client/v3/rooms/!a/report/", event("!a", "")),
            ("/_matrix/client/v3/rooms//report", room("")),
            ("/_matrix/client/v3/rooms/../report", None),
            ("/_matrix/client/v3/rooms/%2e%2E/report", None),
            ("/_matrix/client/v3/rooms/!a/send/$e", None),
            ("/_matrix/client/v/rooms/!a/report", None),
            ("/_matrix/client/versions", None),
            ("/_matrix/client/", None),
            ("/_synapse/admin/v1/rooms/!a/report", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(reported(path).map(|reported| reported.about), want, "{path}");
        }
    }

    #[test]
    fn paths_are_encoded_anew() {
        for (path, want) in [
            ("/_matrix/client/v3/rooms/!a:hs.test/report/$e", "v3/rooms/%21a%3Ahs.test/report/%24e"),
            ("/_matrix/client/v3/rooms/%21a%3ahs.test/report", "v3/rooms/%21a%3Ahs.test/report"),
            ("/_matrix/client/r0/rooms/!a/report/%24e%2Ff+%3F%23", "r0/rooms/%21a/report/%24e%2Ff%2B%3F%23"),
            ("/_matrix/client/unstable/rooms/!a/report/$e", "unstable/rooms/%21a/report/%24e"),
            ("/_matrix/client/v3/users/%FF%252e%252e/report", "v3/users/%FF%252e%252e/report"),
            ("/_matrix/client/v3/rooms/...;,{}/report", "v3/rooms/...%3B%2C%7B%7D/report"),
            ("/_matrix/client/v3/rooms//report", "v3/rooms//report"),
            (
                "/_matrix/client/unstable/org.matrix.msc4151/rooms/!a/report",
                "unstable/org.matrix.msc4151/rooms/%21a/report",
            ),
        ] {
            let found = reported(path).map(|reported| reported.path);
            let want = format!("/_matrix/client/{want}");
            assert_eq!(found.as_deref(), Some(want.as_str()));
            let url = reqwest::Url::parse(&format!("http://hs.test{want}")).expect("a URL");
            assert_eq!(url.path(), want, "it stays where it is");
        }
    }

    #[test]
    fn no_path_leads_elsewhere() {
        for path in LEADING_AWAY {
            assert_eq!(reported(path), None, "{path}");
        }
    }
}
