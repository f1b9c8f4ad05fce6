//! `!stats`: how many abuse reports there were, about whom and where, and how fast moderators were.

use std::{collections::BTreeMap, time::Duration};

use ruma::UserId;
use serde_json::{Value, json};

use super::{Access, Command, Decision, Failure, Subject, World, facts::FileKind};
use crate::{
    keeping::not_kept,
    model::{About, Millis},
    plan::{Plan, PlanState},
    ports::{Case, CaseId, Which, WhichCases},
    reply::{Added, Attachment, Line, Reply},
    rules::{
        case::{Evidence, author},
        stats::{Room, Sample, Stats as Counted, chart},
    },
    text::{
        duration::{date, parse_duration},
        number::counted,
    },
};

/// Show how many abuse reports there were, about whom, and how fast moderators were
///
/// Cases are counted by week, by the server of who was reported, by room and by moderator: the one who decided last, or
/// else who acted first; what rules did by themselves counts as nobody's. The answer comes with a picture, or with the
/// file that is asked for: it has a row for each case of that time.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!stats [--since <age>] [--file[=csv|json]]")]
pub(super) struct Stats {
    /// How far to look back, like 7d or 12w
    #[arg(long, value_name = "age", default_value = "30d", value_parser = age)]
    since: Duration,
    /// Attach the cases as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

/// What counts of each case, newest first; and whether those are all that there ever were.
pub(super) struct Facts {
    cases: Vec<(CaseId, Sample)>,
    are_all: bool,
}

impl Command for Stats {
    const NAME: &'static str = "stats";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!stats --since 12w";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let mut jobs: BTreeMap<CaseId, Vec<Plan>> = BTreeMap::new();
        for plan in world.records.plans(&Which::default())? {
            if let Some(case) = plan.case {
                jobs.entry(case).or_default().push(plan);
            }
        }
        let cases = world.records.cases(&WhichCases::default())?;
        let me = world.lookup.me();
        let sample = |case: &Case| (case.id, sample(case, jobs.get(&case.id).map_or(&[], Vec::as_slice), me));
        Ok(Facts {
            cases: cases.iter().map(sample).collect(),
            are_all: world.records.forgotten()?.cases == 0,
        })
    }

    fn decide(self, Facts { cases, are_all }: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let samples: Vec<Sample> = cases.iter().map(|(_, sample)| sample.clone()).collect();
        let stats = Counted::of(&samples, world.now, self.since);
        // What was closed before that is not counted.
        let goes_back = world.settings.keep.is_none_or(|keep| keep < self.since);
        let reply = if goes_back && !are_all {
            stats.reply().paragraph(not_kept("Older cases are not kept, and not counted", world.settings))
        } else {
            stats.reply()
        };
        if stats.is_empty() {
            let hint = Line::new().code("!stats --since 52w").text(" looks back further.");
            return Ok(Decision::Answer(reply.paragraph(hint)));
        }
        Ok(Decision::Answer(match self.file {
            Some(kind) => with_file(reply, kind, &stats, &cases),
            None => with_picture(reply, &stats),
        }))
    }
}

fn age(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err("Looking back takes some time, like 7d.".to_owned()),
        Ok(age) => Ok(age),
        Err(error) => Err(error.to_string()),
    }
}

/// What counts of a case, whose jobs are given. What rules did is nobody's action: `me` does not count.
fn sample(case: &Case, jobs: &[Plan], me: &UserId) -> Sample {
    let is_person = |by: &UserId| by != me;
    let decisions = case.decisions.iter().map(|decision| (decision.at, &decision.by));
    // What was only proposed has done nothing.
    let done = |job: &&Plan| matches!(job.state, PlanState::Running | PlanState::Done);
    let jobs = jobs.iter().filter(done).filter_map(|job| {
        if is_person(&job.asked_by) {
            return Some((job.asked_at, &job.asked_by));
        }
        // What a rule asked for is the action of who confirmed it.
        Some((job.changed_at, job.decided_by.as_ref().filter(|by| is_person(by))?))
    });
    // Of a case that was decided before decisions were written down, the last one is known.
    let last = case.by.as_ref().map(|by| (case.changed_at, by));
    let decided = || decisions.clone().chain(last).filter(|(_, by)| is_person(by));
    let first = decided().chain(jobs).min_by_key(|(at, _)| *at);
    let moderator = decided().max_by_key(|(at, _)| *at).or(first).map(|(_, by)| by);
    Sample {
        opened_at: case.opened_at,
        first_action_at: first.map(|(at, _)| at),
        state: case.state,
        changed_at: case.changed_at,
        kind: case.about.kind(),
        author_server: author(case).as_deref().and_then(server).map(str::to_owned),
        room: room(case),
        moderator: moderator.map(ToString::to_string),
    }
}

/// The server of a user ID, which need not be one.
fn server(user: &str) -> Option<&str> {
    let (_, server) = user.split_once(':')?;
    (!server.is_empty()).then_some(server)
}

fn room(case: &Case) -> Option<Room> {
    match &case.about {
        About::Event { room_id, .. } | About::Room { room_id } => {
            let kept = Evidence::of(case).room.filter(|room| room.id == *room_id);
            Some(Room { id: room_id.clone(), name: kept.and_then(|room| room.name) })
        }
        About::User { .. } => None,
    }
}

fn with_picture(reply: Reply, stats: &Counted) -> Reply {
    match chart(stats) {
        Ok(png) => reply.attach(Attachment::png("reports", png)),
        Err(error) => reply.paragraph(Line::new().text("There is no picture: ").name_long(error.to_string())),
    }
}

fn with_file(reply: Reply, kind: FileKind, stats: &Counted, cases: &[(CaseId, Sample)]) -> Reply {
    let mut table = kind.table("stats", HEADERS);
    let counts = |sample: &Sample| stats.counts(sample);
    let is_cut = cases
        .iter()
        .filter(|(_, sample)| counts(sample))
        .any(|(id, sample)| table.add(row(*id, sample)) == Added::Full);
    let reply = if is_cut {
        let rows = counted(table.rows(), "case");
        reply.paragraph(format!("The file is as large as it may be: it has the newest {rows} only."))
    } else {
        reply
    };
    reply.attach(table.finish())
}

const HEADERS: &[&str] = &[
    "case",
    "kind",
    "state",
    "author_server",
    "room",
    "room_name",
    "opened_at",
    "first_action_at",
    "changed_at",
    "moderator",
];

/// A case, in the order of [`HEADERS`].
fn row(id: CaseId, sample: &Sample) -> [Value; 10] {
    let at = |at: Millis| date(at);
    let room = sample.room.as_ref();
    [
        json!(id),
        json!(sample.kind.word()),
        json!(sample.state.word()),
        json!(sample.author_server),
        json!(room.map(|room| &room.id)),
        json!(room.and_then(|room| room.name.as_ref())),
        json!(at(sample.opened_at)),
        json!(sample.first_action_at.map(at)),
        json!(at(sample.changed_at)),
        json!(sample.moderator),
    ]
}
