//! `!user`: the whole picture of a user.

mod file;
mod words;

use std::collections::BTreeMap;

use futures_util::future::{join, join4, join5};
use ruma::{OwnedRoomId, UserId};

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::FileKind,
    person::known,
    whom::{Person, Who},
};
use crate::{
    model::{
        Authentication, Device, ListedRoom, MediaUseQuery, Millis, RateLimit, ReportPage, ReportRole,
        RoomQuery, is_local,
    },
    plan::Plan,
    ports::{Case, Fault, Which, WhichCases},
    reply::Reply,
    rules::case::author,
    text::{number::grouped, target::UserTarget},
};

/// Show all that is known of a user
///
/// The account with what was taken away from it, e-mail addresses and logins elsewhere, devices, rooms, invitations, files, reports by and about them, our cases and jobs. Of users of other servers: what this one knows. What could not be read is said in its line.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!user <@user> [--file[=csv|json]]")]
pub(super) struct User {
    /// The user
    #[arg(value_name = "@user")]
    user: UserTarget,
    /// Attach all of it as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

/// What was read, or why it was not.
type Read<T> = Result<T, Fault>;

pub(super) struct Facts {
    person: Person,
    memberships: Read<BTreeMap<OwnedRoomId, String>>,
    created: Read<Vec<ListedRoom>>,
    about: Read<ReportPage>,
    by: Read<ReportPage>,
    /// What only this server's accounts have.
    local: Option<Local>,
    cases: Vec<Case>,
    jobs: Vec<Plan>,
}

struct Local {
    authentication: Read<Authentication>,
    devices: Read<Vec<Device>>,
    invitations: Read<Count>,
    joins: Read<Count>,
    files: Read<Files>,
    limit: Read<Option<RateLimit>>,
}

/// How often something happened.
struct Count {
    ever: u64,
    lately: u64,
}

/// How many files, and how many bytes they are together, as far as that could be found.
struct Files {
    count: u64,
    bytes: Option<u64>,
}

/// What is called lately: a week.
const LATELY: Millis = 7 * 86_400_000;

/// So many rooms are asked for at once.
const AT_ONCE: u32 = 500;

/// So many plans are looked through for what was done to somebody.
const JOBS: usize = 500;

impl Command for User {
    const NAME: &'static str = "user";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!user @spammer:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let person = known(world, &self.user).await?;
        let (id, lookup) = (&*person.id, world.lookup);
        let cases = world.records.cases(&WhichCases::default())?;
        let about = Which { about: Some(id.to_string()), limit: Some(JOBS), ..Which::default() };
        let jobs = world.records.plans(&about)?;
        let anywhere = join4(
            lookup.memberships(id),
            created_by(world, id),
            lookup.reports_with(id, ReportRole::Reported),
            lookup.reports_with(id, ReportRole::Reporter),
        );
        let here = async {
            match person.who {
                Who::Local(_) => Some(local(world, id).await),
                Who::Nobody | Who::Remote => None,
            }
        };
        let ((memberships, created, about, by), local) = join(anywhere, here).await;
        let cases = cases.into_iter().filter(|case| concerns(case, id)).collect();
        let jobs = jobs.into_iter().filter(|plan| is_about(plan, id)).collect();
        Ok(Facts { person, memberships, created, about, by, local, cases, jobs })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let reply = words::picture(&facts, world);
        Ok(Decision::Answer(match self.file {
            None => reply,
            Some(kind) => reply.attach(file::file(&facts, kind)?),
        }))
    }
}

async fn local(world: &World<'_>, id: &UserId) -> Local {
    let lookup = world.lookup;
    let since = world.now.saturating_sub(LATELY);
    let ((authentication, devices), invitations, joins, files, limit) = join5(
        join(lookup.authentication(), lookup.devices(id)),
        join(lookup.invitations(id, 0), lookup.invitations(id, since)),
        join(lookup.joins(id, 0), lookup.joins(id, since)),
        files(world, id),
        lookup.rate_limit(id),
    )
    .await;
    let count = |(ever, lately): (Read<u64>, Read<u64>)| Ok(Count { ever: ever?, lately: lately? });
    Local { authentication, devices, invitations: count(invitations), joins: count(joins), files, limit }
}

/// The rooms that a user made, by the list of all rooms: nothing tells them directly.
async fn created_by(world: &World<'_>, id: &UserId) -> Read<Vec<ListedRoom>> {
    let mut query =
        RoomQuery { limit: AT_ONCE, order_by: Some("creator".to_owned()), ..RoomQuery::default() };
    let mut found: BTreeMap<OwnedRoomId, ListedRoom> = BTreeMap::new();
    loop {
        let page = world.lookup.rooms(&query).await?;
        let next = page.next.filter(|next| *next > query.from && !page.rooms.is_empty());
        let theirs =
            page.rooms.into_iter().filter(|room| room.details.creator.as_deref() == Some(id.as_str()));
        found.extend(theirs.map(|room| (room.room_id.clone(), room)));
        let Some(next) = next else { return Ok(found.into_values().collect()) };
        query.from = next;
        let (read, total) = (grouped(next), grouped(page.total));
        (world.tell)(&Reply::text(format!("Looked at who made {read} of {total} rooms …")));
    }
}

/// The statistics tell how large the files are together, and the list of them how many there are.
async fn files(world: &World<'_>, id: &UserId) -> Read<Files> {
    let localpart = id.localpart();
    let search = (!localpart.is_empty()).then(|| localpart.to_owned());
    let query = MediaUseQuery { limit: 100, search, ..MediaUseQuery::default() };
    let (page, used) = join(world.lookup.media_of(id, 0, 1), world.lookup.media_use(&query)).await;
    let count = page?.total;
    let bytes = match used {
        _ if count == 0 => Some(0),
        Ok(used) => used.users.into_iter().find(|user| user.user_id == id.as_str()).map(|user| user.bytes),
        Err(_) => None,
    };
    Ok(Files { count, bytes })
}

/// Whether a case is about a user or what they sent, or came from a report of theirs.
fn concerns(case: &Case, id: &UserId) -> bool {
    is_reported(case, id) || case.reports.iter().any(|report| report.reporter == id.as_str())
}

fn is_reported(case: &Case, id: &UserId) -> bool {
    author(case).as_deref() == Some(id.as_str())
}

/// Whether a job is about a user, or they were named when it was asked for.
fn is_about(plan: &Plan, id: &UserId) -> bool {
    let names = |text: &str| text.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == id);
    plan.steps.iter().any(|planned| names(&planned.step.target())) || names(&plan.typed)
}

/// Whether somebody is of this server.
fn is_here(id: &UserId, world: &World<'_>) -> bool {
    is_local(id, world.lookup.me())
}
