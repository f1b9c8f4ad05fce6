//! Rooms, users and events as moderators name them: an ID, an alias, a `matrix.to` link or a `matrix:` URI, often with
//! brackets or punctuation pasted along. Never a wildcard: each target is one thing.

use std::{fmt, str::FromStr};

use ruma::{
    OwnedEventId, OwnedRoomAliasId, OwnedRoomId, OwnedUserId, RoomOrAliasId, ServerName, matrix_uri::MatrixId,
};

use super::{
    clean::clean,
    link::{self, Link},
};

/// A room, by its ID or by an alias that is still to be resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoomTarget {
    /// `!…:server`, or `!…` of room version 12, which has no server name.
    Id(OwnedRoomId),
    /// `#name:server`.
    Alias(OwnedRoomAliasId),
}

/// An event, with its room when a link told it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTarget {
    /// The room of the link.
    pub room: Option<RoomTarget>,
    /// The event.
    pub event: OwnedEventId,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserTarget(pub OwnedUserId);

/// Why a word names no such target; displays as a sentence for a moderator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTarget(String);

impl FromStr for RoomTarget {
    type Err = BadTarget;

    fn from_str(word: &str) -> Result<Self, BadTarget> {
        let shown = shown(word);
        match read(word, Needed::Room)? {
            Thing::Room(room) => Ok(room),
            Thing::User(_) => Err(BadTarget(format!(
                "“{shown}” is a user, and a room is needed here: {}.",
                Needed::Room.how()
            ))),
            Thing::Event(EventTarget { room: Some(room), .. }) => Err(BadTarget(format!(
                "“{shown}” is a link to a message, and a room is needed here: the message's room is {}.",
                clean(&room.to_string(), SHOWN)
            ))),
            Thing::Event(EventTarget { room: None, .. }) => Err(BadTarget(format!(
                "“{shown}” is the ID of a message, and a room is needed here: {}.",
                Needed::Room.how()
            ))),
        }
    }
}

impl FromStr for EventTarget {
    type Err = BadTarget;

    fn from_str(word: &str) -> Result<Self, BadTarget> {
        let shown = shown(word);
        match read(word, Needed::Event)? {
            Thing::Event(event) => Ok(event),
            Thing::Room(_) => Err(BadTarget(format!(
                "“{shown}” is a room, and a message is needed here: its event ID (/$…) is missing behind the room; \
                 copy the link of the message itself."
            ))),
            Thing::User(_) => Err(BadTarget(format!(
                "“{shown}” is a user, and a message is needed here: {}.",
                Needed::Event.how()
            ))),
        }
    }
}

impl FromStr for UserTarget {
    type Err = BadTarget;

    fn from_str(word: &str) -> Result<Self, BadTarget> {
        match read(word, Needed::User)? {
            Thing::User(user) => Ok(Self(user)),
            thing @ (Thing::Room(_) | Thing::Event(_)) => {
                let what = if matches!(thing, Thing::Room(_)) { "a room" } else { "a message" };
                let (shown, how) = (shown(word), Needed::User.how());
                Err(BadTarget(format!("“{shown}” is {what}, and a user is needed here: {how}.")))
            }
        }
    }
}

impl fmt::Display for RoomTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Alias(alias) => alias.fmt(f),
        }
    }
}

impl fmt::Display for EventTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.event.fmt(f)
    }
}

impl fmt::Display for UserTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a word is meant as a room, rightly or not: it starts with `!` or `#`, or is a Matrix link. Tells the rooms
/// of `!block <room...> [reason]` from the reason.
pub fn looks_like_room(word: &str) -> bool {
    let word = trimmed(word);
    word.starts_with(['!', '#']) || !matches!(link::parse(word), Link::None)
}

/// Whether a word is meant as a user, rightly or not: it starts with `@`, or is a Matrix link. Tells the users of
/// `!suspend <@user...> [reason]` from the reason.
pub fn looks_like_user(word: &str) -> bool {
    let word = trimmed(word);
    word.starts_with('@') || !matches!(link::parse(word), Link::None)
}

/// How much of a wrong word is shown.
const SHOWN: usize = 100;

/// The base64 length of a SHA-256: event IDs from room version 3, room IDs from room version 12.
const HASH: usize = 43;

#[derive(Clone, Copy)]
enum Needed {
    Room,
    Event,
    User,
}

impl Needed {
    fn a(self) -> &'static str {
        match self {
            Self::Room => "a room",
            Self::Event => "a message",
            Self::User => "a user",
        }
    }

    fn how(self) -> &'static str {
        match self {
            Self::Room => {
                "give its ID (!…:example.org, or !… with 43 characters), its alias (#name:example.org) or a link to it"
            }
            Self::Event => "give a link to it, or its event ID ($…)",
            Self::User => "give the user ID, such as @name:example.org, or a link to the user",
        }
    }
}

enum Thing {
    Room(RoomTarget),
    User(OwnedUserId),
    Event(EventTarget),
}

fn read(word: &str, needed: Needed) -> Result<Thing, BadTarget> {
    let word = trimmed(word);
    if word.is_empty() {
        return Err(BadTarget(format!("Here {} is missing: {}.", needed.a(), needed.how())));
    }
    match link::parse(word) {
        Link::To(MatrixId::Event(room, event)) => Ok(Thing::Event(EventTarget {
            room: Some(room_or_alias(&room)?),
            event: event_id(event.as_str())?,
        })),
        Link::To(MatrixId::Room(id)) => with_sigil(id.as_str(), needed),
        Link::To(MatrixId::RoomAlias(alias)) => with_sigil(alias.as_str(), needed),
        Link::To(MatrixId::User(id)) => with_sigil(id.as_str(), needed),
        Link::To(_) | Link::Broken => Err(BadTarget(format!(
            "“{}” is a Matrix link that leads nowhere, and {} is needed here: copy the link again, or {}.",
            shown(word),
            needed.a(),
            needed.how()
        ))),
        Link::None => with_sigil(word, needed),
    }
}

fn with_sigil(id: &str, needed: Needed) -> Result<Thing, BadTarget> {
    match id.chars().next() {
        Some('!') => Ok(Thing::Room(RoomTarget::Id(room_id(id)?))),
        Some('#') => Ok(Thing::Room(RoomTarget::Alias(room_alias(id)?))),
        Some('@') => user_id(id).map(Thing::User),
        Some('$') => Ok(Thing::Event(EventTarget { room: None, event: event_id(id)? })),
        _ => {
            one_thing(id)?;
            Err(BadTarget(format!("“{}” is not {}: {}.", shown(id), needed.a(), needed.how())))
        }
    }
}

fn room_or_alias(id: &RoomOrAliasId) -> Result<RoomTarget, BadTarget> {
    if id.is_room_id() {
        room_id(id.as_str()).map(RoomTarget::Id)
    } else {
        room_alias(id.as_str()).map(RoomTarget::Alias)
    }
}

fn room_id(id: &str) -> Result<OwnedRoomId, BadTarget> {
    one_thing(id)?;
    let bad = |why: &str| BadTarget(format!("“{}” is not a room ID: {why}.", shown(id)));
    match id[1..].split_once(':') {
        Some((name, server)) => named(name, server).map_err(|why| bad(&why))?,
        None if is_hash(&id[1..], &['-', '_']) => {}
        None => {
            return Err(bad("behind the “!” there must be a name, a colon and a server, or 43 letters, \
                 digits, “-” and “_” (room version 12)"));
        }
    }
    typed(id).ok_or_else(|| bad(TOO_LONG))
}

fn room_alias(alias: &str) -> Result<OwnedRoomAliasId, BadTarget> {
    one_thing(alias)?;
    let bad = |why: &str| BadTarget(format!("“{}” is not a room alias: {why}.", shown(alias)));
    let (name, server) = alias[1..]
        .split_once(':')
        .ok_or_else(|| bad("its server is missing; write it out, as #name:example.org does"))?;
    named(name, server).map_err(|why| bad(&why))?;
    typed(alias).ok_or_else(|| bad(TOO_LONG))
}

fn user_id(id: &str) -> Result<OwnedUserId, BadTarget> {
    one_thing(id)?;
    let bad = |why: &str| BadTarget(format!("“{}” is not a user ID: {why}.", shown(id)));
    let (name, server) = id[1..]
        .split_once(':')
        .ok_or_else(|| bad("its server is missing; write it out, as @name:example.org does"))?;
    named(name, server).map_err(|why| bad(&why))?;
    typed(id).ok_or_else(|| bad(TOO_LONG))
}

fn event_id(id: &str) -> Result<OwnedEventId, BadTarget> {
    one_thing(id)?;
    let bad = |why: &str| BadTarget(format!("“{}” is not an event ID: {why}.", shown(id)));
    match id[1..].split_once(':') {
        Some((name, server)) => named(name, server).map_err(|why| bad(&why))?,
        // Room version 3 has the ordinary alphabet of base64, later ones the URL-safe one.
        None if is_hash(&id[1..], &['-', '_', '+', '/']) => {}
        None => {
            return Err(bad(
                "behind the “$” there must be 43 characters; copy the whole ID, or the link of the message",
            ));
        }
    }
    typed(id).ok_or_else(|| bad(TOO_LONG))
}

const TOO_LONG: &str = "it is longer than the 255 bytes that an ID can have";

/// "The length of an ID MUST NOT exceed 255 bytes": ruma leaves that out where matrix-sdk is in the same build.
fn typed<'a, T: TryFrom<&'a str>>(id: &'a str) -> Option<T> {
    if id.len() > 255 { None } else { id.try_into().ok() }
}

/// Checks the two halves of `name:server`.
fn named(name: &str, server: &str) -> Result<(), String> {
    if name.is_empty() {
        Err("there is nothing before the colon".to_owned())
    } else if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Err("there are blanks in it".to_owned())
    } else if server.is_empty() {
        Err("the server behind the colon is missing".to_owned())
    } else if <&ServerName>::try_from(server).is_err() {
        Err(format!("“{}” is no server name", shown(server)))
    } else {
        Ok(())
    }
}

fn is_hash(text: &str, others: &[char]) -> bool {
    text.len() == HASH && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(&c))
}

/// A command acts on what it names, and on nothing that only resembles it.
fn one_thing(id: &str) -> Result<(), BadTarget> {
    match id.chars().find(|c| matches!(c, '*' | '?')) {
        None => Ok(()),
        Some(wildcard) => Err(BadTarget(format!(
            "“{}” contains the wildcard “{wildcard}”: wildcards are not accepted here, write each ID in full.",
            shown(id)
        ))),
    }
}

/// Brackets around an ID, and punctuation pasted along with it; no ID ends in any of these.
fn trimmed(word: &str) -> &str {
    word.trim()
        .trim_start_matches(['<', '(', '`', '"', '“'])
        .trim_end_matches([',', '.', '>', ')', ':', ';', '`', '"', '”'])
}

fn shown(word: &str) -> String {
    clean(trimmed(word), SHOWN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V12: &str = "!AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_abcde";
    const V4: &str = "$AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_abcde";
    const V3: &str = "$AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/abcde";

    #[track_caller]
    fn room(word: &str, want: &str) {
        let target = word.parse::<RoomTarget>().unwrap_or_else(|error| panic!("{word:?}: {error}"));
        assert_eq!(target.to_string(), want, "{word:?}");
        assert_eq!(matches!(target, RoomTarget::Id(_)), want.starts_with('!'));
        assert!(looks_like_room(word), "{word:?}");
    }

    #[track_caller]
    fn event(word: &str, want_room: Option<&str>, want: &str) {
        let target = word.parse::<EventTarget>().unwrap_or_else(|error| panic!("{word:?}: {error}"));
        assert_eq!(target.to_string(), want, "{word:?}");
        assert_eq!(target.room.map(|room| room.to_string()).as_deref(), want_room, "{word:?}");
    }

    #[track_caller]
    fn bad<T: FromStr<Err = BadTarget> + fmt::Debug>(word: &str, part: &str) {
        let error = word.parse::<T>().expect_err(word).to_string();
        assert!(error.contains(part), "{word:?}: {error}");
        assert!(error.ends_with('.') && !error.contains('\n'), "{word:?}: {error}");
    }

    #[test]
    fn rooms() {
        room("!abc:hs.test", "!abc:hs.test");
        room("!abc:hs.test:8448", "!abc:hs.test:8448");
        room("!abc:[::1]", "!abc:[::1]");
        room(V12, V12);
        room("#my_room:hs.test", "#my_room:hs.test");
        room("#❤\u{fe0f}/x:hs.test", "#❤\u{fe0f}/x:hs.test");
        for word in [
            "<!abc:hs.test>",
            "!abc:hs.test,",
            "(!abc:hs.test).",
            "!abc:hs.test`,",
            "!abc:hs.test:",
            " !abc:hs.test ",
        ] {
            room(word, "!abc:hs.test");
        }
        for link in [
            "https://matrix.to/#/!abc:hs.test",
            "https://matrix.to/#/!abc:hs.test?via=hs.test&via=other.test",
            "https://matrix.to/#/%21abc%3Ahs.test/?web-instance[element.io]=app.element.io",
            "HTTPS://Matrix.to/#/!abc:hs.test",
            "http://matrix.to/#/!abc:hs.test",
            "matrix.to/#/!abc:hs.test",
            "<https://matrix.to/#/!abc:hs.test>,",
            "matrix:roomid/abc:hs.test",
            "matrix:roomid/abc%3Ahs.test?via=hs.test&action=join&x=y",
        ] {
            room(link, "!abc:hs.test");
        }
        room(&format!("https://matrix.to/#/{V12}?via=hs.test"), V12);
        room(&format!("matrix:roomid/{}", &V12[1..]), V12);
        room("https://matrix.to/#/#a_b:hs.test", "#a_b:hs.test");
        room("https://matrix.to/#/%23a/b:hs.test", "#a/b:hs.test");
        room("matrix:r/a_b:hs.test", "#a_b:hs.test");
    }

    #[test]
    fn bad_rooms() {
        bad::<RoomTarget>("", "Here a room is missing: give its ID");
        bad::<RoomTarget>("<>", "Here a room is missing");
        bad::<RoomTarget>("!abc", "“!abc” is not a room ID: behind the “!”");
        bad::<RoomTarget>("!", "“!” is not a room ID");
        bad::<RoomTarget>(&V12[..43], "is not a room ID");
        bad::<RoomTarget>(&V12.replace('-', "+"), "is not a room ID");
        bad::<RoomTarget>("!abc:", "“!abc” is not a room ID");
        bad::<RoomTarget>("!:hs.test", "nothing before the colon");
        bad::<RoomTarget>("!abc:h s", "“h s” is no server name");
        bad::<RoomTarget>("!abc:hs_test", "“hs_test” is no server name");
        bad::<RoomTarget>(&format!("!{}:hs.test", "a".repeat(300)), "longer than the 255 bytes");
        bad::<RoomTarget>(
            "#foo",
            "“#foo” is not a room alias: its server is missing; write it out, as #name:",
        );
        bad::<RoomTarget>("@u:hs.test", "“@u:hs.test” is a user, and a room is needed here");
        bad::<RoomTarget>("https://matrix.to/#/@u:hs.test", "is a user, and a room is needed");
        bad::<RoomTarget>("matrix:roomid/abc:hs.test/e/x:hs.test", "the message's room is !abc:hs.test.");
        bad::<RoomTarget>(V4, "is the ID of a message, and a room is needed");
        bad::<RoomTarget>("spam", "“spam” is not a room: give its ID");
        bad::<RoomTarget>("!*:hs.test", "“!*:hs.test” contains the wildcard “*”");
        bad::<RoomTarget>("#sp?m:hs.test", "the wildcard “?”");
        bad::<RoomTarget>("*", "the wildcard “*”");
        bad::<RoomTarget>("https://matrix.to/#/%23%2A:hs.test", "the wildcard “*”");
        bad::<RoomTarget>("https://matrix.to/#/!a%3Fb:hs.test", "the wildcard “?”");
        bad::<RoomTarget>("https://matrix.to/#/!a%20b:hs.test", "blanks");
        bad::<RoomTarget>("https://matrix.to/#/!abc", "“!abc” is not a room ID");
        bad::<RoomTarget>("https://matrix.to/#/", "leads nowhere");
        bad::<RoomTarget>("https://matrix.to/#///", "leads nowhere");
        bad::<RoomTarget>("https://matrix.to/#///x", "leads nowhere");
        bad::<RoomTarget>("matrix:roomid//e/x", "is not a room ID");
        bad::<RoomTarget>("matrix:x/y", "leads nowhere");
        bad::<RoomTarget>("\u{202e}evil\u{0}", "“evil” is not a room");
    }

    #[test]
    fn events() {
        event("$x:hs.test", None, "$x:hs.test");
        event(V4, None, V4);
        event(V3, None, V3);
        event(&format!("`{V4}`,"), None, V4);
        for link in [
            format!("https://matrix.to/#/!abc:hs.test/{V4}?via=hs.test"),
            format!("https://matrix.to/#/!abc%3Ahs.test/%24{}", &V4[1..]),
            format!("matrix:roomid/abc:hs.test/e/{}?via=hs.test", &V4[1..]),
            format!("matrix:roomid/abc:hs.test/event/{}", &V4[1..]),
        ] {
            event(&link, Some("!abc:hs.test"), V4);
        }
        event(&format!("https://matrix.to/#/!abc:hs.test/{V3}"), Some("!abc:hs.test"), V3);
        event(&format!("https://matrix.to/#/{V12}/{}", V3.replace('/', "%2F")), Some(V12), V3);
        event(&format!("matrix:r/a:hs.test/e/{}", &V3[1..]), Some("#a:hs.test"), V3);
        event("https://matrix.to/#/#a:hs.test/$x:hs.test", Some("#a:hs.test"), "$x:hs.test");
        bad::<EventTarget>("", "Here a message is missing");
        bad::<EventTarget>(
            "https://matrix.to/#/!abc:hs.test",
            "its event ID (/$…) is missing behind the room",
        );
        bad::<EventTarget>("!abc:hs.test", "is a room, and a message is needed here");
        bad::<EventTarget>("@u:hs.test", "is a user, and a message is needed here");
        bad::<EventTarget>("$abc", "“$abc” is not an event ID: behind the “$” there must be 43");
        bad::<EventTarget>("https://matrix.to/#/!abc:hs.test/$abc", "“$abc” is not an event ID");
        bad::<EventTarget>(&format!("https://matrix.to/#/!abc/{V4}"), "“!abc” is not a room ID");
        bad::<EventTarget>("$*:hs.test", "wildcard");
        bad::<EventTarget>(&format!("https://matrix.to/#/{V4}"), "leads nowhere");
    }

    #[test]
    fn users() {
        for word in [
            "@u_x:hs.test",
            "<@u_x:hs.test>",
            "@u_x:hs.test:",
            "https://matrix.to/#/@u_x:hs.test",
            "https://matrix.to/#/@u_x:hs.test:",
            "https://matrix.to/#/%40u_x%3Ahs.test",
            "matrix:u/u_x:hs.test?action=chat",
        ] {
            assert_eq!(word.parse::<UserTarget>().unwrap().to_string(), "@u_x:hs.test", "{word:?}");
        }
        assert_eq!("https://matrix.to/#/@a/b:hs.test".parse::<UserTarget>().unwrap().0, "@a/b:hs.test");
        bad::<UserTarget>("", "Here a user is missing: give the user ID, such as @name:example.org,");
        bad::<UserTarget>(
            "@u",
            "“@u” is not a user ID: its server is missing; write it out, as @name:example.org does",
        );
        bad::<UserTarget>("@:hs.test", "nothing before the colon");
        bad::<UserTarget>("bob", "“bob” is not a user");
        bad::<UserTarget>("bob:hs.test", "“bob:hs.test” is not a user: give the user ID, such as @name");
        bad::<UserTarget>("#a:hs.test", "is a room, and a user is needed here");
        bad::<UserTarget>("$x:hs.test", "is a message, and a user is needed here");
        bad::<UserTarget>("@*:hs.test", "wildcard");
        bad::<UserTarget>("@u:*", "wildcard");
        bad::<UserTarget>("https://matrix.to/#/%40%2A:hs.test", "wildcard");
    }

    #[test]
    fn rooms_and_reasons() {
        for word in ["!x", "#x", "<!x:hs>", "https://matrix.to/#/x", "matrix:r/x:hs", "matrix.to/#/@u:hs"] {
            assert!(looks_like_room(word), "{word:?}");
        }
        for word in ["", "spam", "@u:hs.test", "https://example.org/#/!x", "matrix", "$x", "matrix.to"] {
            assert!(!looks_like_room(word), "{word:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panic(any in any::<String>(), typed in "(https://matrix.to/#/|matrix:|<)?[a-z!#@$%:/?é*\u{200b}0-9 ]{0,30}") {
            for word in [any, typed] {
                if let Ok(target) = word.parse::<RoomTarget>() {
                    prop_assert_eq!(target.to_string().parse::<RoomTarget>(), Ok(target));
                }
                if let Ok(target) = word.parse::<UserTarget>() {
                    prop_assert!(!target.to_string().contains(['*', '?']));
                }
                let _ = (word.parse::<EventTarget>(), looks_like_room(&word));
            }
        }
    }
}
