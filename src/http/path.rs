//! Which report a path is. Whether the homeserver serves it under that version is its to say.

use gleipnir_core::model::About;
use percent_encoding::percent_decode_str;

/// What is reported by `POST <path>`; `None` for every other path.
pub(super) fn about(path: &str) -> Option<About> {
    let parts: Vec<&str> = path.strip_prefix("/_matrix/client/")?.split('/').collect();
    let rest = match parts.as_slice() {
        ["unstable", name, rest @ ..] if name.contains('.') => rest,
        ["unstable", rest @ ..] => rest,
        [version, rest @ ..] if is_release(version) => rest,
        _ => return None,
    };
    match *rest {
        ["rooms", room, "report", event] => Some(About::Event { room_id: id(room)?, event_id: id(event)? }),
        ["rooms", room, "report"] => Some(About::Room { room_id: id(room)? }),
        ["users", user, "report"] => Some(About::User { user_id: id(user)? }),
        _ => None,
    }
}

/// `r0`, `v3` and those that come after it.
fn is_release(version: &str) -> bool {
    version
        .strip_prefix(['r', 'v'])
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An ID, decoded; the homeserver takes an empty one for one. `.` and `..` would lead to another path.
fn id(part: &str) -> Option<String> {
    let id = percent_decode_str(part).decode_utf8_lossy().into_owned();
    (!matches!(id.as_str(), "." | "..")).then_some(id)
}

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
            assert_eq!(about(path), want, "{path}");
        }
    }
}
