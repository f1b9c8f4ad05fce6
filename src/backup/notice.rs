//! What a restored bot tells the management room: from when it is, what it no longer knows, and what to look at.

use gleipnir_core::{
    model::Millis,
    plan::{Plan, PlanId},
    ports::CaseId,
    reply::{Line, Reply},
    text::duration::date,
};

/// How many jobs of a kind are named.
const NAMED: usize = 20;

/// What became of a database that was restored.
pub(super) struct Restored {
    /// When the backup was made.
    pub(super) made_at: Millis,
    /// What waited for a confirmation then.
    pub(super) proposed: Vec<Plan>,
    /// What was under way then.
    pub(super) running: Vec<Plan>,
    /// What was being ended then, or should have ended by itself since.
    pub(super) over: Vec<Plan>,
    /// What ends by itself.
    pub(super) lasting: Vec<Plan>,
    /// The number of the next job.
    pub(super) plans_from: PlanId,
    /// The number of the next case.
    pub(super) cases_from: CaseId,
}

/// The key of the message, in the database with this random word: each restoration is told once.
pub(crate) fn key(instance: &str) -> String {
    format!("restored-{instance}")
}

impl Restored {
    /// The message.
    pub(super) fn notice(&self) -> Reply {
        let first = Line::new()
            .text(format!("⚠ I was restored from a backup of {}. ", date(self.made_at)))
            .text("Jobs, cases and decisions from after that I no longer know: ")
            .code("!audit")
            .text(" lacks them, ")
            .code("!undo")
            .text(" cannot take them back, and they may have changed what earlier ones did.");
        let reply = Reply::new().paragraph(first).list([
            Line::new()
                .text("Commands and confirmations from before this message are not run: send them again."),
            Line::new()
                .text("Reports from after the backup are read again and get new cases. Rules do not act on them: ")
                .code("!reports")
                .text(" lists them."),
            Line::new().text(format!(
                "New jobs begin at {}, new cases at {}, so that no number means two things.",
                self.plans_from, self.cases_from
            )),
        ]);
        let reply = named(
            reply,
            "These jobs were under way. I do not go on with them, and do not know what became of them: look before you \
             ask for them again.",
            &self.running,
            job,
        );
        let reply =
            named(reply, "These jobs waited for a confirmation and are dropped:", &self.proposed, job);
        let reply = named(
            reply,
            "The time of these is over. Whether I ended them since, and whether somebody decided otherwise, I do not know. I \
             do not end them by myself: look, and end what still holds.",
            &self.over,
            |plan| job(plan).text(": ").code(format!("!undo {}", plan.id)),
        );
        named(
            reply,
            "These still end by themselves. If somebody decided otherwise since, ask for it again before then:",
            &self.lasting,
            |plan| match plan.lasts_until() {
                Some(until) => job(plan).text(format!(", at {}", date(until))),
                None => job(plan),
            },
        )
    }
}

fn named(reply: Reply, heading: &str, plans: &[Plan], line: impl Fn(&Plan) -> Line) -> Reply {
    if plans.is_empty() {
        return reply;
    }
    let reply = reply.paragraph(Line::new().text(heading)).list(plans.iter().take(NAMED).map(line));
    reply.more(plans.len().saturating_sub(NAMED), "jobs")
}

fn job(plan: &Plan) -> Line {
    Line::new()
        .text(format!("job {}: ", plan.id))
        .user(&plan.typed)
        .text(" (asked for by ")
        .code(plan.asked_by.as_str())
        .text(")")
}
