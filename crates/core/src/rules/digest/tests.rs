//! What is told together, when it is said to have happened, and that strangers stay in their place in a message.

use std::collections::HashSet;

use proptest::prelude::*;
use ruma::{owned_room_id, room_id, server_name};
use serde_json::{Value, json};

use super::*;
use crate::reply::Rendered;

/// 2026-11-21 23:59:58 UTC.
const EVENING: i64 = 1_795_305_598_000;

fn state(kind: &str, sender: &str, key: &str, content: &Value) -> Event {
    Event(json!({"type": kind, "sender": sender, "state_key": key, "content": content}))
}

fn member(sender: &str, user: &str, before: &str, content: &Value) -> Event {
    let mut event = state("m.room.member", sender, user, content);
    event.0["unsigned"] = json!({"prev_content": {"membership": before}});
    event
}

fn join(user: &str) -> Event {
    member(user, user, "leave", &json!({"membership": "join"}))
}

fn kick(user: &str, moderator: &str, reason: &str) -> Event {
    member(moderator, user, "join", &json!({"membership": "leave", "reason": reason}))
}

fn at(mut event: Event, time: i64) -> Event {
    event.0["origin_server_ts"] = json!(time);
    event
}

/// Several of the same, of as many users.
fn several(count: usize, of: impl Fn(&str) -> Event) -> Vec<Event> {
    (0..count).map(|n| of(&format!("@user{n}:hs.test"))).collect()
}

fn sizes(events: &[(&RoomId, Event)]) -> Vec<usize> {
    let groups = groups(events.iter().map(|(room, event)| (*room, event)));
    groups.iter().map(|group| group.events.len()).collect()
}

mod together {
    use super::*;

    fn room() -> &'static RoomId {
        room_id!("!club:hs.test")
    }

    #[track_caller]
    fn check(events: impl IntoIterator<Item = Event>, want: &[usize]) {
        let events: Vec<(&RoomId, Event)> = events.into_iter().map(|event| (room(), event)).collect();
        assert_eq!(sizes(&events), want);
    }

    #[test]
    fn a_line_of_their_own_up_to_three() {
        check([], &[]);
        check(several(1, join), &[1]);
        check(several(3, join), &[1, 1, 1]);
        check(several(4, join), &[4]);
        check(several(312, join), &[312]);
    }

    #[test]
    fn the_order_is_that_of_the_first() {
        let topic = || state("m.room.topic", "@mod:hs.test", "", &json!({"topic": "a"}));
        let kick = || kick("@eve:hs.test", "@mod:hs.test", "spam");
        let [a, b, c, d] = ["@a:hs.test", "@b:hs.test", "@c:hs.test", "@d:hs.test"].map(join);
        let events: Vec<Event> = [topic(), a, kick(), b, c, topic(), d, kick()]
            .into_iter()
            .enumerate()
            .map(|(n, event)| at(event, i64::try_from(n).unwrap_or_default()))
            .collect();
        let groups = groups(events.iter().map(|event| (room(), event)));
        let times: Vec<Vec<i64>> =
            groups.iter().map(|group| group.events.iter().map(|event| event.time()).collect()).collect();
        assert_eq!(times, [vec![0], vec![1, 3, 4, 6], vec![2], vec![5], vec![7]]);
    }

    #[test]
    fn only_what_means_the_same() {
        let both = |a: Vec<Event>, b: Vec<Event>| a.into_iter().zip(b).flat_map(|(a, b)| [a, b]);
        let kicks =
            |count, moderator: &str, reason: &str| several(count, |user| kick(user, moderator, reason));
        let (ana, bob) = ("@ana:hs.test", "@bob:hs.test");
        check(both(kicks(4, ana, "spam"), kicks(4, ana, "spam")), &[8]);
        check(both(kicks(4, ana, "spam"), kicks(4, ana, "raid")), &[4, 4]);
        check(both(kicks(3, ana, "spam"), kicks(3, ana, "raid")), &[1; 6]);
        check(both(kicks(4, ana, "spam"), kicks(4, bob, "spam")), &[4, 4]);
        check(both(kicks(2, ana, "spam"), kicks(2, bob, "spam")), &[1; 4]);
        check(both(several(4, join), kicks(4, ana, "")), &[4, 4]);
        // Why users leave themselves is theirs.
        let leave = |reason: &str| several(2, |user| kick(user, user, reason));
        check(both(leave("a"), leave("b")), &[4]);
        let texts = |kind: &str, sender: &str| {
            (0..4).map(|n| state(kind, sender, "", &json!({"topic": n}))).collect::<Vec<_>>()
        };
        check(both(texts("m.room.topic", ana), texts("m.room.topic", ana)), &[8]);
        check(both(texts("m.room.topic", ana), texts("m.room.topic", bob)), &[4, 4]);
        check(both(texts("m.room.topic", ana), texts("m.room.name", ana)), &[4, 4]);
    }

    #[test]
    fn of_one_room() {
        let other = room_id!("!other:hs.test");
        let joins = several(3, join);
        let events = |rooms: [&'static RoomId; 2]| {
            rooms
                .into_iter()
                .flat_map(|room| joins.iter().map(move |event| (room, event.clone())))
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(&events([room(), room()])), [6]);
        assert_eq!(sizes(&events([room(), other])), [1; 6]);
    }
}

mod words {
    use super::*;

    fn told(events: &[Event], known: &Known, moment: Moment) -> Told {
        let names = Names::of(&[state(
            "m.room.member",
            "@mod:hs.test",
            "@mod:hs.test",
            &json!({"displayname": "Mod"}),
        )]);
        let around = Around { names: Some(&names), here: Some(server_name!("hs.test")), ..Around::default() };
        let group = Group { room: room_id!("!club:hs.test"), events: events.iter().collect() };
        Told::of(&group, known, &around, moment)
    }

    fn said(line: Line) -> String {
        Reply::text(line).render().text
    }

    #[test]
    fn when() {
        let kick = || kick("@eve:hs.test", "@mod:hs.test", "spam");
        for (first, last, now, away) in [
            (EVENING, EVENING, "23:59:58", "2026-11-21 23:59:58"),
            (EVENING, EVENING + 999, "23:59:58", "2026-11-21 23:59:58"),
            (EVENING, EVENING + 1000, "23:59:58–23:59:59", "2026-11-21 23:59:58–23:59:59"),
            (
                EVENING,
                EVENING + 2000,
                "2026-11-21 23:59:58 – 2026-11-22 00:00:00",
                "2026-11-21 23:59:58 – 2026-11-22 00:00:00",
            ),
            (-1, -1, "an impossible date (-1)", "an impossible date (-1)"),
            (
                -1,
                EVENING,
                "an impossible date (-1) – 2026-11-21 23:59:58",
                "an impossible date (-1) – 2026-11-21 23:59:58",
            ),
        ] {
            let events = [at(kick(), first), at(kick(), EVENING), at(kick(), last)];
            assert_eq!(told(&events, &Known::default(), Moment::Now).when, now);
            assert_eq!(told(&events, &Known::default(), Moment::Away).when, away);
        }
        let only = told(&[at(kick(), EVENING)], &Known::default(), Moment::Now);
        assert_eq!((only.when.as_str(), only.room.as_str()), ("23:59:58", "!club:hs.test"));
    }

    #[test]
    fn what() {
        let line = |events: &[Event], known: &Known| said(told(events, known, Moment::Now).line);
        let nothing = Known::default();
        assert_eq!(line(&[], &nothing), "");
        let kicks = several(4, |user| kick(user, "@mod:hs.test", "spam"));
        assert_eq!(
            line(&kicks[..1], &nothing),
            "Mod (`@mod:hs.test`) kicked `@user0:hs.test`, because “spam”"
        );
        assert_eq!(
            line(&kicks, &nothing),
            "Mod (`@mod:hs.test`) kicked 4 users: `@user0:hs.test`, `@user1:hs.test`, `@user2:hs.test` and 1 more, \
             because “spam”"
        );
        let public = state("m.room.join_rules", "@mod:hs.test", "", &json!({"join_rule": "public"}));
        let known = Known { state: Some(RoomState::of([public], None)), plan: None };
        assert_eq!(
            line(&[join("@eve:hs.test")], &known),
            "`@eve:hs.test` joined, because the room is public"
        );
        let topics: Vec<Event> = ["a", "b", "c", "d"]
            .iter()
            .map(|topic| state("m.room.topic", "@mod:hs.test", "", &json!({"topic": topic})))
            .collect();
        assert_eq!(
            line(&topics, &nothing),
            "Mod (`@mod:hs.test`) set the topic to “d” – the last of 4 such changes"
        );
    }

    #[test]
    fn details_and_warnings() {
        let acl = |denied: usize| {
            let deny: Vec<String> = (0..denied).map(|n| format!("{n}.test")).collect();
            let acl = state("m.room.server_acl", "@mod:hs.test", "", &json!({"allow": ["*"], "deny": deny}));
            said(told(&[acl], &Known::default(), Moment::Now).line)
        };
        let who = "Mod (`@mod:hs.test`) set which servers may take part: all may take part,";
        assert_eq!(
            acl(3),
            format!(
                "{who} but for 3 patterns denied (denied: `0.test`; denied: `1.test`; denied: `2.test`; allowed: `*`)"
            )
        );
        assert_eq!(
            acl(10),
            format!(
                "{who} but for 10 patterns denied (denied: `0.test`; denied: `1.test`; denied: `2.test`; denied: \
                 `3.test`; and 7 more)"
            )
        );
        let none = state("m.room.server_acl", "@mod:hs.test", "", &json!({"allow": []}));
        let said = said(told(&[none], &Known::default(), Moment::Now).line);
        assert!(said.contains(" ⚠️ Every server is locked out"), "{said}");
    }

    #[test]
    fn what_is_too_long_is_cut_and_said_to_be() {
        let users: Vec<String> = (0..6).map(|n| format!("@{n}{}:hs.test", "'".repeat(240))).collect();
        let levels = |level: i64| {
            let users: serde_json::Map<String, Value> =
                users.iter().map(|user| (user.clone(), json!(level))).collect();
            json!({"users": users})
        };
        let mut event = state("m.room.power_levels", "@mod:hs.test", "", &levels(50));
        event.0["unsigned"] = json!({"prev_content": levels(0)});
        let said = said(told(&[event], &Known::default(), Moment::Now).line);
        for (n, user) in users.iter().enumerate() {
            let times = [3, 1, 1, 0, 0, 0][n];
            assert_eq!(
                said.matches(user.as_str()).count(),
                times,
                "{n}: in the sentence, the details and the warnings"
            );
        }
        assert!(said.contains(" and 3 more (") && said.contains("; and 5 more)"), "{said}");
        assert!(said.ends_with(" ⚠️ There is more to look out for than fits here."), "{said}");
    }
}

mod messages {
    use super::*;

    #[track_caller]
    fn check(told: &[(&str, &str, &str)], moment: Moment, want: &str) {
        let told: Vec<Told> = told
            .iter()
            .map(|(room, when, line)| Told {
                room: RoomId::parse(*room).expect("a room ID"),
                when: (*when).to_owned(),
                line: Line::from(*line),
            })
            .collect();
        let reply = message(&told, moment, |room| Line::new().code(room.as_str()));
        assert_eq!(reply.render().text, want);
    }

    #[test]
    fn of_one_line() {
        let only = [("!a:hs.test", "03:05:09", "Ana joined")];
        check(&only, Moment::Now, "`!a:hs.test`: Ana joined");
        let only = [("!a:hs.test", "2026-11-21 03:05:09", "Ana joined")];
        check(&only, Moment::Away, "While I was away, `!a:hs.test`, 2026-11-21 03:05:09 UTC: Ana joined");
        check(&[], Moment::Now, "");
    }

    #[test]
    fn of_several_lines_and_rooms() {
        let (a, b) = ("!a:hs.test", "!b:hs.test");
        let told = [(a, "03:05:09", "Ana joined"), (a, "03:05:10", "Bob left")];
        check(&told, Moment::Now, "`!a:hs.test`, times in UTC:\n• 03:05:09 Ana joined\n• 03:05:10 Bob left");
        // The rooms in the order of their first lines, and in each the lines in theirs.
        let told = [(b, "1", "Ana joined"), (a, "2", "Ana joined"), (b, "3", "Ana left")];
        check(
            &told,
            Moment::Now,
            "`!b:hs.test`, times in UTC:\n• 1 Ana joined\n• 3 Ana left\n\n`!a:hs.test`, times in UTC:\n• 2 Ana joined",
        );
        check(
            &told,
            Moment::Away,
            "While I was away, `!b:hs.test`, times in UTC:\n• 1 Ana joined\n• 3 Ana left\n\n\
             While I was away, `!a:hs.test`, times in UTC:\n• 2 Ana joined",
        );
    }
}

mod strangers {
    use super::*;

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
        let well_formed =
            well_formed.prop_map(|(kind, (sender, key), (content, before), time, is_redacted)| {
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
    fn harmless(Rendered { text, html }: &Rendered) {
        assert!(text.len() <= 10_000 && html.len() <= 18_000, "{} {}", text.len(), html.len());
        let mut left = String::new();
        for (n, piece) in html.split("<code>").enumerate() {
            // IDs and addresses are nothing but text in code.
            let (code, rest) =
                if n == 0 { ("", piece) } else { piece.split_once("</code>").expect("it ends") };
            assert!(!code.contains(['<', '>', '"', '\'']), "{code}");
            left.push_str(rest);
        }
        for tag in ["p", "ul", "li", "strong"] {
            left = left.replace(&format!("<{tag}>"), "").replace(&format!("</{tag}>"), "");
        }
        assert!(
            !left.contains(['<', '>', '"', '\'', '\n', '\r', '\u{202e}', '\u{200b}', '\u{2028}']),
            "{left}"
        );
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
                    let rendered =
                        message(&[told], Moment::Now, |room| Line::new().code(room.as_str())).render();
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
                prop_assert_eq!(size.lines(), super::groups(each().take(n + 1)).len());
            }
            let told: Vec<*const Event> =
                groups.iter().flat_map(|group| &group.events).map(|event| std::ptr::from_ref(*event)).collect();
            prop_assert_eq!(told.len(), events.len());
            prop_assert_eq!(told.into_iter().collect::<HashSet<_>>().len(), events.len(), "each is told once");

            let names = Names::of(events.iter().map(|(_, event)| event)).with_room("!a:hs.test", Some("<b>"), None);
            let state = RoomState::of(events.iter().map(|(_, event)| event.clone()), None);
            let known = Known { state: Some(state), plan: None };
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
}
