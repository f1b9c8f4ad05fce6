//! Membership changes in words: the table of `m.room.member` in the client-server API, as an exhaustive `match` over
//! the membership before and after, and over who sent the event.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroommember>

use serde_json::Value;

use super::names::Names;
use crate::{model::Event, reply::Line};

/// `membership` of an `m.room.member` event.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Membership {
    Invite,
    Join,
    Leave,
    Ban,
    Knock,
    Unknown(String),
}

impl Membership {
    fn of(content: &Value) -> Self {
        match content.get("membership").and_then(Value::as_str) {
            Some("invite") => Self::Invite,
            Some("join") => Self::Join,
            Some("leave") => Self::Leave,
            Some("ban") => Self::Ban,
            Some("knock") => Self::Knock,
            Some(other) => Self::Unknown(other.to_owned()),
            None => Self::Unknown(String::new()),
        }
    }
}

/// What an `m.room.member` event says, in one sentence.
pub fn explain(event: &Event, names: &Names) -> Line {
    use Membership::{Ban, Invite, Join, Knock, Leave, Unknown};

    let (sender, target) = (event.sender(), event.state_key().unwrap_or_default());
    let content = event.content();
    // "If there is no prev_content, the previous membership is leave."
    let before = event.prev_content().map_or(Leave, Membership::of);
    let s = || names.user(sender);
    let t = || target_line(event, target, names);
    let by_self = sender == target;
    let line = match (before, Membership::of(content)) {
        (_, Unknown(word)) if word.is_empty() => t().text(" has a membership event that says nothing"),
        (_, Unknown(word)) => t().text(" was given the unknown membership ").user(&word),
        (Leave | Unknown(_), Invite) => s().text(" invited ").append(t()),
        (Leave | Unknown(_), Join) => t().text(" joined"),
        (Leave, Leave) if by_self => t().text(" left, though not in the room"),
        (Leave, Leave) => s().text(" recorded ").append(t()).text(" as gone, who was not in the room"),
        (Leave | Unknown(_), Ban) => s().text(" banned ").append(t()),
        (Leave | Unknown(_), Knock) => t().text(" asks to be let in"),
        (Unknown(_), Leave) if by_self => t().text(" left"),
        (Unknown(_), Leave) => s().text(" removed ").append(t()),
        (Invite, Invite) => s().text(" repeated the invitation of ").append(t()),
        (Invite, Join) => t().text(" accepted the invitation"),
        (Invite, Leave) if by_self => t().text(" declined the invitation"),
        (Invite, Leave) => s().text(" withdrew the invitation of ").append(t()),
        (Invite, Ban) => s().text(" banned ").append(t()).text(", who had been invited"),
        (Invite, Knock) => t().text(" asks to be let in, though invited (this should not happen)"),
        (Join, Invite) => {
            s().text(" invited ").append(t()).text(", who was in the room (this should not happen)")
        }
        (Join, Join) => profile_change(event, t()),
        (Join, Leave) if by_self => t().text(" left"),
        (Join, Leave) => s().text(" kicked ").append(t()),
        (Join, Ban) => s().text(" removed and banned ").append(t()),
        (Join, Knock) => t().text(" asks to be let in, though in the room (this should not happen)"),
        (Ban, Invite) => s().text(" invited ").append(t()).text(", who is banned (this should not happen)"),
        (Ban, Join) => t().text(" joined, though banned (this should not happen)"),
        (Ban, Leave) if by_self => t().text(" lifted the own ban (this should not happen)"),
        (Ban, Leave) => s().text(" unbanned ").append(t()),
        (Ban, Ban) => s().text(" changed the ban of ").append(t()),
        (Ban, Knock) => t().text(" asks to be let in, though banned (this should not happen)"),
        (Knock, Invite) => s().text(" let ").append(t()).text(" in, with an invitation"),
        (Knock, Join) => t().text(" joined without waiting for an answer"),
        (Knock, Leave) if by_self => t().text(" no longer asks to be let in"),
        (Knock, Leave) => s().text(" refused to let ").append(t()).text(" in"),
        (Knock, Ban) => s().text(" refused and banned ").append(t()),
        (Knock, Knock) => t().text(" repeated the request to be let in"),
    };
    match event.text("reason").filter(|reason| !reason.is_empty()) {
        Some(reason) => line.text(", because ").user(reason),
        None => line,
    }
}

/// Whose membership it is; a kick or a ban carries no name, the event before it does.
fn target_line(event: &Event, target: &str, names: &Names) -> Line {
    let name = |content: &Value| content.get("displayname").and_then(Value::as_str).map(str::to_owned);
    let known = event.prev_content().and_then(name).or_else(|| name(event.content()));
    match known {
        Some(name) => crate::reply::user_line(Some(&name), target),
        None => names.user(target),
    }
}

fn profile_change(event: &Event, target: Line) -> Line {
    let prev = event.prev_content().unwrap_or(&Value::Null);
    let field = |content: &Value, key: &str| {
        content.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let change = |key| (field(prev, key), field(event.content(), key));
    let avatar = change("avatar_url");
    let picture = if avatar.0 == avatar.1 { "" } else { " and the picture" };
    match change("displayname") {
        (before, after) if before == after && picture.is_empty() => {
            target.text(" sent the membership again, unchanged")
        }
        (before, after) if before == after => target.text(" changed the picture"),
        (Some(_), Some(after)) => target.text(" changed the name to ").user(&after).text(picture),
        (None, Some(after)) => target.text(" took the name ").user(&after).text(picture),
        (_, None) => target.text(" removed the name").text(picture),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reply::Reply;

    fn event(sender: &str, before: &Value, after: &Value) -> Event {
        Event(json!({
            "type": "m.room.member", "sender": sender, "state_key": "@t:hs.test", "content": after,
            "unsigned": {"prev_content": before},
        }))
    }

    #[track_caller]
    fn check(sender: &str, before: &str, after: &str, want: &str) {
        let event = event(sender, &json!({"membership": before}), &json!({"membership": after}));
        let said = Reply::new().paragraph(explain(&event, &Names::default())).render().text;
        assert_eq!(said, want, "{sender}: {before} to {after}");
    }

    #[test]
    fn every_pair_has_a_sentence() {
        let (own, other) = ("@t:hs.test", "@s:hs.test");
        check(other, "leave", "invite", "`@s:hs.test` invited `@t:hs.test`");
        check(own, "leave", "join", "`@t:hs.test` joined");
        check(other, "leave", "ban", "`@s:hs.test` banned `@t:hs.test`");
        check(own, "leave", "knock", "`@t:hs.test` asks to be let in");
        check(own, "invite", "join", "`@t:hs.test` accepted the invitation");
        check(own, "invite", "leave", "`@t:hs.test` declined the invitation");
        check(other, "invite", "leave", "`@s:hs.test` withdrew the invitation of `@t:hs.test`");
        check(own, "join", "leave", "`@t:hs.test` left");
        check(other, "join", "leave", "`@s:hs.test` kicked `@t:hs.test`");
        check(other, "join", "ban", "`@s:hs.test` removed and banned `@t:hs.test`");
        check(other, "ban", "leave", "`@s:hs.test` unbanned `@t:hs.test`");
        check(own, "knock", "join", "`@t:hs.test` joined without waiting for an answer");
        check(other, "knock", "leave", "`@s:hs.test` refused to let `@t:hs.test` in");
        check(own, "ban", "join", "`@t:hs.test` joined, though banned (this should not happen)");
        check(own, "leave", "prison", "`@t:hs.test` was given the unknown membership “prison”");
        let all = ["invite", "join", "leave", "ban", "knock"];
        let sentences: std::collections::BTreeSet<String> = all
            .iter()
            .flat_map(|before| {
                all.iter().flat_map(move |after| [(own, before, after), (other, before, after)])
            })
            .map(|(sender, before, after)| {
                let event = event(sender, &json!({"membership": before}), &json!({"membership": after}));
                Reply::new().paragraph(explain(&event, &Names::default())).render().text
            })
            .collect();
        assert!(sentences.len() >= 25, "each pair has its own sentence: {sentences:#?}");
    }

    #[test]
    fn reasons_and_names_are_told() {
        let ban = event(
            "@s:hs.test",
            &json!({"membership": "join", "displayname": "Tim"}),
            &json!({"membership": "ban", "reason": "spam"}),
        );
        let said = Reply::new().paragraph(explain(&ban, &Names::default())).render().text;
        assert_eq!(said, "`@s:hs.test` removed and banned Tim (`@t:hs.test`), because “spam”");
        let rename = event(
            "@t:hs.test",
            &json!({"membership": "join", "displayname": "Tim"}),
            &json!({"membership": "join", "displayname": "Tom"}),
        );
        let said = Reply::new().paragraph(explain(&rename, &Names::default())).render().text;
        assert_eq!(said, "Tim (`@t:hs.test`) changed the name to “Tom”");
    }
}
