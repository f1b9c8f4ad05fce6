//! Rules of policy lists: `m.policy.rule.*`, under older names as well, and the drafts that lists use already
//! (MSC4204 takedown, MSC4205 hashes).
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#moderation-policy-lists>

use ruma::{ServerName, events::room::server_acl::RoomServerAclEventContent};
use serde_json::Value;

use super::{
    Change,
    words::{is_empty, json, text},
};
use crate::{reply::Line, rules::explain::Explanation};

/// A rule by its state key, when its content does not tell what it is.
pub(super) fn keyed(change: &Change<'_>) -> Line {
    match change.key() {
        "" => Line::from("the policy rule without a state key"),
        key => Line::new().text("the policy rule ").code(key),
    }
}

/// What a rule is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    User,
    Room,
    Server,
}

/// What rules of a type are about; `None` for a type that is no policy rule.
pub(super) fn subject(kind: &str) -> Option<Subject> {
    let prefixes = ["m.policy.rule.", "m.room.rule.", "org.matrix.mjolnir.rule."];
    match prefixes.iter().find_map(|prefix| kind.strip_prefix(prefix))? {
        "user" => Some(Subject::User),
        "room" => Some(Subject::Room),
        "server" => Some(Subject::Server),
        _ => None,
    }
}

pub(super) fn explain(change: &Change<'_>) -> Explanation {
    let Some(subject) = subject(change.event.kind()) else { return super::unknown::explain(change) };
    let rule = |content| Rule::of(subject, content);
    let after = rule(change.after());
    let who = change.who();
    let line = match (change.before().map(rule), &after) {
        _ if change.is_repeated() => who.text(" set ").append(after.name(change)).text(" again, unchanged"),
        (Some(Rule::None) | None, Rule::None) => who.text(" removed ").append(keyed(change)),
        (Some(before), Rule::None) => who.text(" removed ").append(before.name(change)),
        (Some(Rule::None), after) => who.text(" added ").append(after.name(change)),
        (None, after) => who.text(" set ").append(after.name(change)),
        (Some(before), after) if before.name(change) == after.name(change) => {
            who.text(" changed ").append(after.name(change))
        }
        (Some(before), after) => {
            let line = who.text(" changed a policy rule: now ").append(after.name(change));
            line.text("; before: ").append(before.name(change))
        }
    };
    let sentence = match text(change.after(), "reason") {
        Some(reason) => line.text(", because ").user(reason),
        None => line,
    };
    let warnings = after.warnings(change.around.here);
    Explanation { sentence, details: Vec::new(), warnings }
}

/// A rule as its content says it.
enum Rule<'a> {
    /// "Removed": there is no content.
    None,
    /// Something else than a rule.
    Unreadable(&'a Value),
    /// What is recommended, for whom.
    For { subject: Subject, recommendation: &'a str, entity: Entity<'a> },
}

/// Whom a rule is for.
enum Entity<'a> {
    /// An ID or a name, `*` and `?` standing for any.
    Glob(&'a str),
    /// The SHA-256 of an ID or a name, which is not told.
    Hash(&'a str),
}

impl<'a> Rule<'a> {
    fn of(subject: Subject, content: &'a Value) -> Self {
        if is_empty(content) {
            return Self::None;
        }
        let hash = || {
            let hashes = content.get("org.matrix.msc4205.hashes").or_else(|| content.get("hashes"))?;
            text(hashes, "sha256").map(Entity::Hash)
        };
        match (text(content, "recommendation"), text(content, "entity").map(Entity::Glob).or_else(hash)) {
            (Some(recommendation), Some(entity)) => Self::For { subject, recommendation, entity },
            _ => Self::Unreadable(content),
        }
    }

    /// “the rule to ban the user `@x:hs`”
    fn name(&self, change: &Change<'_>) -> Line {
        let line = Line::new();
        match self {
            Self::None => line.text("the empty content of ").append(keyed(change)),
            Self::Unreadable(content) => {
                line.text("a policy rule that names nobody or nothing to do: ").append(json(content))
            }
            Self::For { subject, recommendation, entity } => {
                let line = match *recommendation {
                    "m.ban" | "org.matrix.mjolnir.ban" => line.text("the rule to ban "),
                    "m.takedown" | "org.matrix.msc4204.takedown" => {
                        line.text("the rule to take down, with all its content, ")
                    }
                    "org.matrix.mjolnir.allow" => line.text("the rule to allow "),
                    "fi.mau.meowlnir.unban" => line.text("the rule never to ban "),
                    unknown => {
                        line.text("the rule with the unknown recommendation ").code(unknown).text(" for ")
                    }
                };
                let line = line.text(match subject {
                    Subject::User => "the user ",
                    Subject::Room => "the room ",
                    Subject::Server => "the server ",
                });
                match entity {
                    Entity::Glob(entity) => line.code(*entity),
                    Entity::Hash(hash) => line.text("with the hash ").code(*hash),
                }
            }
        }
    }

    fn warnings(&self, here: Option<&ServerName>) -> Vec<Line> {
        let (subject, recommendation, entity) = match self {
            Self::None => return Vec::new(),
            Self::Unreadable(_) => return vec!["It has no effect: bots cannot read it.".into()],
            Self::For { subject, recommendation, entity } => (*subject, *recommendation, entity),
        };
        let mut warnings = Vec::new();
        let harmless = ["org.matrix.mjolnir.allow", "fi.mau.meowlnir.unban"].contains(&recommendation);
        let line = Line::new();
        match entity {
            Entity::Glob(_) if harmless => {}
            Entity::Glob(entity) if is_everybody(entity) => {
                warnings.push(line.code(*entity).text(" matches everybody or nearly everybody."));
            }
            Entity::Glob(entity) => {
                if let Some(here) = here.filter(|here| is_all_of(subject, entity, here)) {
                    warnings.push(
                        line.code(*entity).text(" matches this server, ").code(here.as_str()).text("."),
                    );
                }
            }
            Entity::Hash(_) => {}
        }
        warnings
    }
}

/// Whether a pattern says nothing but what every ID and name has.
fn is_everybody(glob: &str) -> bool {
    glob.contains('*') && glob.chars().all(|c| "*?@!#:.".contains(c))
}

/// Whether a pattern matches a server, or all of its users.
fn is_all_of(subject: Subject, glob: &str, server: &ServerName) -> bool {
    let servers = match subject {
        Subject::Server => Some(glob),
        Subject::User => {
            glob.split_once(':').filter(|(local, _)| is_everybody(local)).map(|(_, servers)| servers)
        }
        Subject::Room => None,
    };
    // A policy rule and a list of denied servers match in the same way.
    servers.is_some_and(|servers| {
        !RoomServerAclEventContent::new(true, vec!["*".to_owned()], vec![servers.to_owned()])
            .is_allowed(server)
    })
}

#[cfg(test)]
mod tests {
    use ruma::server_name;
    use serde_json::json;

    use crate::rules::{
        change::scene::{keyed, keyed_changed, told, told_around},
        explain::Around,
    };

    const KIND: &str = "m.policy.rule.user";

    #[test]
    fn added_changed_and_removed() {
        let ban = json!({"entity": "@x:evil", "recommendation": "m.ban", "reason": "spam"});
        let none = json!({});
        told(&keyed(KIND, "k", &ban))
            .says("Ana (`@ana:hs.test`) set the rule to ban the user `@x:evil`, because “spam”");
        told(&keyed(KIND, "k", &none)).says("Ana (`@ana:hs.test`) removed the policy rule `k`");
        let ads = json!({"entity": "@x:evil", "recommendation": "m.ban", "reason": "ads"});
        let other = json!({"entity": "@y:evil", "recommendation": "m.ban"});
        for (before, after, want) in [
            (&none, &ban, "added the rule to ban the user `@x:evil`, because “spam”"),
            (&ban, &none, "removed the rule to ban the user `@x:evil`"),
            (&none, &none, "set the empty content of the policy rule `k` again, unchanged"),
            (&ban, &ban, "set the rule to ban the user `@x:evil` again, unchanged, because “spam”"),
            (&ban, &ads, "changed the rule to ban the user `@x:evil`, because “ads”"),
            (
                &ban,
                &other,
                "changed a policy rule: now the rule to ban the user `@y:evil`; before: the rule to ban the user `@x:evil`",
            ),
        ] {
            told(&keyed_changed(KIND, "k", before, after)).says(&format!("Ana (`@ana:hs.test`) {want}"));
        }
    }

    #[test]
    fn types_and_recommendations() {
        for (kind, content, want) in [
            (
                "m.policy.rule.server",
                json!({"entity": "*.evil", "recommendation": "m.ban"}),
                "ban the server `*.evil`",
            ),
            (
                "m.room.rule.room",
                json!({"entity": "!x", "recommendation": "org.matrix.mjolnir.ban"}),
                "ban the room `!x`",
            ),
            (
                "org.matrix.mjolnir.rule.user",
                json!({"entity": "@x:y", "recommendation": "org.matrix.mjolnir.allow"}),
                "allow the user `@x:y`",
            ),
            (
                KIND,
                json!({"entity": "@x:y", "recommendation": "org.matrix.msc4204.takedown"}),
                "take down, with all its content, the user `@x:y`",
            ),
            (
                KIND,
                json!({"recommendation": "m.ban", "org.matrix.msc4205.hashes": {"sha256": "abc="}}),
                "ban the user with the hash `abc=`",
            ),
        ] {
            told(&keyed(kind, "k", &content)).says(&format!("Ana (`@ana:hs.test`) set the rule to {want}"));
        }
        told(&keyed(KIND, "k", &json!({"entity": "@x:y", "recommendation": "fi.mau.meowlnir.unban"})))
            .says("Ana (`@ana:hs.test`) set the rule never to ban the user `@x:y`");
        told(&keyed(KIND, "k", &json!({"entity": "@x:y", "recommendation": "<b>"}))).says(
            "Ana (`@ana:hs.test`) set the rule with the unknown recommendation `<b>` for the user `@x:y`",
        );
        told(&keyed(KIND, "k", &json!({"entity": 7}))).warns(
            "Ana (`@ana:hs.test`) set a policy rule that names nobody or nothing to do: `{\"entity\":7}`",
            &["It has no effect: bots cannot read it."],
        );
        let said = told(&keyed("m.policy.rule.cat", "k", &json!({"entity": "x"}))).sentence;
        assert_eq!(said, "Ana (`@ana:hs.test`) set `m.policy.rule.cat` for `k`");
    }

    #[test]
    fn patterns_that_match_too_many() {
        let around = Around { here: Some(server_name!("hs.test:8448")), ..Around::default() };
        let warnings = |kind: &str, recommendation: &str, entity: &str| {
            let content = json!({"entity": entity, "recommendation": recommendation});
            told_around(&keyed(kind, "k", &content), &around).warnings
        };
        for entity in ["*", "@*", "@*:*", "**", "@?*:*.*"] {
            let want = [format!("`{entity}` matches everybody or nearly everybody.")];
            assert_eq!(warnings(KIND, "m.ban", entity), want);
            assert!(warnings(KIND, "org.matrix.mjolnir.allow", entity).is_empty());
        }
        for (kind, entity) in [
            (KIND, "@*:HS.test"),
            (KIND, "*:h?.test"),
            ("m.policy.rule.server", "*.test"),
            ("m.policy.rule.server", "hs.test"),
        ] {
            assert_eq!(
                warnings(kind, "m.takedown", entity),
                [format!("`{entity}` matches this server, `hs.test:8448`.")]
            );
        }
        for (kind, entity) in
            [(KIND, "@x:*"), (KIND, "@*:evil"), (KIND, "?"), ("m.policy.rule.room", "hs.test")]
        {
            assert!(warnings(kind, "m.ban", entity).is_empty(), "{entity}");
        }
    }
}
