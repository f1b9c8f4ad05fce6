//! What is said of rules.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    plan::PlanId,
    ports::Case,
    reply::{Block, Line, Reply},
    rules::{case::subject, reports::Rule},
    text::duration::in_words,
};

/// “The rule “spam” matches case 7 (a message in …).”
fn matches(rule: &Rule, case: &Case) -> Line {
    Line::new()
        .text("The rule ")
        .user(&rule.name)
        .text(format!(" matches case {} (", case.id))
        .append(subject(case))
        .text("). ")
}

/// What a rule on trial would have done.
pub(super) fn would_have(
    rule: &Rule,
    case: &Case,
    preview: Reply,
    missing: &[Line],
    objection: Option<&Line>,
) -> Reply {
    let line = matches(rule, case)
        .strong("Dry run: nothing was done. ")
        .text("It would have: ")
        .append(rule.actions_in_words())
        .text(".");
    let reply = Reply::text(line).append(preview);
    let reply = lacks(reply, missing);
    match objection {
        Some(why) => reply.paragraph(Line::new().text("It would have been held back: ").append(why.clone())),
        None => reply,
    }
}

/// A rule did nothing; why.
pub(super) fn held(rule: &Rule, case: &Case, why: &Line) -> Reply {
    Reply::text(matches(rule, case).strong("Nothing was done: ").append(why.clone())).paragraph(look(case))
}

/// A rule could not do all that it is to do.
pub(super) fn incomplete(rule: &Rule, case: &Case, missing: &[Line]) -> Reply {
    lacks(Reply::text(matches(rule, case)), missing)
}

/// Moderators are mentioned.
pub(super) fn notice(rule: &Rule, case: &Case) -> Reply {
    Reply::text(matches(rule, case).append(look(case)))
}

/// What cannot be done, as one reason.
pub(super) fn why(missing: &[Line]) -> Line {
    missing
        .iter()
        .enumerate()
        .fold(Line::new(), |all, (n, line)| all.text(if n == 0 { "" } else { " " }).append(line.clone()))
}

/// Why a shutdown is asked for.
pub(super) const SHUTDOWN: &str = "No rule shuts a room down by itself, so I ask.";

/// Why what a rule may do is asked for.
pub(super) fn many(per_hour: u32) -> String {
    format!(
        "In the last hour rules did as much as they may ({per_hour}: reports.max_actions_per_hour), so I ask."
    )
}

/// Why a rule only asks for what needs a second moderator.
pub(super) fn second(names: &BTreeSet<&str>) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("!{name}")).collect();
    format!("safety.second_moderator names {}, so I ask.", names.join(", "))
}

/// Why a rule only asks that comes behind another, of which it is not known whether it matches.
pub(super) fn behind(place: usize) -> String {
    format!("Whether rule {}, which comes first, matches is not known, so I ask.", place + 1)
}

/// Why a rule only asks of whose actions some cannot be done.
pub(super) const PARTLY: &str = "Not all that the rule is to do can be done, so I ask.";

/// Why a rule only asks that a moderator contradicted.
pub(super) fn undone(plan: PlanId) -> String {
    format!("A moderator undid the same against this author in the last 30 days (job {plan}), so I ask.")
}

/// So many messages were written that no more are.
pub(super) fn said_enough(messages: u32) -> Reply {
    Reply::text(
        Line::new()
            .strong("Rules match more often than anybody reads. ")
            .text(format!(
                "In the last hour I wrote {messages} messages about them. Until that is an hour ago I write no more, and \
                 mention nobody; what they do goes on. "
            ))
            .code("!rules")
            .text(" lists them, ")
            .code("!reports")
            .text(" the cases."),
    )
}

/// Nobody is mentioned any more.
pub(super) fn unmentioned(per_hour: u32) -> String {
    format!(
        "Nobody is mentioned: rules did so as often as they may in an hour ({per_hour}: reports.max_actions_per_hour)."
    )
}

/// So much is asked for that nothing more is.
pub(super) fn too_many(per_hour: u32) -> Reply {
    Reply::text(
        Line::new()
            .strong("Rules match more often than they may act. ")
            .text(format!(
                "In the last hour they did {per_hour} things or asked for more (reports.max_actions_per_hour). Until that \
                 is an hour ago, what they want beyond it is not asked for either. "
            ))
            .code("!reports")
            .text(" lists the cases, ")
            .code("!rules")
            .text(" the rules."),
    )
}

/// Why a rule did nothing for a while.
pub(super) fn cooling(cooldown: Duration) -> String {
    format!("It acted against the same author less than {} ago.", in_words(cooldown))
}

/// A moderator was quicker.
pub(super) const CLOSED: &str = "A moderator has closed the case.";
/// There is nothing left to do.
pub(super) const DONE: &str = "All of it was done already.";
/// Nobody is asked about what nobody sees.
pub(super) const UNSEEN: &str = "It would ask, and the case was held back without a card.";
/// Too much is asked for.
pub(super) const TOO_MANY: &str = "Rules matched more often in that hour than they may act.";

/// All words of an answer, in a line.
pub(super) fn in_a_line(reply: &Reply) -> Line {
    let lines = reply.blocks.iter().flat_map(|block| match block {
        Block::Heading(line) | Block::Paragraph(line) => vec![line.clone()],
        Block::List(lines) | Block::Quote(lines) => lines.clone(),
        Block::Facts(facts) => facts.iter().map(|(_, value)| value.clone()).collect(),
        Block::Preformatted(_) | Block::More { .. } => Vec::new(),
    });
    why(&lines.collect::<Vec<_>>())
}

fn lacks(reply: Reply, missing: &[Line]) -> Reply {
    match missing {
        [] => reply,
        missing => reply.paragraph("What could not be done:").list(missing.iter().cloned()),
    }
}

fn look(case: &Case) -> Line {
    Line::new()
        .code(format!("!case {}", case.id))
        .text(" shows the case, ")
        .code("!rules")
        .text(" the rules.")
}
