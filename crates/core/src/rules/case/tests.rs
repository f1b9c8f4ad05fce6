//! Cards of every kind and state.

use proptest::prelude::*;
use ruma::{owned_user_id, user_id};
use serde_json::{Value, json};

use super::*;
use crate::{
    model::{Report, ReportKey},
    ports::{CaseState, Priority},
};

const HOUR: Millis = 3_600_000;
const NOON: Millis = 1_795_176_000_000;

fn message(id: &str, sender: &str, body: &str) -> Value {
    json!({"type": "m.room.message", "event_id": id, "sender": sender, "origin_server_ts": NOON,
        "content": {"msgtype": "m.text", "body": body}})
}

fn report(about: &About, id: u64, reporter: &str, reason: Option<&str>) -> Report {
    let received_ts = NOON + i64::try_from(id).unwrap() * 1000;
    Report {
        key: ReportKey { kind: about.kind(), id, received_ts },
        reporter: reporter.to_owned(),
        reason: reason.map(str::to_owned),
        about: about.clone(),
        author: None,
    }
}

fn of_event() -> About {
    About::Event { room_id: "!lounge:hs.test".to_owned(), event_id: "$bad".to_owned() }
}

fn case(about: About, evidence: Value) -> Case {
    Case {
        id: 12,
        state: CaseState::Open,
        by: None,
        note: None,
        opened_at: NOON + HOUR,
        changed_at: NOON + HOUR,
        evidence: Some(evidence),
        priority: Priority::Normal,
        decisions: Vec::new(),
        reports: vec![report(&about, 1, "@rep:hs.test", Some("rude"))],
        about,
    }
}

/// A message of a stranger, with all that is kept around it.
fn evidence(event: &Value) -> Value {
    json!({
        "event": event,
        "before": [message("$b", "@ana:hs.test", "hello")],
        "after": [message("$a", "@ana:hs.test", "oh no")],
        "members": [
            {"type": "m.room.member", "state_key": "@eve:far.test", "content": {"membership": "join", "displayname": "Eve"}},
            {"type": "m.room.member", "state_key": "@ana:hs.test", "content": {"membership": "join", "displayname": "Ana"}},
        ],
        "room": {"id": "!lounge:hs.test", "name": "Lounge", "alias": "#lounge:hs.test"},
        "joined_members": 1200,
        "author": {"id": "@eve:far.test", "created_at": NOON - 24 * HOUR, "is_local": false},
    })
}

fn text(case: &Case) -> String {
    card(case, &Beside::default()).render().text
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[test]
fn a_card_in_full() {
    let mut case = case(of_event(), evidence(&message("$bad", "@eve:far.test", "you fool")));
    let about = case.about.clone();
    case.reports.extend([
        report(&about, 2, "@two:hs.test", None),
        report(&about, 3, "@rep:hs.test", Some("still rude")),
        report(&about, 4, "@ana:hs.test", Some(" \u{200b}")),
    ]);
    let said = text(&case);
    assert_eq!(
        said,
        "Case 12: a message in Lounge (`#lounge:hs.test`, `!lounge:hs.test`), reported 4 times by 3 people\n\
         What: “you fool”\n\
         By: Eve (`@eve:far.test`), of another server; the account is of 2026-11-19 12:00:00 UTC, 1 d 1 h before I saw the report\n\
         Sent: 2026-11-20 12:00:00 UTC\n\
         Event: `$bad`\n\
         Room: 1,200 members when I first saw the report\n\
         Reported: first 2026-11-20 12:00:01 UTC, last 2026-11-20 12:00:04 UTC\n\
         \n\
         Why:\n\
         • `@rep:hs.test` (2 times): “still rude”\n\
         • `@two:hs.test`, without a reason\n\
         • Ana (`@ana:hs.test`), without a reason\n\
         \n\
         Around it, times in UTC:\n\
         • 2026-11-20 12:00:00 Ana (`@ana:hs.test`): “hello”\n\
         • ▶ 2026-11-20 12:00:00 Eve (`@eve:far.test`): “you fool”\n\
         • 2026-11-20 12:00:00 Ana (`@ana:hs.test`): “oh no”\n\
         \n\
         Open: nobody has claimed it yet.\n\
         \n\
         🧹 redact, 🧨 redact-all, 👢 kick, 🔨 ban, 🚧 block, 💣 shutdown, 🔎 more; or `!act 12 redact`\n\
         \n\
         ✋ `!claim 12`, ☑️ `!resolve 12`, 🗑️ `!dismiss 12`, `!case 12`, `!context !lounge:hs.test $bad`, \
         `!explain !lounge:hs.test $bad`"
    );
    let html = card(&case, &Beside::default()).render().html;
    assert_eq!(html.matches("<span data-mx-spoiler>“you fool”</span>").count(), 2, "{html}");
    assert_eq!(html.matches("you fool").count(), 2, "nowhere else: {html}");
    has(
        &in_full(&case, &Beside::default()).render().text,
        &[
            "4 reports, newest first:\n• 2026-11-20 12:00:04 UTC Ana (`@ana:hs.test`), without a reason (report 4 of the server)",
            "`@rep:hs.test`: “rude” (report 1 of the server)",
            "\n`!claim 12`, `!resolve 12`, `!dismiss 12`, `!case 12 --file`, `!context",
        ],
    );
}

#[test]
fn what_was_reported() {
    let content = |kind: &str, content: Value| json!({"type": kind, "sender": "@eve:far.test", "origin_server_ts": NOON, "content": content});
    let redaction = json!({"sender": "@mod:hs.test", "content": {"reason": "spam"}});
    let image = json!({"msgtype": "m.image", "body": "rude.png", "url": "mxc://far.test/abc",
        "info": {"mimetype": "image/png", "size": 2048}});
    let mut gone = content("m.room.message", json!({}));
    gone["unsigned"] = json!({"redacted_because": redaction});
    let mut kept = message("$bad", "@eve:far.test", "you fool");
    kept["unsigned"] = json!({"redacted_because": redaction});
    let mut topic = content("m.room.topic", json!({"topic": "a rude topic"}));
    topic["state_key"] = json!("");
    for (event, heading, what) in [
        (
            content("m.room.message", image),
            "Case 12: a message in",
            "What: an image “`rude.png`”, `image/png`, 2 KiB, `mxc://far.test/abc`\n",
        ),
        (
            content("m.sticker", json!({"body": "hm", "url": "mxc://far.test/s"})),
            "Case 12: a sticker in",
            "What: sent a sticker “hm”, `mxc://far.test/s`\n",
        ),
        (
            content("m.room.encrypted", json!({"algorithm": "m.megolm.v1.aes-sha2"})),
            "Case 12: an encrypted message in",
            "What: an encrypted message; neither the server nor I can read it\n",
        ),
        (
            gone,
            "Case 12: a message in",
            "What: redacted by `@mod:hs.test`, because “spam”; nothing of what it said is kept\n",
        ),
        (
            kept,
            "Case 12: a message in",
            "What: redacted by `@mod:hs.test`, because “spam”; what I kept: “you fool”\n",
        ),
        (
            content("m.room.message", json!({})),
            "Case 12: a message in",
            "What: redacted before I first saw the report, or empty from the start",
        ),
        (topic, "Case 12: a change of the settings in", "“a rude topic”"),
        (content("m.reaction", json!({"m.relates_to": {"key": "🖕"}})), "Case 12: a reaction in", "“🖕”"),
        (content("org.example", json!({"x": 1})), "Case 12: an event in", "What: sent `org.example`\n"),
        (
            content("m.room.message", json!({"msgtype": "m.text", "body": "long ".repeat(99)})),
            "Case 12: a message in",
            "…” (cut; `!case 12 --file=json` has all of it)\n",
        ),
        (Value::Null, "Case 12: an event in", "What: gone: the server had it no more"),
    ] {
        let said = text(&case(of_event(), evidence(&event)));
        has(&said, &[heading, what, "▶ "]);
        assert!(
            !card(&case(of_event(), evidence(&event)), &Beside::default()).render().html.contains("<img"),
            "{said}"
        );
    }
}

#[test]
fn users_and_rooms() {
    let user = case(
        About::User { user_id: "@eve:hs.test".to_owned() },
        json!({"author": {"id": "@eve:hs.test", "created_at": NOON, "is_local": true}}),
    );
    has(
        &text(&user),
        &[
            "Case 12: the user `@eve:hs.test`, reported once\n",
            "User: `@eve:hs.test`, of this server; the account is of 2026-11-20 12:00:00 UTC, 1 hour before",
            "🗑️ `!dismiss 12`, `!case 12`",
        ],
    );
    let room = case(
        About::Room { room_id: "!lounge:hs.test".to_owned() },
        json!({"room": {"id": "!lounge:hs.test", "name": "Lounge"}, "joined_members": 1}),
    );
    has(
        &text(&room),
        &[
            "Case 12: the room Lounge (`!lounge:hs.test`), reported once\n",
            "Room: 1 member when",
            "`!room !lounge:hs.test`, `!messages !lounge:hs.test`",
        ],
    );
    // Of what is not known nothing is said.
    let bare = Case { evidence: None, reports: Vec::new(), ..user };
    has(&text(&bare), &["the user `@eve:hs.test`, with no report that I know of\nUser: `@eve:hs.test`\n"]);
}

#[test]
fn how_far_it_is() {
    let open = case(of_event(), Value::Null);
    let by = |state, note: Option<&str>| Case {
        state,
        by: Some(owned_user_id!("@mod:hs.test")),
        note: note.map(str::to_owned),
        ..open.clone()
    };
    for (case, said, legend) in [
        (
            by(CaseState::Open, None),
            "Open again by `@mod:hs.test`, 2026-11-20 13:00:00 UTC.",
            "✋ `!claim 12`",
        ),
        (
            by(CaseState::Claimed, None),
            "Claimed by `@mod:hs.test`, 2026-11-20 13:00:00 UTC.",
            "\n☑️ `!resolve 12`, 🗑️ `!dismiss 12`, `!reopen 12`",
        ),
        (
            by(CaseState::Resolved, Some("warned <b>her</b>")),
            "Resolved by `@mod:hs.test`, 2026-11-20 13:00:00 UTC: “warned <b>her</b>”.",
            "\n`!reopen 12`, `!case 12`",
        ),
        (by(CaseState::Dismissed, None), "Dismissed by `@mod:hs.test`, 2026", "\n`!reopen 12`"),
        (Case { by: None, ..by(CaseState::Resolved, None) }, "Resolved, 2026", "\n`!reopen 12`"),
    ] {
        has(&text(&case), &[said, legend]);
        has(&Reply::text(in_a_line(&case)).render().text, &[said, "12 an event in `!lounge:hs.test`"]);
    }
}

#[test]
fn decisions() {
    use CaseState::{Claimed, Dismissed, Open, Resolved};
    let me = user_id!("@mod:hs.test");
    for (state, by, wish, want) in [
        (Open, "@mod:hs.test", Claimed, "changes"),
        (Open, "@mod:hs.test", Resolved, "changes"),
        (Open, "@mod:hs.test", Dismissed, "changes"),
        (Open, "@mod:hs.test", Open, "already"),
        (Claimed, "@mod:hs.test", Claimed, "already"),
        (Claimed, "@other:hs.test", Claimed, "refused"),
        (Claimed, "@other:hs.test", Resolved, "changes"),
        (Claimed, "@other:hs.test", Dismissed, "changes"),
        (Claimed, "@other:hs.test", Open, "changes"),
        (Resolved, "@other:hs.test", Resolved, "already"),
        (Resolved, "@other:hs.test", Dismissed, "refused"),
        (Resolved, "@mod:hs.test", Claimed, "refused"),
        (Resolved, "@other:hs.test", Open, "changes"),
        (Dismissed, "@other:hs.test", Dismissed, "already"),
        (Dismissed, "@other:hs.test", Resolved, "refused"),
        (Dismissed, "@other:hs.test", Claimed, "refused"),
        (Dismissed, "@other:hs.test", Open, "changes"),
    ] {
        let before = Case { state, by: by.try_into().ok(), ..case(of_event(), Value::Null) };
        let (word, says) = match judge(&before, wish, me) {
            Judgement::Changes => ("changes", by.to_owned()),
            Judgement::Already(reply) => ("already", reply.render().text),
            Judgement::Refused(reply) => ("refused", reply.render().text),
        };
        assert_eq!(word, want, "{state:?} {by} {wish:?}");
        let names = says.contains(by) || state == Open || says.starts_with("You ");
        assert!(names, "says who was quicker: {says}");
    }
}

#[test]
fn the_first_five_are_named_and_the_others_counted() {
    let mut case = case(of_event(), Value::Null);
    let about = case.about.clone();
    case.reports = (0..17).map(|n| report(&about, n + 1, &format!("@u{n}:hs.test"), Some("no"))).collect();
    has(&text(&case), &["reported 17 times by 17 people", "• `@u4:hs.test`: “no”\n\nand 12 more people"]);
    assert!(!text(&case).contains("@u5:hs.test"));
    case.reports.truncate(6);
    has(&text(&case), &["and one more person"]);
    case.reports.truncate(5);
    assert!(!text(&case).contains("more pe"));
}

#[test]
fn huge_cases_fit_into_a_message_and_keep_their_legend() {
    let flood = "<&\"`@mod:hs.test https://evil.example".repeat(2000);
    let mut kept = evidence(&message("$bad", "@eve:far.test", &flood));
    kept["before"] = (0..500).map(|n| message(&format!("${n}"), "@eve:far.test", &flood)).collect();
    kept["after"] = kept["before"].clone();
    kept["room"]["name"] = json!(flood);
    let mut case = case(of_event(), kept);
    let about = case.about.clone();
    case.reports = (0..5000).map(|n| report(&about, n, &format!("@u{n}:hs.test"), Some(&flood))).collect();
    case.note = Some(flood);
    case.by = Some(owned_user_id!("@mod:hs.test"));
    for reply in [card(&case, &Beside::default()), in_full(&case, &Beside::default())] {
        let rendered = reply.render();
        assert!(rendered.text.len() <= 10_000 && rendered.html.len() <= 18_000);
        has(&rendered.text, &["reported 5,000 times by 5,000 people", "`!claim 12`"]);
    }
    has(
        &in_full(&case, &Beside::default()).render().text,
        &["and 4,900 older reports; `!case 12 --file` has them all"],
    );
}

#[test]
fn strangers_can_neither_ping_nor_link_nor_format() {
    let hostile = "</span><b>x</b> @room @mod:hs.test https://evil.example `!claim 99`\n# \u{202e}x";
    let mut kept = evidence(&message("$bad", hostile, hostile));
    kept["members"][0]["state_key"] = json!(hostile);
    kept["members"][0]["content"]["displayname"] = json!(hostile);
    kept["author"]["id"] = json!(hostile);
    kept["room"] = json!({"id": "!lounge:hs.test", "name": hostile, "alias": hostile});
    for about in [
        of_event(),
        About::Event { room_id: hostile.to_owned(), event_id: hostile.to_owned() },
        About::User { user_id: hostile.to_owned() },
        About::Room { room_id: hostile.to_owned() },
        About::Event { room_id: "!a b".to_owned(), event_id: "$`\"".to_owned() },
    ] {
        let mut case = case(about, kept.clone());
        case.reports[0].reporter = hostile.to_owned();
        case.reports[0].reason = Some(hostile.to_owned());
        case.note = Some(hostile.to_owned());
        case.state = CaseState::Resolved;
        let list = Reply::text(in_a_line(&case));
        for reply in [card(&case, &Beside::default()), in_full(&case, &Beside::default()), list] {
            let rendered = reply.render();
            for bad in ["<b>", "<a ", "href", "\u{202e}", "matrix.to"] {
                assert!(!rendered.html.contains(bad), "{bad}: {}", rendered.html);
            }
            let opened = rendered.html.matches("<span").count();
            assert_eq!(rendered.html.matches("</span>").count(), opened, "{}", rendered.html);
            assert!(!rendered.text.contains("`!claim 99`"), "{}", rendered.text);
        }
    }
}

#[test]
fn keys() {
    assert_eq!(card_key(12), "case-12");
    for (key, case) in [("case-12", Some(12)), ("case-12-again-1", None), ("case-", None), ("plan-12", None)]
    {
        assert_eq!(case_of_card(key), case, "{key}");
    }
}

#[test]
fn evidence_of_a_wrong_shape_costs_only_itself() {
    let mut kept = evidence(&message("$bad", "@eve:far.test", "you fool"));
    kept["room"] = json!({"id": 7});
    kept["author"] = json!([]);
    kept["before"] = json!("x");
    has(
        &text(&case(of_event(), kept)),
        &["a message in `!lounge:hs.test`", "“you fool”", "By: Eve (`@eve:far.test`)\n", "“oh no”"],
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!("m.room.message")),
        Just(json!("@eve:hs.test")),
    ];
    let key = prop_oneof![
        Just("event"),
        Just("before"),
        Just("after"),
        Just("members"),
        Just("room"),
        Just("author"),
        Just("joined_members"),
        Just("type"),
        Just("sender"),
        Just("content"),
        Just("body"),
        Just("unsigned"),
        Just("redacted_because"),
        Just("created_at"),
        Just("id"),
        Just("state_key"),
        Just("msgtype"),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn total_for_any_json(kept in any_json(), opened_at: i64, id in "\\PC{0,9}") {
        let all = [
            of_event(),
            About::Event { room_id: id.clone(), event_id: id.clone() },
            About::User { user_id: id.clone() },
            About::Room { room_id: id },
        ];
        for about in all {
            let mut case = case(about, kept.clone());
            case.opened_at = opened_at;
            case.reports[0].key.received_ts = opened_at;
            prop_assert!(card(&case, &Beside::default()).render().text.contains("Case 12"));
            prop_assert!(!in_full(&case, &Beside::default()).render().text.is_empty());
            prop_assert!(!Reply::text(in_a_line(&case)).render().text.is_empty());
        }
    }
}
