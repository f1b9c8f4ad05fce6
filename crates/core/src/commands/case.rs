//! `!case`: what was reported, with every report of it.

use serde_json::{Value, json};

use super::{
    Access, Command, Decision, Failure, Subject, World,
    cases::{known, number},
    facts::FileKind,
};
use crate::{
    cards::beside,
    model::Report,
    ports::{Case as Kept, CaseId},
    reply::{Added, MOST_BYTES, Table},
    rules::case::{Beside, in_full, reporters::newness},
    text::{duration::date, number::counted},
};

/// Show a case: what was reported, every report of it, and how far it is
///
/// A file in JSON has as well what I kept of what was reported and of what was written around it.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!case <case> [--file[=csv|json]]")]
pub(super) struct Case {
    /// The number of the case
    #[arg(value_name = "case", value_parser = number)]
    case: CaseId,
    /// Attach every report as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

impl Command for Case {
    const NAME: &'static str = "case";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!case 12";
    type Facts = (Kept, Beside);

    async fn gather(&self, world: &World<'_>) -> Result<(Kept, Beside), Failure> {
        let case = known(world, self.case)?;
        let beside = beside(world.records, world.settings, &case, None)?;
        Ok((case, beside))
    }

    fn decide(self, (case, beside): (Kept, Beside), _world: &World<'_>) -> Result<Decision, Failure> {
        let reply = in_full(&case, &beside);
        let Some(kind) = self.file else { return Ok(Decision::Answer(reply)) };
        let (table, left_out) = file(&case, kind);
        let reply = match left_out {
            0 => reply,
            left_out => reply.paragraph(format!(
                "The file is as large as it may be: it lacks {}.",
                counted(left_out, "report")
            )),
        };
        Ok(Decision::Answer(reply.attach(table.finish())))
    }
}

const HEADERS: &[&str] = &["case", "kind", "report", "received_at", "reporter", "reason"];

/// The reports, newest first, as far as a file goes; and how many it lacks. In JSON the case itself precedes them.
fn file(case: &Kept, kind: FileKind) -> (Table, u64) {
    let name = format!("case-{}", case.id);
    let mut left_out = 0;
    let mut table = match kind {
        FileKind::Csv => kind.table(&name, HEADERS),
        FileKind::Json => {
            let mut table = Table::list(&name, MOST_BYTES);
            // What was kept is a dozen events at most: it always fits.
            table.add([whole(case)]);
            table
        }
    };
    for report in sorted(&case.reports) {
        let added = match kind {
            FileKind::Csv => table.add(row(case.id, report)),
            FileKind::Json => table.add([json!(report)]),
        };
        left_out += u64::from(added == Added::Full);
    }
    (table, left_out)
}

fn sorted(reports: &[Report]) -> Vec<&Report> {
    let mut sorted: Vec<&Report> = reports.iter().collect();
    sorted.sort_by_key(|report| std::cmp::Reverse(newness(report)));
    sorted
}

/// A report, in the order of [`HEADERS`].
fn row(case: CaseId, report: &Report) -> [Value; 6] {
    [
        json!(case),
        json!(report.key.kind.word()),
        json!(report.key.id),
        json!(date(report.key.received_ts)),
        json!(report.reporter),
        json!(report.reason),
    ]
}

/// The case without its reports.
fn whole(case: &Kept) -> Value {
    json!({
        "case": case.id,
        "about": case.about,
        "state": case.state.word(),
        "by": case.by,
        "note": case.note,
        "opened_at": case.opened_at,
        "changed_at": case.changed_at,
        "evidence": case.evidence,
    })
}
