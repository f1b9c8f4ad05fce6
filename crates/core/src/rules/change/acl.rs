//! Which servers may take part in a room: `m.room.server_acl`.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl>

use ruma::{ServerName, events::room::server_acl::RoomServerAclEventContent};
use serde_json::Value;

use super::{
    Change,
    words::{added, again, listed, no_texts, texts},
};
use crate::{
    reply::Line,
    rules::{explain::Explanation, state},
};

/// What the list of a content means, by the specification's own reading. Entries that are no texts do not count.
pub(super) fn list(content: &Value) -> RoomServerAclEventContent {
    let owned = |key| texts(content, key).into_iter().map(str::to_owned).collect();
    RoomServerAclEventContent::new(literals(content), owned("allow"), owned("deny"))
}

/// "Defaults to true."
fn literals(content: &Value) -> bool {
    content.get("allow_ip_literals").and_then(Value::as_bool).unwrap_or(true)
}

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let after = change.after();
    let who = change.who();
    let mut told = match change.before() {
        None => Explanation {
            details: state::details(change.event),
            ..state::server_acl(who.text(" set which servers may take part: "), after).into()
        },
        Some(before) => match differences(before, after) {
            differences if differences.is_empty() => again(who, "which servers may take part").into(),
            differences => listed(who.text(" changed which servers may take part"), differences),
        },
    };
    told.warnings.extend(warnings(change));
    told
}

fn differences(before: &Value, after: &Value) -> Vec<Line> {
    let entries = |key| (texts(before, key), texts(after, key));
    let each = |entries: Vec<&str>, words: &'static str| {
        entries.into_iter().map(|entry| Line::new().code(entry).text(words)).collect::<Vec<Line>>()
    };
    let (denied, allowed) = (entries("deny"), entries("allow"));
    let mut all = each(added(&denied.0, &denied.1), " is denied");
    all.extend(each(added(&denied.1, &denied.0), " is no longer denied"));
    all.extend(each(added(&allowed.1, &allowed.0), " is no longer allowed"));
    all.extend(each(added(&allowed.0, &allowed.1), " is allowed"));
    all.extend(match (literals(before), literals(after)) {
        (true, false) => Some(Line::from("servers without a name are denied")),
        (false, true) => Some(Line::from("servers without a name are no longer denied")),
        _ => None,
    });
    all
}

fn warnings(change: &Change<'_>) -> Vec<Line> {
    let list = list(change.after());
    let sender: Option<&ServerName> =
        change.event.sender().split_once(':').and_then(|(_, server)| server.try_into().ok());
    let mut warnings: Vec<Line> = ["allow", "deny"].iter().filter_map(|key| no_texts(change, key)).collect();
    // "Defaults to an empty list when not provided, effectively disallowing every server."
    if list.allow.is_empty() {
        let words = "Every server is locked out, for the list of those allowed is empty: no server takes what comes from another any more. A better list may not reach the others either.";
        warnings.push(words.into());
        return warnings;
    }
    let here = change.around.here;
    if let Some(here) = here.filter(|here| !list.is_allowed(here)) {
        let line = Line::new().text("This server (").code(here.as_str()).text(") is denied: ");
        warnings.push(line.text("what its users do no longer reaches the others."));
    }
    if let Some(sender) = sender.filter(|sender| Some(*sender) != here && !list.is_allowed(sender)) {
        let line = Line::new().text("The server of whoever set this (").code(sender.as_str());
        warnings.push(line.text(") is denied as well: they have locked themselves out."));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use ruma::server_name;
    use serde_json::json;

    use crate::rules::{
        change::scene::{changed, set, told, told_around},
        explain::Around,
    };

    const KIND: &str = "m.room.server_acl";
    const LOCKED_OUT: &str = "Every server is locked out, for the list of those allowed is empty: no server takes what comes from another any more. A better list may not reach the others either.";

    #[test]
    fn first_and_changed() {
        let before = json!({"allow": ["*"], "deny": ["evil.test"], "allow_ip_literals": true});
        told(&set(KIND, &before)).lists(
            "Ana (`@ana:hs.test`) set which servers may take part: all may take part, but for 1 pattern denied",
            &["denied: `evil.test`", "allowed: `*`"],
        );
        for (after, want) in [
            (
                json!({"allow": ["*"], "deny": ["evil.test", "*.bad"]}),
                "changed which servers may take part: `*.bad` is denied",
            ),
            (
                json!({"allow": ["*"], "allow_ip_literals": false}),
                "changed which servers may take part: `evil.test` is no longer denied, servers without a name are denied",
            ),
            (
                json!({"allow": ["hs.test"], "deny": ["evil.test"]}),
                "changed which servers may take part: `*` is no longer allowed, `hs.test` is allowed",
            ),
            (before.clone(), "set which servers may take part again, unchanged"),
            (
                json!({"allow": ["*"], "deny": ["evil.test"], "allow_ip_literals": "no"}),
                "set which servers may take part again, unchanged",
            ),
        ] {
            told(&changed(KIND, &before, &after)).says(&format!("Ana (`@ana:hs.test`) {want}"));
        }
        told(&changed(KIND, &before, &json!({"allow": ["*"], "deny": ["a", "b", "c"]}))).lists(
            "Ana (`@ana:hs.test`) changed which servers may take part: `a` is denied, `b` is denied, `c` is denied and 1 more",
            &["`a` is denied", "`b` is denied", "`c` is denied", "`evil.test` is no longer denied"],
        );
    }

    #[test]
    fn lock_outs() {
        told(&set(KIND, &json!({}))).warns(
            "Ana (`@ana:hs.test`) set which servers may take part: none may take part, for the list of those allowed is empty, none is denied",
            &[LOCKED_OUT],
        );
        told(&changed(KIND, &json!({"allow": ["*"]}), &json!({"allow": "*", "deny": [1, 2]}))).warns(
            "Ana (`@ana:hs.test`) changed which servers may take part: `*` is no longer allowed",
            &[
                "`allow` is no list, and counts as an empty one.",
                "`deny` has 2 entries that are no texts and do not count.",
                LOCKED_OUT,
            ],
        );
        let event = changed(KIND, &json!({"allow": ["*"]}), &json!({"allow": ["*"], "deny": ["HS.*"]}));
        let sentence = "Ana (`@ana:hs.test`) changed which servers may take part: `HS.*` is denied";
        let here = |here| Around { here: Some(here), ..Around::default() };
        told_around(&event, &here(server_name!("hs.test"))).warns(
            sentence,
            &["This server (`hs.test`) is denied: what its users do no longer reaches the others."],
        );
        told_around(&event, &here(server_name!("far.test:8448"))).warns(
            sentence,
            &["The server of whoever set this (`hs.test`) is denied as well: they have locked themselves out."],
        );
        let literal =
            changed(KIND, &json!({"allow": ["*"]}), &json!({"allow": ["*"], "allow_ip_literals": false}));
        told_around(&literal, &here(server_name!("[::1]:8448"))).warns(
            "Ana (`@ana:hs.test`) changed which servers may take part: servers without a name are denied",
            &["This server (`[::1]:8448`) is denied: what its users do no longer reaches the others."],
        );
    }
}
