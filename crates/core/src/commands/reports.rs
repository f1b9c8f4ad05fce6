//! `!reports`: the cases that abuse reports made.

use serde_json::{Value, json};

use super::{Access, Command, Decision, Failure, Subject, World, facts::FileKind, sheet::Sheet};
use crate::{
    model::About,
    ports::{Case, CaseState, Priority, WhichCases},
    reply::{Added, Line, Reply},
    rules::case::{
        author, in_a_line,
        reporters::{first_and_last, newest_reason, people},
    },
    text::{duration::date, number::counted},
};

/// List the cases that abuse reports made, newest first
///
/// Open ones of high priority come before all others. The file has the newest first, whatever their priority.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!reports [open|mine|all] [--page <number>] [--file[=csv|json]]")]
pub(super) struct Reports {
    /// Those that are not settled, those of them that you claimed, or all
    #[arg(value_name = "open|mine|all", default_value = "open", ignore_case = true)]
    which: Which,
    /// Which page, from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Attach all of them as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Which {
    Open,
    Mine,
    All,
}

/// How many cases a page shows.
const SHOWN: usize = 15;

impl Command for Reports {
    const NAME: &'static str = "reports";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!reports mine";
    type Facts = Vec<Case>;

    async fn gather(&self, world: &World<'_>) -> Result<Vec<Case>, Failure> {
        let which = match self.which {
            Which::Open => {
                WhichCases { states: vec![CaseState::Open, CaseState::Claimed], ..WhichCases::default() }
            }
            Which::Mine => WhichCases {
                states: vec![CaseState::Claimed],
                by: Some(world.asker.to_owned()),
                ..WhichCases::default()
            },
            Which::All => WhichCases::default(),
        };
        Ok(world.records.cases(&which)?)
    }

    fn decide(self, cases: Vec<Case>, world: &World<'_>) -> Result<Decision, Failure> {
        if cases.is_empty() {
            return Ok(Decision::Answer(Reply::text(self.none())));
        }
        let mut listed: Vec<&Case> = cases.iter().collect();
        listed.sort_by_key(|case| !(case.state.is_open() && case.priority == Priority::High));
        let sheet = Sheet::of(listed.into_iter().map(in_a_line).collect(), world.at, self.page, SHOWN)?;
        let total = cases.len() as u64;
        let what = match self.which {
            Which::Open => counted(total, "open case"),
            Which::Mine => format!("{} of yours", counted(total, "open case")),
            Which::All => counted(total, "case"),
        };
        let reply = Reply::new()
            .paragraph(format!("{what}{}:", sheet.words()))
            .list(sheet.lines.clone())
            .paragraph(Line::new().code("!case <case>").text(" shows one in full."));
        let Some(kind) = self.file else { return Ok(sheet.decide(reply)) };
        let mut table = kind.table("reports", HEADERS);
        let is_cut = cases.iter().any(|case| table.add(row(case)) == Added::Full);
        let reply = if is_cut {
            let rows = counted(table.rows(), "case");
            reply.paragraph(format!("The file is as large as it may be: it has the newest {rows} only."))
        } else {
            reply
        };
        Ok(Decision::Answer(reply.attach(table.finish())))
    }
}

impl Reports {
    fn none(&self) -> Line {
        match self.which {
            Which::Open => Line::new()
                .text("No case is open. ")
                .code("!reports all")
                .text(" lists those that were settled."),
            Which::Mine => Line::new()
                .text("You look after no case. ")
                .code("!reports")
                .text(" lists the open ones, ")
                .code("!claim <case>")
                .text(" takes one."),
            Which::All => Line::new().text("Nothing was reported since I look after reports."),
        }
    }
}

const HEADERS: &[&str] = &[
    "case",
    "kind",
    "state",
    "room",
    "about",
    "author",
    "reports",
    "reporters",
    "first_at",
    "last_at",
    "last_reason",
    "by",
    "note",
    "changed_at",
];

/// A case, in the order of [`HEADERS`].
fn row(case: &Case) -> [Value; 14] {
    let times = first_and_last(&case.reports);
    let room = match &case.about {
        About::Event { room_id, .. } | About::Room { room_id } => Some(room_id),
        About::User { .. } => None,
    };
    [
        json!(case.id),
        json!(case.about.kind().word()),
        json!(case.state.word()),
        json!(room),
        json!(case.about.id()),
        json!(author(case)),
        json!(case.reports.len()),
        json!(people(&case.reports)),
        json!(times.map(|(first, _)| date(first))),
        json!(times.map(|(_, last)| date(last))),
        json!(newest_reason(&case.reports)),
        json!(case.by),
        json!(case.note),
        json!(date(case.changed_at)),
    ]
}
