//! The rules that react to reports by themselves: each by its name, and whether one of them would act on everything. That
//! they are valid was decided when the configuration was read.

use gleipnir_core::{
    reply::{Line, Reply},
    rules::reports::{Condition, Glob, Mode, Rule, RuleAction},
};

use super::finding::{Finding, Subject};
use crate::config::Reports;

/// A line for each rule.
pub(super) fn examine(reports: &Reports) -> Vec<Finding> {
    let rules = reports.rules().list;
    if rules.is_empty() {
        return vec![Subject::Rules.good("none: every report waits for a moderator")];
    }
    rules.iter().map(examine_one).collect()
}

fn examine_one(rule: &Rule) -> Finding {
    let does: Vec<String> = rule.actions.iter().map(|action| plain(action.in_words())).collect();
    let (name, does) = (&rule.name, does.join(", "));
    if rule.mode == Mode::DryRun {
        return Subject::Rules.good(format!("“{name}” is on trial, and would {does}"));
    }
    let text = format!("“{name}” acts: {does}");
    if rule.actions.iter().any(changes_something) && rule.when.iter().all(is_always_so) {
        return Subject::Rules.warning(
            format!("{text}; and that on every report, for none of its conditions leaves one out"),
            "Give it a condition that does (author, text, distinct_reporters, …), or mode = \"dry-run\" until you have seen \
             what it would do.",
        );
    }
    Subject::Rules.good(text)
}

fn plain(line: Line) -> String {
    // Backticks mean something in a room only.
    Reply::text(line).render().text.replace('`', "")
}

/// Whether it does more than tell somebody.
fn changes_something(action: &RuleAction) -> bool {
    match action {
        RuleAction::Case(_) | RuleAction::Resolve | RuleAction::Dismiss | RuleAction::IgnoreReporter => true,
        RuleAction::Prioritize | RuleAction::Notify(_) | RuleAction::Webhook(_) => false,
    }
}

/// Whether a condition leaves nothing out of what it is about. It is asked of what nobody would write to mean something.
fn is_always_so(condition: &Condition) -> bool {
    let any =
        |globs: &[Glob], like: [&str; 2]| globs.iter().any(|glob| like.iter().all(|text| glob.matches(text)));
    match condition {
        Condition::Kind(kinds) => kinds.len() >= 3,
        Condition::Text(pattern) | Condition::Name(pattern) | Condition::Reason(pattern) => {
            ["", "a", "7 #!\n\u{e4}"].iter().all(|text| pattern.matches(text))
        }
        Condition::Author(globs) | Condition::Reporter(globs) | Condition::TrustedReporters(globs) => {
            any(globs, ["@a:b", "@7_.-:x.example.org:8448"])
        }
        Condition::Room(globs) => any(globs, ["!a:b", "!7-_x"]) || any(globs, ["#a:b", "#7:x.example.org"]),
        Condition::Server(globs) => any(globs, ["b", "x.example.org:8448"]),
        Condition::DistinctReporters { count, .. } => *count <= 1,
        Condition::MembersAbove(members) => *members == 0,
        Condition::Local(_)
        | Condition::AuthorAgeBelow(_)
        | Condition::MediaType(_)
        | Condition::JoinRule(_)
        | Condition::MembersBelow(_)
        | Condition::Blocked(_)
        | Condition::TimeOfDay(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{check::finding::Mark, config::Config};

    fn found(rules: &str) -> Vec<Finding> {
        let text = format!(
            "[homeserver]\nurl = \"http://127.0.0.1:8008\"\nuser_id = \"@g:hs.test\"\npassword = \"p\"\n\
             [management]\nroom = \"!m:hs.test\"\n[storage]\npath = \"data\"\n{rules}"
        );
        examine(&Config::parse(&text, Path::new("")).unwrap().reports)
    }

    #[test]
    fn rules_are_named_and_those_that_act_on_everything_are_warned_of() {
        for (rule, mark, words) in [
            ("when = { author = \"@*:evil.test\" }\ndo = \"redact\"", Mark::Good, "“r” acts: redact"),
            (
                "when = { author = \"*\" }\ndo = \"redact\"\nmode = \"dry-run\"",
                Mark::Good,
                "on trial, and would redact",
            ),
            ("when = { author = \"@*\" }\ndo = \"redact\"", Mark::Warning, "every report"),
            ("when = { text = '.*', server = \"*\" }\ndo = \"suspend\"", Mark::Warning, "every report"),
            ("when = { text = 'spam', server = \"*\" }\ndo = \"suspend\"", Mark::Good, "suspend"),
            (
                "when = { kind = [\"event\", \"user\", \"room\"] }\ndo = \"dismiss\"",
                Mark::Warning,
                "every report",
            ),
            ("when = { distinct_reporters = 1 }\ndo = \"ban\"", Mark::Warning, "every report"),
            ("when = { room = \"!*\" }\nnotify = \"@m:hs.test\"", Mark::Good, "notify @m:hs.test"),
        ] {
            let findings = found(&format!("[[reports.rules]]\nname = \"r\"\n{rule}\n"));
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].mark, mark, "{findings:?}");
            assert!(findings[0].text.contains(words), "{findings:?}");
        }
        assert!(found("")[0].text.starts_with("none"));
    }
}
