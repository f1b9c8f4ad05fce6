//! Membership changes in words: what an `m.room.member` event means, said in one sentence; what let somebody in; and
//! many of the same in one line.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroommember>
//!
//! ```
//! use gleipnir_core::{model::Event, reply::Reply, rules::{membership, names::Names}};
//! use serde_json::json;
//!
//! let event = Event(json!({
//!     "type": "m.room.member",
//!     "sender": "@mod:hs.test",
//!     "state_key": "@bob:hs.test",
//!     "content": {"membership": "leave", "reason": "spam"},
//!     "unsigned": {"prev_content": {"membership": "join", "displayname": "Bob"}},
//! }));
//! let sentence = membership::explain(&event, &Names::default());
//! assert_eq!(
//!     Reply::text(sentence).render().text,
//!     "`@mod:hs.test` kicked Bob (`@bob:hs.test`), because “spam”",
//! );
//! assert_eq!(membership::transition(&event), membership::Transition::Kicked);
//! ```

mod because;
mod email;
mod profile;
mod table;
mod tail;
mod together;
mod transition;
mod words;

use serde_json::Value;

pub use self::{
    because::{because, with_because},
    email::explain_third_party_invite,
    table::transition,
    together::{GroupKey, group_key, together},
    transition::Transition,
};
use self::{table::By, words::words};
use super::names::Names;
use crate::{
    model::Event,
    reply::{Line, user_line},
    text::clean::clean,
};

/// What follows a sentence about what no server should allow.
const ANOMALY: &str =
    "; servers should not allow this: it can come from a state reset, or from a broken or hostile server";

/// What an `m.room.member` event says, as a sentence without its full stop. Who did it to whom is told by the IDs;
/// names are those of the events, and of `names` where they have none.
pub fn explain(event: &Event, names: &Names) -> Line {
    let transition = transition(event);
    let line = match profile::explain(event) {
        Some(change) if is_profile_change(transition) => target_line(event, transition, names).append(change),
        _ => {
            let words = words(transition, By::of(event));
            let line = words
                .sentence(sender_of_another(event, transition, names), target_line(event, transition, names));
            let line = tail::circumstances(line, event, transition, names);
            tail::hiding(line, event, words)
        }
    };
    let line = tail::because(line, event, transition);
    let line = tail::redaction(line, event, "what else it said (name, picture, reason)", names);
    if transition.is_anomaly() { line.text(ANOMALY) } else { line }
}

fn is_profile_change(transition: Transition) -> bool {
    matches!(
        transition,
        Transition::NameChanged | Transition::PictureChanged | Transition::NameAndPictureChanged
    )
}

/// Who sent the event, unless it is the one whose membership it is.
fn sender_of_another(event: &Event, transition: Transition, names: &Names) -> Option<Line> {
    match (transition, By::of(event)) {
        (Transition::NoUser, _) | (_, By::Other) => Some(sender_line(event, names)),
        (_, By::Oneself) => None,
    }
}

fn sender_line(event: &Event, names: &Names) -> Line {
    match event.sender() {
        "" => Line::new().text("somebody"),
        sender => user_of(sender, names),
    }
}

/// Whose membership it is. A kick or a ban made by a server carries no name, the event before it does; and the name
/// that users gave themselves counts more than one that somebody else gives them.
fn target_line(event: &Event, transition: Transition, names: &Names) -> Line {
    let target = match event.state_key() {
        None => return sender_line(event, names),
        Some("") => return Line::new().text("an empty text"),
        Some(target) => target,
    };
    let before = event.prev_content().and_then(display_name);
    let now = display_name(event.content());
    let known = match By::of(event) {
        By::Oneself if !is_profile_change(transition) => now.or(before),
        By::Oneself | By::Other => before.or(now),
    };
    match known {
        Some(name) => user_line(Some(name), &short(target)),
        None => user_of(target, names),
    }
}

fn display_name(content: &Value) -> Option<&str> {
    content.get("displayname")?.as_str().filter(|name| !clean(name, 1).is_empty())
}

/// A user by name and ID.
fn user_of(id: &str, names: &Names) -> Line {
    if id.len() <= MOST_ID { names.user(id) } else { Line::new().code(short(id)) }
}

/// "User IDs MUST NOT exceed 255 bytes": what is longer is none, and cut, so that a sentence of many IDs fits.
fn short(id: &str) -> String {
    clean(id, MOST_ID)
}

const MOST_ID: usize = 255;

/// Whether the event was redacted, and has only what redaction leaves.
fn is_redacted(event: &Event) -> bool {
    let by_id = || event.0.get("unsigned").and_then(|unsigned| unsigned.get("redacted_by"));
    event.redacted_because().is_some() || by_id().is_some_and(Value::is_string)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ruma::owned_server_name;
    use serde_json::json;

    use super::*;
    use crate::{
        reply::Reply,
        rules::{explain::Around, room_state::RoomState},
    };

    const OWN: &str = "@bob:hs.test";
    const OTHER: &str = "@mod:hs.test";
    const ODD: &str =
        "; servers should not allow this: it can come from a state reset, or from a broken or hostile server";

    fn names() -> Names {
        let member = |user: &str, name: &str| {
            Event(json!({"type": "m.room.member", "state_key": user, "content": {"displayname": name}}))
        };
        Names::of(&[member(OTHER, "Mod"), member("@ana:hs.test", "Ana"), member(OWN, "Bob")])
    }

    fn event(sender: &str, unsigned: &Value, content: &Value) -> Event {
        Event(json!({"type": "m.room.member", "sender": sender, "state_key": OWN, "content": content,
            "unsigned": unsigned}))
    }

    fn said(event: &Event) -> String {
        Reply::text(explain(event, &names())).render().text
    }

    #[track_caller]
    fn check(sender: &str, unsigned: &Value, content: &Value, want: &str) {
        let event = event(sender, unsigned, content);
        let odd = transition(&event).is_anomaly();
        let want = want.replace("MOD", "Mod (`@mod:hs.test`)").replace("BOB", "Bob (`@bob:hs.test`)");
        let want = want.replace("ANA", "Ana (`@ana:hs.test`)");
        assert_eq!(said(&event), want.replace("!!", ODD), "{event:?}");
        assert_eq!(odd, want.contains("!!"), "{event:?}");
    }

    /// Every membership before and after, by oneself and by another.
    #[test]
    fn all_transitions() {
        for (before, after, by_self, by_other) in [
            ("leave", "invite", "BOB invited themselves!!", "MOD invited BOB"),
            ("leave", "join", "BOB joined", "MOD recorded that BOB joined!!"),
            (
                "leave",
                "leave",
                "BOB left, though not in the room!!",
                "MOD recorded BOB as gone, though not in the room",
            ),
            ("leave", "ban", "BOB banned themselves!!", "MOD banned BOB"),
            ("leave", "knock", "BOB asked to be let in", "MOD recorded that BOB asked to be let in!!"),
            ("invite", "invite", "BOB invited themselves!!", "MOD repeated the invitation for BOB"),
            ("invite", "join", "BOB accepted the invitation", "MOD recorded that BOB joined!!"),
            ("invite", "leave", "BOB declined the invitation", "MOD withdrew the invitation for BOB"),
            ("invite", "ban", "BOB banned themselves!!", "MOD banned BOB, who had been invited"),
            (
                "invite",
                "knock",
                "BOB asked to be let in, though invited!!",
                "BOB asked to be let in, though invited, recorded by MOD!!",
            ),
            (
                "join",
                "invite",
                "BOB invited themselves, though already in the room!!",
                "MOD invited BOB, though already in the room!!",
            ),
            (
                "join",
                "join",
                "BOB sent the membership again, with nothing visible changed",
                "MOD changed the name or the picture of BOB!!",
            ),
            ("join", "leave", "BOB left", "MOD kicked BOB"),
            ("join", "ban", "BOB banned themselves!!", "MOD removed and banned BOB"),
            (
                "join",
                "knock",
                "BOB asked to be let in, though already in the room!!",
                "BOB asked to be let in, though already in the room, recorded by MOD!!",
            ),
            ("ban", "invite", "BOB invited themselves, though banned!!", "MOD invited BOB, though banned!!"),
            ("ban", "join", "BOB joined, though banned!!", "BOB joined, though banned, recorded by MOD!!"),
            ("ban", "leave", "BOB lifted their own ban!!", "MOD unbanned BOB"),
            ("ban", "ban", "BOB banned themselves!!", "MOD changed the ban of BOB"),
            (
                "ban",
                "knock",
                "BOB asked to be let in, though banned!!",
                "BOB asked to be let in, though banned, recorded by MOD!!",
            ),
            ("knock", "invite", "BOB invited themselves!!", "MOD let BOB in, with an invitation"),
            ("knock", "join", "BOB joined without waiting for an answer", "MOD recorded that BOB joined!!"),
            ("knock", "leave", "BOB took back the request to be let in", "MOD refused to let BOB in"),
            ("knock", "ban", "BOB banned themselves!!", "MOD refused and banned BOB"),
            (
                "knock",
                "knock",
                "BOB repeated the request to be let in",
                "MOD recorded that BOB asked to be let in!!",
            ),
        ] {
            let before = json!({"prev_content": {"membership": before}});
            check(OWN, &before, &json!({"membership": after}), by_self);
            check(OTHER, &before, &json!({"membership": after}), by_other);
        }
    }

    #[test]
    fn the_membership_before_may_be_missing() {
        let none = json!({});
        check(OWN, &none, &json!({"membership": "join"}), "BOB joined");
        check(
            OTHER,
            &none,
            &json!({"membership": "leave"}),
            "MOD recorded BOB as gone, though not in the room",
        );
        check(OWN, &json!({"prev_content": {"membership": 7}}), &json!({"membership": "join"}), "BOB joined");
        check(OWN, &json!({"prev_content": "x"}), &json!({"membership": "join"}), "BOB joined");
        let unseen = json!({"replaces_state": "$before"});
        for (after, by_self, by_other) in [
            (
                "join",
                "BOB joined, or changed the name or the picture (what was before is not shown)",
                "BOB joined, or changed the name or the picture, recorded by MOD (what was before is not shown)",
            ),
            (
                "leave",
                "BOB left, declined, or took back a request to be let in (what was before is not shown)",
                "MOD kicked, unbanned or refused BOB (what was before is not shown)",
            ),
            ("invite", "BOB invited themselves", "MOD invited BOB"),
            ("ban", "BOB banned themselves", "MOD banned BOB"),
            ("knock", "BOB asked to be let in", "BOB asked to be let in, recorded by MOD"),
        ] {
            check(OWN, &unseen, &json!({"membership": after}), by_self);
            check(OTHER, &unseen, &json!({"membership": after}), by_other);
        }
    }

    #[test]
    fn unknown_memberships_are_told() {
        let joined = json!({"prev_content": {"membership": "join"}});
        let prison = json!({"membership": "prison"});
        check(OTHER, &joined, &prison, "MOD gave BOB a membership that servers do not know: “prison”!!");
        check(OWN, &joined, &prison, "BOB gave themselves a membership that servers do not know: “prison”!!");
        let says_nothing = "MOD sent an event about the membership of BOB that does not say what it is!!";
        for content in [json!({}), json!({"membership": null}), json!({"membership": ["join"]}), json!(7)] {
            check(OTHER, &joined, &content, says_nothing);
        }
        let before = json!({"prev_content": {"membership": "prison"}});
        check(
            OTHER,
            &before,
            &json!({"membership": "leave"}),
            "MOD kicked, unbanned or refused BOB, after a membership that servers do not know: “prison”!!",
        );
    }

    #[test]
    fn what_is_about_no_user_is_told() {
        let about = |key: &Value, sender: &str| {
            said(&Event(json!({"type": "m.room.member", "sender": sender, "state_key": key,
                "content": {"membership": "join"}})))
        };
        let no_user = "which is no user ID, to “join”";
        for (key, shown) in [("bob", "`bob`"), ("", "an empty text"), ("@bob", "`@bob`")] {
            assert_eq!(
                about(&json!(key), OTHER),
                format!("Mod (`@mod:hs.test`) set the membership of {shown}, {no_user}{ODD}")
            );
        }
        assert_eq!(about(&json!("x"), "x"), format!("`x` set the membership of `x`, {no_user}{ODD}"));
        let no_state = "sent a membership that is not part of the room's state, and changes nothing";
        assert_eq!(about(&json!(7), OTHER), format!("Mod (`@mod:hs.test`) {no_state}{ODD}"));
        assert_eq!(said(&Event(json!("x"))), format!("somebody {no_state}{ODD}"));
    }

    #[test]
    fn names_are_of_the_events_and_ids_always_there() {
        let kick = |before: &Value, now: &Value| {
            let event = Event(json!({"sender": "@mod:far.test", "state_key": "@tim:x.test",
                "content": now, "unsigned": {"prev_content": before}}));
            said(&event)
        };
        let (joined, left) = (json!({"membership": "join"}), json!({"membership": "leave"}));
        let named = |name: &str, membership: &str| json!({"membership": membership, "displayname": name});
        assert_eq!(kick(&named("Tim", "join"), &left), "`@mod:far.test` kicked Tim (`@tim:x.test`)");
        // The name that users gave themselves, not one that somebody else gives them.
        let faked = kick(&named("Tim", "join"), &named("Fool", "leave"));
        assert_eq!(faked, "`@mod:far.test` kicked Tim (`@tim:x.test`)");
        let only = kick(&joined, &named("Fool", "leave"));
        assert_eq!(only, "`@mod:far.test` kicked Fool (`@tim:x.test`)");
        assert_eq!(kick(&named(" \u{200b}", "join"), &left), "`@mod:far.test` kicked `@tim:x.test`");
        // Who comes back has the name of today.
        let back = json!({"prev_content": {"membership": "leave", "displayname": "Old"}});
        check(OWN, &back, &named("New", "join"), "New (`@bob:hs.test`) joined");
        // The name from elsewhere is for those whose events have none.
        check(OWN, &json!({}), &json!({"membership": "join", "displayname": 7}), "BOB joined");
        let event = Event(json!({"state_key": OWN, "content": {"membership": "ban"}}));
        assert_eq!(said(&event), "somebody banned Bob (`@bob:hs.test`)");
    }

    #[test]
    fn profile_changes_old_and_new() {
        let check = |before: &Value, now: &Value, want: &str| {
            let with = |profile: &Value| {
                let mut content = json!({"membership": "join"});
                let fields = profile.as_object().expect("an object").clone();
                content.as_object_mut().expect("an object").extend(fields);
                content
            };
            check(OWN, &json!({"prev_content": with(before)}), &with(now), want);
        };
        let name = |name: Value| json!({"displayname": name});
        let both = |name: Value, picture: Value| json!({"displayname": name, "avatar_url": picture});
        let (a, b, none) = (|| json!("a"), || json!("b"), || Value::Null);
        let mxc = |id: &str| json!(format!("mxc://hs/{id}"));
        let me = "a (`@bob:hs.test`)";
        check(&name(a()), &name(b()), &format!("{me} changed the name from “a” to “b”"));
        check(&name(none()), &name(b()), "b (`@bob:hs.test`) took the name “b”");
        check(&name(json!("")), &name(b()), "b (`@bob:hs.test`) took the name “b”");
        check(&name(a()), &name(none()), &format!("{me} removed the name “a”"));
        check(&name(a()), &json!({}), &format!("{me} removed the name “a”"));
        check(&name(a()), &name(json!(7)), &format!("{me} changed the name from “a” to one that is no text"));
        check(&name(none()), &name(json!([])), "BOB took a name that is no text");
        check(&name(json!({})), &name(none()), "BOB removed a name that was no text");
        check(
            &name(json!(7)),
            &name(b()),
            "b (`@bob:hs.test`) changed the name from one that was no text to “b”",
        );
        let unseen = format!("{me} changed the name from “a” to one that shows nothing");
        check(&name(a()), &name(json!("\u{202e}\u{3164}")), &unseen);
        check(&both(a(), none()), &both(a(), mxc("p")), &format!("{me} set a picture"));
        check(&both(a(), mxc("p")), &both(a(), mxc("q")), &format!("{me} changed the picture"));
        check(&both(a(), mxc("p")), &both(a(), none()), &format!("{me} removed the picture"));
        check(
            &both(a(), mxc("p")),
            &both(a(), json!(7)),
            &format!("{me} set a picture whose address is no text"),
        );
        let two = format!("{me} changed the name from “a” to “b” and changed the picture");
        check(&both(a(), mxc("p")), &both(b(), mxc("q")), &two);
        check(
            &both(a(), mxc("p")),
            &both(none(), none()),
            &format!("{me} removed the name “a” and removed the picture"),
        );
        let again = format!("{me} sent the membership again, with nothing visible changed");
        check(&both(a(), mxc("p")), &both(a(), mxc("p")), &again);
        check(
            &both(a(), none()),
            &json!({"displayname": "a", "reason": "why not"}),
            &format!("{again}, because “why not”"),
        );
    }

    #[test]
    fn what_redaction_took_is_not_told_as_a_change() {
        let joined = json!({"membership": "join"});
        let because = json!({"sender": OTHER, "content": {"reason": "rude"}});
        let removed = "what else it said (name, picture, reason) was removed from this event by";
        let redacted = |before: &Value| json!({"prev_content": before, "redacted_because": because});
        check(
            OWN,
            &redacted(&json!({"membership": "leave"})),
            &joined,
            &format!("BOB joined; {removed} MOD, because “rude”"),
        );
        check(
            OWN,
            &redacted(&json!({"membership": "join", "displayname": "Bob"})),
            &joined,
            &format!(
                "BOB changed the name or the picture, or sent the membership again; {removed} MOD, because “rude”"
            ),
        );
        check(
            OTHER,
            &json!({"prev_content": {"membership": "ban", "reason": "spam"}, "redacted_by": "$r"}),
            &json!({"membership": "ban"}),
            &format!("MOD changed the ban of BOB (before: “spam”); {removed} somebody"),
        );
        // The event before has only what redaction leaves: whether there was a name is not known.
        let maybe = "(before: none, or one that was removed from the event)";
        let before =
            json!({"prev_content": {"membership": "join", "join_authorised_via_users_server": "@u:hs"}});
        let named = json!({"membership": "join", "displayname": "Bob"});
        check(OWN, &before, &named, &format!("BOB took the name “Bob” {maybe}"));
        let pictured = json!({"membership": "join", "avatar_url": "mxc://hs/p"});
        check(OWN, &before, &pictured, &format!("BOB set a picture {maybe}"));
        check(OWN, &before, &joined, "BOB sent the membership again, with nothing visible changed");
    }

    #[test]
    fn reasons_are_quoted() {
        let joined = json!({"prev_content": {"membership": "join"}});
        let ban = |reason: Value| json!({"membership": "ban", "reason": reason});
        check(OTHER, &joined, &ban(json!("spam")), "MOD removed and banned BOB, because “spam”");
        for nothing in [json!(""), json!(" \u{200b}"), json!(7), json!(null), json!(["spam"])] {
            check(OTHER, &joined, &ban(nothing), "MOD removed and banned BOB");
        }
        let banned = json!({"prev_content": {"membership": "ban", "reason": "spam"}});
        check(
            OTHER,
            &banned,
            &ban(json!("raid")),
            "MOD changed the ban of BOB, because “raid” (before: “spam”)",
        );
        check(OTHER, &banned, &ban(json!("spam")), "MOD changed the ban of BOB, because “spam”");
        check(
            OTHER,
            &banned,
            &json!({"membership": "ban"}),
            "MOD changed the ban of BOB, without a reason now (before: “spam”)",
        );
        let first = json!({"prev_content": {"membership": "ban"}});
        check(OTHER, &first, &ban(json!("raid")), "MOD changed the ban of BOB, because “raid”");
    }

    #[test]
    fn invitations_carry_where_to_and_where_from() {
        let none = json!({});
        let invite = |more: Value| {
            let mut content = more;
            content["membership"] = json!("invite");
            content
        };
        check(OTHER, &none, &invite(json!({"is_direct": true})), "MOD invited BOB to a direct chat");
        check(OTHER, &none, &invite(json!({"is_direct": "true"})), "MOD invited BOB");
        check(
            OTHER,
            &none,
            &invite(json!({"third_party_invite": {"display_name": "b…@e…", "signed": {}}, "reason": "hi"})),
            "MOD invited BOB; the e-mail invitation for “b…@e…” became this one, because “hi”",
        );
        let stripped = invite(json!({"third_party_invite": {"signed": {}}}));
        check(OTHER, &none, &stripped, "MOD invited BOB; an e-mail invitation became this one");
        let invited = json!({"prev_content": {"membership": "invite"}, "prev_sender": "@ana:hs.test"});
        let (join, leave) = (json!({"membership": "join"}), json!({"membership": "leave"}));
        check(OWN, &invited, &join, "BOB accepted the invitation from ANA");
        check(OWN, &invited, &leave, "BOB declined the invitation from ANA");
        check(OTHER, &invited, &leave, "MOD withdrew the invitation for BOB, who had been invited by ANA");
        check("@ana:hs.test", &invited, &leave, "ANA withdrew the invitation for BOB");
        let vouched = json!({"membership": "join", "join_authorised_via_users_server": "@ana:hs.test"});
        check(OWN, &none, &vouched, "BOB joined, vouched for by ANA");
        let knocked = json!({"prev_content": {"membership": "knock"}, "prev_sender": OWN});
        check(OWN, &knocked, &vouched, "BOB joined without waiting for an answer, vouched for by ANA");
        // Kept from the join, it says nothing about a new name.
        let joined = json!({"prev_content": {"membership": "join", "displayname": null}});
        check(OWN, &joined, &vouched, "BOB sent the membership again, with nothing visible changed");
    }

    #[test]
    fn bans_carry_whose_they_were_and_what_they_hide() {
        let banned = json!({"prev_content": {"membership": "ban"}, "prev_sender": "@ana:hs.test"});
        let leave = json!({"membership": "leave"});
        check(OTHER, &banned, &leave, "MOD unbanned BOB, who had been banned by ANA");
        check("@ana:hs.test", &banned, &leave, "ANA unbanned BOB");
        for key in ["org.matrix.msc4293.redact_events", "redact_events"] {
            let hiding = |membership: &str| json!({"membership": membership, "reason": "spam", key: true});
            let joined = json!({"prev_content": {"membership": "join"}});
            let invited = json!({"prev_content": {"membership": "invite"}});
            check(
                OTHER,
                &joined,
                &hiding("ban"),
                "MOD removed and banned BOB and asked servers to hide all their messages, because “spam”",
            );
            check(
                OTHER,
                &joined,
                &hiding("leave"),
                "MOD kicked BOB and asked servers to hide all their messages, because “spam”",
            );
            check(
                OTHER,
                &invited,
                &hiding("ban"),
                "MOD banned BOB, who had been invited, and asked servers to hide all their messages, because “spam”",
            );
            check(OWN, &joined, &hiding("leave"), "BOB left, because “spam”");
            check(OTHER, &joined, &json!({"membership": "ban", key: "true"}), "MOD removed and banned BOB");
        }
    }

    /// Any JSON, often of the shape that is expected.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((text(), inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    fn text() -> impl Strategy<Value = String> {
        let evil = "([<>&\"'`“”\n\r\u{202e}\u{200b}\u{2028}]|https://a.b|@room|@a:b|\\PC|</code>|<a href=x>)";
        prop_oneof![
            40 => prop::string::string_regex(&format!("{evil}{{0,40}}")).expect("a pattern"),
            1 => (prop::string::string_regex(evil).expect("a pattern"))
                .prop_map(|text| text.repeat(65_536 / text.len().max(1))),
            16 => Just("@user:evil.test".to_owned()),
            2 => Just("join".to_owned()),
        ]
    }

    fn membership() -> impl Strategy<Value = Value> {
        prop_oneof![
            9 => prop::sample::select(vec!["join", "invite", "leave", "ban", "knock"]).prop_map(Value::from),
            1 => any_json(),
        ]
    }

    fn content() -> impl Strategy<Value = Value> {
        let field = prop_oneof![4 => text().prop_map(Value::from), 1 => any_json()];
        let fields = prop::collection::vec(field, 7);
        (membership(), fields, any::<bool>()).prop_map(|(membership, fields, hides)| {
            let [name, picture, reason, direct, vouched, from, display] = &fields[..] else { unreachable!() };
            json!({"membership": membership, "displayname": name, "avatar_url": picture, "reason": reason,
                "is_direct": direct, "join_authorised_via_users_server": vouched,
                "third_party_invite": {"display_name": display, "signed": from}, "display_name": display,
                "org.matrix.msc4293.redact_events": hides})
        })
    }

    /// The sender and the state key.
    fn users() -> impl Strategy<Value = (Value, Value)> {
        prop_oneof![
            3 => Just((json!(OWN), json!(OWN))),
            3 => Just((json!(OTHER), json!(OWN))),
            1 => (any_json(), any_json()),
            1 => (text(), text()).prop_map(|(sender, key)| (json!(sender), json!(key))),
        ]
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let contents =
            (prop_oneof![4 => content(), 1 => any_json()], prop_oneof![4 => content(), 1 => any_json()]);
        (users(), text(), contents, any_json(), 0..4).prop_map(|((sender, key), c, contents, redaction, n)| {
            let unsigned = match n {
                0 => json!({"prev_content": contents.1, "prev_sender": c}),
                1 => json!({"prev_content": contents.1, "redacted_because": {"sender": c, "content": contents.1}}),
                2 => json!({"replaces_state": c, "redacted_because": redaction}),
                _ => redaction,
            };
            Event(json!({"type": "m.room.member", "sender": sender, "state_key": key, "content": contents.0,
                "unsigned": unsigned}))
        })
    }

    #[track_caller]
    fn stays_in_its_place(line: Line) {
        let rendered = Reply::text(line).render();
        assert!(!rendered.text.is_empty());
        assert!(rendered.text.chars().count() < 4000, "{}", rendered.text.len());
        assert!(!rendered.text.contains("does not fit"), "the sentence is there");
        assert!(!rendered.text.contains(['\n', '\r', '\u{202e}', '\u{200b}', '\u{2028}']));
        let mut left = rendered.html;
        for tag in ["<p>", "</p>", "<code>", "</code>"] {
            left = left.replace(tag, "");
        }
        assert!(!left.contains(['<', '>', '"', '\'']), "{left}");
    }

    proptest! {
        // Some of the texts are as long as an event can be.
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn strangers_stay_in_their_place(events in prop::collection::vec(any_event(), 1..4), rule in any_json(), room in any_json()) {
            let names = Names::of(&events).with_room("!a:hs", rule.as_str(), room.as_str());
            let condition = |room: &Value| json!({"type": "m.room_membership", "room_id": room});
            let allow = json!([condition(&room), condition(&json!("!a:hs")), room, condition(&rule), condition(&rule)]);
            let server = owned_server_name!("hs.test");
            let around = Around { names: Some(&names), here: Some(&server), ..Around::default() };
            for rule in [rule, json!("restricted"), json!("public")] {
                let rules = Event(json!({"type": "m.room.join_rules", "state_key": "",
                    "content": {"join_rule": rule, "allow": allow}}));
                let state = RoomState::of(events.iter().cloned().chain([rules]), None);
                events.iter().filter_map(|event| because(event, &state, &names)).for_each(stays_in_its_place);
            }
            for event in &events {
                stays_in_its_place(explain(event, &names));
                stays_in_its_place(explain_third_party_invite(event, &names));
            }
            stays_in_its_place(together(&events.iter().collect::<Vec<_>>(), &around));
            let same: Vec<&Event> = events.iter().filter(|event| group_key(event) == group_key(&events[0])).collect();
            stays_in_its_place(together(&same, &around));
        }
    }
}
