//! `!report`: what the server, and the bot, keep of reports themselves: delete one, ignore what somebody reports.

use ruma::OwnedUserId;

use super::{Access, Acting, Command, Decision, Draft, Failure, Subject, World, facts::reason};
use crate::{
    model::{Report as Filed, ReportKind, is_local},
    plan::Step,
    ports::{CaseId, FORWARDED},
    reply::{Line, Reply},
    text::{duration::date, target::UserTarget},
};

/// Delete a report from the server, or ignore what somebody reports
///
/// delete takes the number that the server gave the report, as !case shows it, of a reported message, or with --user of a
/// reported user; its case stays here. ignore makes no more cards of what somebody reports, heed takes it seriously again.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!report delete <number> [--user] | !report ignore <@user> | !report heed <@user> [--dry-run] [--yes]"
)]
pub(super) struct Report {
    /// What to do
    #[arg(value_name = "delete|ignore|heed", hide_possible_values = true, ignore_case = true)]
    action: Action,
    /// The number of the report, or the user who reports
    #[arg(value_name = "number or @user")]
    whom: String,
    /// Why, for the audit
    #[arg(value_name = "reason")]
    reason: Vec<String>,
    /// With delete: the report is about a user, not about a message
    #[arg(long)]
    user: bool,
    #[command(flatten)]
    acting: Acting,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Delete,
    Ignore,
    Heed,
}

pub(super) enum Facts {
    /// A report to delete, and the case that it is in.
    Filed(Box<Filed>, Option<CaseId>),
    /// Somebody who is ignored, or not.
    Reporter { user: OwnedUserId, ignored: bool },
}

impl Command for Report {
    const NAME: &'static str = "report";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!report delete 7";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        if self.action == Action::Delete {
            return self.filed(world).await;
        }
        if self.user {
            let line = Line::new().code("--user").text(" goes with ").code("delete").text(" only.");
            return Err(Failure::told(line));
        }
        let user = self.whom.parse::<UserTarget>();
        let UserTarget(user) =
            user.map_err(|error| Failure::told(Line::new().name_long(format!("{error}"))))?;
        if !is_local(&user, world.lookup.me()) {
            let line = Line::new().code(user.as_str());
            return Err(Failure::told(
                line.text(" is of another server: only users of this server report here."),
            ));
        }
        let ignored = world.records.ignored_reporters()?.contains(user.as_str());
        Ok(Facts::Reporter { user, ignored })
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let (step, preview) = match facts {
            Facts::Filed(report, case) => (Step::DeleteReport { report: report.key }, shown(&report, case)),
            Facts::Reporter { user, ignored } => {
                let line = Line::new().code(user.as_str());
                match (self.action, ignored) {
                    (Action::Heed, false) => {
                        return Ok(Decision::Answer(Reply::text(line.text(" is not ignored."))));
                    }
                    (Action::Heed, true) => (
                        Step::HeedReporter { user },
                        Reply::text(line.text(": what they report makes cards again.")),
                    ),
                    (_, true) => {
                        return Ok(Decision::Answer(Reply::text(line.text(" is ignored already."))));
                    }
                    (_, false) => (
                        Step::IgnoreReporter { user },
                        Reply::text(
                            line.text(": what they alone report makes no more cards; !reports lists it."),
                        ),
                    ),
                }
            }
        };
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![step],
            because: reason(&self.reason),
            preview,
            undoes: None,
            // It settles nothing: the case stays as it is.
            case: None,
            lasts: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

impl Report {
    async fn filed(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (kind, other) = if self.user {
            (ReportKind::User, "without --user, for a report of a message")
        } else {
            (ReportKind::Event, "with --user, for a report of a user")
        };
        let number = self.whom.trim_start_matches('#').parse::<u64>().ok().filter(|number| *number > 0);
        let Some(number) = number else {
            let line = Line::new().user(&self.whom).text(" is no number of a report. ");
            return Err(Failure::told(line.code("!case").text(" shows the numbers of a case's reports.")));
        };
        if number >= FORWARDED {
            return Err(Failure::told(Line::from(
                "The server does not tell of that report: it reached me by another way, and there is none to delete.",
            )));
        }
        let Some(report) = world.lookup.filed_report(kind, number).await? else {
            return Err(Failure::told(Line::new().text(format!(
                "The server has no {} report {number} (any more). Check the number, or try {other}.",
                kind.word()
            ))));
        };
        let case = world.records.case_about(&report.about)?.map(|case| case.id);
        Ok(Facts::Filed(Box::new(report), case))
    }
}

/// What a report is.
fn shown(report: &Filed, case: Option<CaseId>) -> Reply {
    let reply = Reply::text(Line::new().strong(format!(
        "Delete {} report {} from the server",
        report.key.kind.word(),
        report.key.id
    )))
    .fact("About", Line::new().code(report.about.id()));
    let reply = match report.about.room_id() {
        Some(room) => reply.fact("Room", Line::new().code(room)),
        None => reply,
    };
    let reply = match &report.author {
        Some(author) => reply.fact("By", Line::new().code(author)),
        None => reply,
    };
    let because = Line::new().code(&report.reporter).text(format!(", {}", date(report.key.received_ts)));
    let because = match report.reason.as_deref().filter(|reason| !reason.is_empty()) {
        Some(reason) => because.text(": ").user(reason),
        None => because.text(", without a reason"),
    };
    let reply = reply.fact("Reported by", because);
    match case {
        Some(case) => reply.paragraph(Line::new().code(format!("!case {case}")).text(" stays as it is.")),
        None => reply,
    }
}
