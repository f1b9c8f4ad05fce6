//! Bytes as a stream of decisions: every sequence of bytes means something, and a changed byte changes one decision.

use serde_json::{Map, Value};

/// What is left of the bytes. When nothing is left, every decision is the first one.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

/// What hurts where it is not expected.
const HOSTILE: [&str; 64] = [
    "<b>",
    "</b>",
    "</code>",
    "<code>",
    "</p><p>",
    "<br>",
    "<a href=\"https://matrix.to/#/@mod:hs.test\">",
    "</a>",
    "<span data-mx-spoiler>",
    "<img src=x onerror=x>",
    "&lt;",
    "&amp",
    "&#60;",
    "\"",
    "'",
    "`",
    "``",
    "“",
    "”",
    "„",
    "‟",
    "\n",
    "\r\n",
    "\nsay",
    "\u{2028}",
    "\u{85}",
    "\t",
    "\0",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{fe0f}",
    "\u{301}",
    "\u{e0041}",
    "\u{3164}",
    "😀",
    "é",
    "日本",
    "@room",
    "@mod:hs.test",
    "@1:2",
    "#a:b.c",
    "!x:hs.test",
    "$e",
    "https://evil.test/",
    "http://1.2.3.4",
    "evil.test",
    "www.evil.test",
    "matrix:u/a:b",
    "mailto:a@b",
    "。",
    "：",
    "*",
    "_",
    "[x](https://x.y)",
    "…",
    "• ",
    "> ",
    " ",
    "a",
];

/// Fields of contents, events and evidence.
const FIELDS: [&str; 56] = [
    "type",
    "sender",
    "state_key",
    "content",
    "unsigned",
    "prev_content",
    "redacted_because",
    "origin_server_ts",
    "event_id",
    "room_id",
    "redacts",
    "membership",
    "displayname",
    "avatar_url",
    "reason",
    "third_party_invite",
    "is_direct",
    "join_authorised_via_users_server",
    "users",
    "events",
    "notifications",
    "room",
    "users_default",
    "events_default",
    "state_default",
    "ban",
    "kick",
    "redact",
    "invite",
    "allow",
    "deny",
    "allow_ip_literals",
    "join_rule",
    "history_visibility",
    "guest_access",
    "algorithm",
    "rotation_period_ms",
    "alias",
    "alt_aliases",
    "pinned",
    "entity",
    "recommendation",
    "replacement_room",
    "predecessor",
    "via",
    "suggested",
    "order",
    "body",
    "msgtype",
    "formatted_body",
    "m.new_content",
    "m.relates_to",
    "info",
    "mimetype",
    "url",
    "room_version",
];

/// Values that decide something.
const WORDS: [&str; 40] = [
    "m.room.member",
    "m.room.power_levels",
    "m.room.server_acl",
    "m.room.join_rules",
    "m.room.topic",
    "m.room.name",
    "m.room.avatar",
    "m.room.canonical_alias",
    "m.room.tombstone",
    "m.room.create",
    "m.room.encryption",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.pinned_events",
    "m.room.third_party_invite",
    "m.space.child",
    "m.space.parent",
    "m.policy.rule.user",
    "m.policy.rule.server",
    "m.room.policy",
    "join",
    "leave",
    "invite",
    "ban",
    "knock",
    "public",
    "restricted",
    "knock_restricted",
    "shared",
    "world_readable",
    "@ana:hs.test",
    "@bob:far.test",
    "!club:hs.test",
    "*",
    "m.ban",
    "m.text",
    "m.image",
    "m.replace",
    "11",
    "12",
];

impl<'a> Input<'a> {
    /// The next byte.
    pub(super) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number below `most`, which is above 0 and at most 256.
    pub(super) fn below(&mut self, most: usize) -> usize {
        usize::from(self.byte()) % most
    }

    /// Yes or no.
    pub(super) fn yes(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// One of several.
    pub(super) fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A number: a small one, one at an end, or any.
    pub(super) fn number(&mut self) -> i64 {
        match self.byte() {
            small @ 0..=199 => i64::from(small) - 20,
            200..=205 => i64::MAX,
            206..=211 => i64::MIN,
            212..=219 => 1_700_000_000_000 + i64::from(self.byte()) * 60_000,
            _ => {
                let bytes = self.bytes(8);
                bytes.iter().fold(0_i64, |number, byte| (number << 8) | i64::from(*byte))
            }
        }
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// What a stranger may write: hostile pieces, any bytes, and sometimes as much of it as an event can hold.
    pub(super) fn words(&mut self) -> String {
        let mut words = String::new();
        for _ in 0..self.below(7) {
            match self.byte() {
                piece @ 0..=127 => words.push_str(HOSTILE[usize::from(piece) % HOSTILE.len()]),
                word @ 128..=159 => words.push_str(WORDS[usize::from(word) % WORDS.len()]),
                bytes @ 160..=249 => {
                    words.push_str(&String::from_utf8_lossy(self.bytes(usize::from(bytes) % 30 + 1)));
                }
                _ => {
                    let times = 1 << self.below(16);
                    words = words.repeat((65_000 / words.len().max(1)).min(times));
                }
            }
        }
        words
    }

    /// JSON of any shape, so deep at most.
    pub(super) fn json(&mut self, depth: usize) -> Value {
        match (self.below(12), depth) {
            (0, _) => Value::Null,
            (1, _) => Value::from(self.yes()),
            (2, _) => Value::from(self.number()),
            (3, _) => serde_json::from_slice(self.bytes(12)).unwrap_or_default(),
            (4..=6, _) | (_, 0) => Value::from(self.words()),
            (7, _) => Value::from(self.one_of(&WORDS)),
            (8, _) => (0..self.below(6)).map(|_| self.json(depth - 1)).collect(),
            (_, _) => {
                let fields = (0..self.below(6)).map(|_| (self.field(), self.json(depth - 1)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The name of a field.
    fn field(&mut self) -> String {
        match self.below(3) {
            0 => self.words(),
            _ => self.one_of(&FIELDS).to_owned(),
        }
    }

    /// The JSON at the beginning, if there is some, changed by what follows it; so a corpus of events stays one while
    /// bytes change.
    pub(super) fn changed_json(&mut self) -> Value {
        let mut stream = serde_json::Deserializer::from_slice(self.0).into_iter::<Value>();
        let mut value = match stream.next() {
            Some(Ok(value)) => {
                self.bytes(stream.byte_offset());
                value
            }
            _ => self.json(4),
        };
        for _ in 0..self.below(9) {
            self.change(&mut value);
        }
        value
    }

    /// Changes one place.
    fn change(&mut self, value: &mut Value) {
        let mut place = value;
        for _ in 0..self.below(8) {
            let at = self.byte();
            let children = match place {
                Value::Array(list) => list.len(),
                Value::Object(map) => map.len(),
                _ => 0,
            };
            if children == 0 {
                break;
            }
            let at = usize::from(at) % children;
            let child = match place {
                Value::Array(list) => list.get_mut(at),
                Value::Object(map) => map.values_mut().nth(at),
                _ => None,
            };
            place = child.expect("there are so many");
        }
        match (self.below(4), place) {
            (0, Value::Object(map)) => {
                let (field, inside) = (self.field(), self.json(2));
                map.insert(field, inside);
            }
            (0 | 1, Value::Array(list)) if list.len() < 40 => {
                let again = list.last().cloned();
                list.push(again.filter(|_| self.yes()).unwrap_or_else(|| self.json(2)));
            }
            (1, Value::Object(map)) => {
                let field = map.keys().nth(self.below(map.len().clamp(1, 256))).cloned();
                if let Some(field) = field {
                    map.remove(&field);
                }
            }
            (_, place) => *place = self.json(2),
        }
    }
}
