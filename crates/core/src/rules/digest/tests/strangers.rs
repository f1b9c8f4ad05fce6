//! Whatever strangers send: each event is told once, in a bounded line of which nothing leaves its place.

use std::collections::HashSet;

use proptest::prelude::*;
use ruma::owned_room_id;

use super::*;
use crate::reply::Rendered;

const KINDS: [&str; 10] = [
    "m.room.member",
    "m.room.power_levels",
    "m.room.server_acl",
    "m.room.join_rules",
    "m.room.topic",
    "m.room.canonical_alias",
    "m.room.tombstone",
    "m.policy.rule.user",
    "m.room.third_party_invite",
    "</code><a href=x>@room",
];

fn rooms() -> [OwnedRoomId; 3] {
    [owned_room_id!("!a:hs.test"), owned_room_id!("!b:hs.test"), owned_room_id!("!<b>@mod:hs.test")]
}

fn text() -> impl Strategy<Value = String> {
    let evil = "([<>&\"'`“”\n\r\u{202e}\u{200b}\u{2028}]|https://a\\.b|@room|@bob:hs\\.test|\\PC|</code>|<a href=x>)";
    let evil = |times: &str| prop::string::string_regex(&format!("{evil}{times}")).expect("a pattern");
    prop_oneof![
        20 => evil("{0,40}"),
        1 => evil("{1,3}").prop_map(|text| text.repeat(65_536 / text.len())),
        20 => prop::sample::select(vec!["@bob:hs.test", "@eve:evil.test", "public", "*", "m.ban"]).prop_map(str::to_owned),
    ]
}

/// JSON of any shape that looks like a content.
fn json() -> impl Strategy<Value = Value> {
    const FIELDS: &str = "displayname|reason|users|events|ban|users_default|allow|deny|topic|join_rule|entity|\
        recommendation|alias|body|replacement_room|prev_content|redacted_because|sender|content|membership";
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((FIELDS, inner.clone()), 0..6)
                .prop_map(|fields| fields.into_iter().collect()),
            (text(), inner).prop_map(|(key, value)| json!({"users": {key: value}})),
        ]
    })
}

fn content() -> impl Strategy<Value = Value> {
    let membership = prop::sample::select(vec!["join", "invite", "leave", "ban", "knock"]);
    prop_oneof![
        1 => json(),
        1 => membership.clone().prop_map(|membership| json!({"membership": membership})),
        1 => (membership, json(), json()).prop_map(|(membership, name, reason)| {
            json!({"membership": membership, "displayname": name, "reason": reason})
        }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let well_formed = (
        prop::sample::select(&KINDS[..]),
        (text(), text()),
        (content(), content()),
        prop_oneof![0..i64::MAX, any::<i64>(), Just(EVENING)],
        any::<bool>(),
    );
    let well_formed = well_formed.prop_map(|(kind, (sender, key), (content, before), time, is_redacted)| {
        let key = if KINDS[1..7].contains(&kind) { "" } else { &key };
        let mut event = at(state(kind, &sender, key, &content), time);
        event.0["unsigned"] = if is_redacted {
            json!({"redacted_because": {"sender": sender, "content": before}})
        } else {
            json!({"prev_content": before})
        };
        event
    });
    prop_oneof![8 => well_formed, 1 => json().prop_map(Event)]
}

/// Rooms and events; some of them are many of a kind.
fn events() -> impl Strategy<Value = Vec<(usize, Event)>> {
    let one_or_many = (0..rooms().len(), event(), prop_oneof![3 => Just(1_usize), 1 => 2_usize..7]);
    let alike = one_or_many.prop_map(|(room, event, many)| vec![(room, event); many]);
    prop::collection::vec(alike, 0..8).prop_map(|events| events.concat())
}

#[track_caller]
fn harmless(Rendered { text, html, .. }: &Rendered) {
    assert!(text.len() <= 10_000 && html.len() <= 18_000, "{} {}", text.len(), html.len());
    let mut left = String::new();
    for (n, piece) in html.split("<code>").enumerate() {
        // IDs and addresses are nothing but text in code.
        let (code, rest) = if n == 0 { ("", piece) } else { piece.split_once("</code>").expect("it ends") };
        assert!(!code.contains(['<', '>', '"', '\'']), "{code}");
        left.push_str(rest);
    }
    for tag in ["p", "ul", "li", "strong"] {
        left = left.replace(&format!("<{tag}>"), "").replace(&format!("</{tag}>"), "");
    }
    assert!(!left.contains(['<', '>', '"', '\'', '\n', '\r', '\u{202e}', '\u{200b}', '\u{2028}']), "{left}");
    assert!(!left.contains("@bob:hs") && !left.contains("://"), "{left}");
    assert!(!text.contains(['\r', '\u{202e}', '\u{200b}', '\u{2028}']), "{text}");
}

#[test]
fn floods_leave_the_line_in_the_message() {
    for flood in ["'", "\u{1f600}", "\"a:"] {
        let flood = |bytes: usize| flood.repeat(bytes / flood.len());
        let ids = || (0..40).map(|n| format!("@{n}{}:hs.test", flood(240)));
        let fields =
            ["topic", "join_rule", "alias", "body", "entity", "reason", "recommendation", "displayname"];
        let mut content: serde_json::Map<String, Value> =
            fields.iter().map(|field| ((*field).to_owned(), json!(flood(60_000)))).collect();
        for list in ["allow", "deny", "alt_aliases"] {
            content.insert(list.to_owned(), ids().map(Value::from).collect());
        }
        content.insert("users".to_owned(), ids().map(|id| (id, json!(100))).collect());
        content.insert("events".to_owned(), ids().map(|id| (id, json!("x"))).collect());
        let mut before = content.clone();
        for field in fields {
            before.insert(field.to_owned(), json!(flood(59_000)));
        }
        before.insert("users".to_owned(), ids().map(|id| (id, json!(1))).collect());
        for (kind, membership, before) in KINDS
            .into_iter()
            .flat_map(|kind| [(kind, "leave", json!({})), (kind, "ban", Value::from(before.clone()))])
        {
            content.insert("membership".to_owned(), json!(membership));
            // Servers enforce that senders and state keys have 255 bytes at most.
            let mut event = state(kind, &flood(255), "", &Value::from(content.clone()));
            if !KINDS[1..7].contains(&kind) {
                event.0["state_key"] = json!(flood(255));
            }
            event.0["unsigned"] = json!({"prev_content": before});
            for events in [vec![&event], vec![&event; 4]] {
                let group = Group { room: room_id!("!a:hs.test"), events };
                let told = Told::of(&group, &Known::default(), &Around::default(), Moment::Now);
                let rendered = message(&[told], Moment::Now, |room| Line::new().code(room.as_str())).render();
                harmless(&rendered);
                assert!(!rendered.text.contains("does not fit"), "{kind} {membership}");
            }
        }
    }
}

proptest! {
    // Some of the texts are as long as an event can be.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn stay_in_their_place(events in events(), is_away: bool) {
        let rooms = rooms();
        let each = || events.iter().map(|(room, event)| (&*rooms[*room], event));
        let groups = groups(each());

        let mut size = Size::default();
        for (n, (room, event)) in each().enumerate() {
            size.add(room, event);
            prop_assert_eq!(size.lines(), super::super::groups(each().take(n + 1)).len());
        }
        let told: Vec<*const Event> =
            groups.iter().flat_map(|group| &group.events).map(|event| std::ptr::from_ref(*event)).collect();
        prop_assert_eq!(told.len(), events.len());
        prop_assert_eq!(told.into_iter().collect::<HashSet<_>>().len(), events.len(), "each is told once");

        let names = Names::of(events.iter().map(|(_, event)| event)).with_room("!a:hs.test", Some("<b>"), None);
        let state = RoomState::of(events.iter().map(|(_, event)| event.clone()), None);
        let known = Known { state: Some(state), plan: None, seen_at: None };
        let around = Around { names: Some(&names), here: Some(server_name!("hs.test")), ..Around::default() };
        let moment = if is_away { Moment::Away } else { Moment::Now };
        let room = |room: &RoomId| names.room(room.as_str());
        let told: Vec<Told> = groups.iter().map(|group| Told::of(group, &known, &around, moment)).collect();
        harmless(&message(&told, moment, room).render());
        for told in &told {
            prop_assert!(!told.line.is_empty());
            let rendered = message(std::slice::from_ref(told), moment, room).render();
            harmless(&rendered);
            prop_assert!(!rendered.text.contains("does not fit"), "the line is there: {:?}", told.line);
            prop_assert!(!rendered.text.contains('\n'));
        }
    }
}
