//! How the handling of an event ended, and the line of the log about it: one for each command and each reaction that means
//! something, written when what followed from it was committed. What was not committed is handled again, and has no line yet.

use ruma::EventId;
use tracing::info;

use super::{Desk, Left};
use crate::{
    commands::{
        Decision, Failure,
        line::{Read, read as read_line},
    },
    incoming::{Incoming, read},
    model::Millis,
    plan::{Plan, PlanId},
    ports::{CaseId, InboxEvent},
    reply::Line,
    text::clean::clean,
};

/// How much of a line is logged, in characters.
const LOGGED: usize = 300;

/// How the handling of an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handled {
    /// It was not handled yet.
    Waits,
    /// It is nothing that is answered.
    Ignored,
    /// With an answer.
    Answered,
    /// With why not.
    Refused,
    /// With what is wrong with the homeserver.
    Failed,
    /// With the news that something in the bot broke.
    Broke,
    /// With a job that waits for its confirmation.
    Asks(PlanId),
    /// With a job that was begun without asking.
    Begun(PlanId),
    /// With a job that was confirmed.
    Confirmed(PlanId),
    /// With a job that was dropped.
    Cancelled(PlanId),
    /// With a job that was stopped at work.
    Stopped(PlanId),
    /// With a case that was judged.
    Judged(CaseId),
}

impl Handled {
    /// Whether it is to be handled again.
    pub(super) fn left(self) -> Left {
        if self == Self::Waits { Left::Waiting } else { Left::Nothing }
    }

    /// A word for it; none for what was not handled, or is nothing that is answered.
    fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::Waits | Self::Ignored => return None,
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Broke => "broke",
            Self::Asks(_) => "asks for confirmation",
            Self::Begun(_) => "begun",
            Self::Confirmed(_) => "confirmed",
            Self::Cancelled(_) => "cancelled",
            Self::Stopped(_) => "stopped",
            Self::Judged(_) => "judged",
        })
    }

    fn plan(self) -> Option<PlanId> {
        match self {
            Self::Asks(id)
            | Self::Begun(id)
            | Self::Confirmed(id)
            | Self::Cancelled(id)
            | Self::Stopped(id) => Some(id),
            _ => None,
        }
    }

    fn case(self) -> Option<CaseId> {
        if let Self::Judged(id) = self { Some(id) } else { None }
    }
}

impl Desk {
    /// Logs how a command ended that was begun at a time.
    pub(super) fn log(&self, event: &InboxEvent, handled: Handled, began: Millis) {
        let Some(outcome) = handled.word() else { return };
        let (moderator, command, line) = match read(&event.json, self.lookup.me()) {
            Incoming::Text { sender, text } => {
                let (command, line) = typed(read_line(&text, self.lookup.me()));
                (sender, command, line)
            }
            Incoming::Reaction { sender, key, .. } => (sender, "reaction", key),
            Incoming::Undecryptable { .. } | Incoming::Nothing => return,
        };
        info!(
            %moderator,
            command,
            line = clean(&line, LOGGED),
            plan = handled.plan(),
            case = handled.case(),
            outcome,
            took_ms = self.clock.now() - began,
            event = %event.event_id,
            "command"
        );
    }

    /// Logs that nobody confirmed a job.
    pub(super) fn log_expired(plan: &Plan) {
        let outcome = "expired";
        info!(moderator = %plan.asked_by, command = plan.command, plan = plan.id, outcome, "command");
    }
}

/// A word for what a command came to, before anything of it was committed.
pub(super) fn decided_as(result: &Result<Decision, Failure>) -> &'static str {
    match result {
        Ok(Decision::Answer(_) | Decision::Page(..)) => "answered",
        Ok(Decision::Propose(_)) => "planned",
        Ok(Decision::Confirm(_)) => "confirmed",
        Ok(Decision::Cancel(_)) => "cancelled",
        Ok(Decision::Judge { .. }) => "judged",
        Ok(Decision::Tune(_)) => "tuned",
        Err(Failure::Told(_)) => "refused",
        Err(Failure::Fault(_) | Failure::Store(_) | Failure::Broke) => "failed",
    }
}

/// What the room is told of an error inside the bot.
pub(super) fn internal(reference: &str) -> Line {
    Line::new()
        .text("Something in me broke; nothing was done. My log has more under ")
        .code(reference)
        .text(".")
}

/// What finds an event in the log.
pub(super) fn reference(event: &EventId) -> String {
    event.as_str().trim_start_matches('$').chars().take(8).collect()
}

/// The name of a command and its line, without what may be a secret: also what was meant to be such a command.
fn typed(line: Read) -> (&'static str, String) {
    match line {
        Read::Found(found) if found.entry.has_secrets => {
            (found.entry.name, format!("!{} …", found.entry.name))
        }
        Read::Found(found) => (found.entry.name, found.line),
        Read::Unknown { name, .. } => ("unknown", format!("!{name} …")),
        Read::Unclosed { .. } => ("unknown", "a quote that never closes".to_owned()),
        Read::NotACommand => ("unknown", String::new()),
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn secrets_are_not_in_the_line() {
        for (line, want) in [
            ("!ban @eve:hs.test !a:hs.test spam", "!ban @eve:hs.test !a:hs.test spam"),
            ("!token new --token opensesame", "!token …"),
            ("!gleipnir token show opensesame", "!token …"),
            ("!tokne new --token opensesame", "!tokne …"),
            ("!token new --token \"open sesame", "a quote that never closes"),
        ] {
            assert_eq!(typed(read_line(line, user_id!("@bot:hs.test"))).1, want);
        }
    }
}
