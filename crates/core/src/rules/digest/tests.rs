//! What is told together, when it is said to have happened, and how it is put into a message.

mod strangers;

use ruma::{room_id, server_name};
use serde_json::{Value, json};

use super::*;

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
        let known = Known { state: Some(RoomState::of([public], None)), plan: None, seen_at: None };
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
    fn the_last_of_many_changes_covers_up_no_other() {
        let levels = |before: i64, after: i64, name: i64| {
            let levels = |level: i64, name: i64| json!({"users": {"@eve:hs.test": level, "@mod:hs.test": 100}, "events": {"m.room.name": name}});
            let mut event = state("m.room.power_levels", "@mod:hs.test", "", &levels(after, name));
            event.0["unsigned"] = json!({"prev_content": levels(before, name - 1)});
            event
        };
        let events = [levels(0, 90, 50), levels(90, 90, 51), levels(90, 90, 52), levels(90, 90, 53)];
        assert_eq!(
            said(told(&events, &Known::default(), Moment::Now).line),
            "Mod (`@mod:hs.test`) changed the power levels: it takes 53 instead of 52 to send `m.room.name` – the last of \
             4 such changes ⚠️ Before that: `@eve:hs.test` has power 90 now, enough to kick, to ban and to change the \
             power levels."
        );
        let none = || state("m.room.server_acl", "@mod:hs.test", "", &json!({"allow": []}));
        let said = said(told(&[none(), none(), none(), none()], &Known::default(), Moment::Now).line);
        assert_eq!(said.matches("Every server is locked out").count(), 1, "{said}");
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
                is_late: false,
                line: Line::from(*line),
            })
            .collect();
        let reply = message(&told, moment, |room| Line::new().code(room.as_str()));
        assert_eq!(reply.render().text, want);
    }

    #[test]
    fn what_did_not_just_happen_is_told_with_its_day() {
        let event = Event(json!({"type": "m.room.member", "sender": "@s:hs.test", "state_key": "@t:hs.test",
            "origin_server_ts": 1_795_219_200_000_i64, "content": {"membership": "ban"}}));
        let group = Group { room: room_id!("!a:hs.test"), events: vec![&event] };
        let tell = |seen_at| {
            let told =
                Told::of(&group, &Known { seen_at, ..Known::default() }, &Around::default(), Moment::Now);
            let alone =
                message(std::slice::from_ref(&told), Moment::Now, |room| Line::new().code(room.as_str()));
            (told.when, alone.render().text)
        };
        let plain = "`!a:hs.test`: `@s:hs.test` banned `@t:hs.test`".to_owned();
        let soon = Some(1_795_219_200_000 + 599_000);
        assert_eq!(tell(None), ("00:00:00".to_owned(), plain.clone()));
        assert_eq!(tell(soon), ("00:00:00".to_owned(), plain));
        for seen_at in [1_795_219_200_000 + 700_000, 1_795_219_200_000 - 700_000] {
            let (when, alone) = tell(Some(seen_at));
            assert_eq!(when, "2026-11-21 00:00:00");
            assert_eq!(
                alone,
                "`!a:hs.test`, 2026-11-21 00:00:00 UTC by the clock of its server: `@s:hs.test` banned `@t:hs.test`"
            );
        }
    }

    #[test]
    fn settings_that_moderators_watch_are_told_one_by_one_for_longer() {
        let event =
            |kind: &str| Event(json!({"type": kind, "sender": "@s:hs.test", "state_key": "", "content": {}}));
        for (kind, count, want) in [
            ("m.room.topic", 3, 3),
            ("m.room.topic", 4, 1),
            ("m.room.power_levels", 11, 11),
            ("m.room.power_levels", 12, 1),
            ("m.policy.rule.user", 11, 11),
        ] {
            let events: Vec<Event> = (0..count).map(|_| event(kind)).collect();
            let mut size = Size::default();
            for event in &events {
                size.add(room_id!("!a:hs.test"), event);
            }
            let groups = groups(events.iter().map(|event| (room_id!("!a:hs.test"), event)));
            assert_eq!((groups.len(), size.lines()), (want, want), "{kind} {count}");
        }
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
