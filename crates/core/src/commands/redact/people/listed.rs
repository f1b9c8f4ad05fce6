//! What the users in a file wrote: a mistake among them is left out and said, and the preview is in numbers.

use std::collections::{BTreeMap, BTreeSet};

use ruma::{OwnedUserId, RoomId};

use super::{
    super::super::{
        Failure, World,
        several::read_each,
        whom::{Person, Who},
    },
    Found, Sorted, Theirs, along, closed, scope_line,
};
use crate::{
    guard::protection,
    model::Scope,
    reply::{Line, Reply, cut_list},
    text::number::{counted, grouped},
    wrote::{in_kinds, staying},
};

/// How many users are named for each thing that becomes of them.
const NAMED: usize = 20;
/// Why it always asks.
pub(super) const CAUTION: &str = "These users come from a file, so I ask first, also with --yes.";

/// What is known of a list of users besides what they wrote.
pub(super) struct List {
    /// How many lines named somebody again.
    repeated: usize,
    protected: Vec<Line>,
    nobody: Vec<Line>,
}

/// Those of a list who can be meant, and the others.
pub(super) async fn sort(
    world: &World<'_>,
    people: Vec<Person>,
    repeated: usize,
) -> Result<(Vec<Person>, List), Failure> {
    let (nobody, people): (Vec<Person>, Vec<Person>) =
        people.into_iter().partition(|person| matches!(person.who, Who::Nobody));
    let (lookup, settings) = (world.lookup, world.settings);
    let ids = people.iter().map(|person| person.id.clone()).collect();
    let asked = read_each(world, ids, "users who may be protected", |id: OwnedUserId| {
        Box::pin(async move { Ok(protection(lookup, settings, &id).await?) })
    })
    .await?;
    let protected = asked.iter().flatten().map(|why| Line::new().name_long(why)).collect();
    let nobody = nobody.iter().map(Person::line).collect();
    let people = people.into_iter().zip(&asked).filter(|(_, why)| why.is_none()).map(|(person, _)| person);
    Ok((people.collect(), List { repeated, protected, nobody }))
}

/// What would happen to what all of them wrote, or that there is nothing to do; and who is left out.
pub(super) fn preview(list: &List, sorted: &Sorted, scope: Scope) -> Reply {
    let groups = groups(list, sorted);
    let reply = if sorted.within.is_empty() {
        Reply::text("There is nothing to do.").paragraph(counts(list, sorted, &groups))
    } else {
        told(Reply::text(counts(list, sorted, &groups)), &sorted.within, scope)
    };
    groups.into_iter().filter(|(_, lines)| !lines.is_empty()).fold(reply, |reply, (what, lines)| {
        let heading = format!("{} {what}:", grouped(lines.len() as u64));
        cut_list(reply.paragraph(heading), lines, NAMED, "users")
    })
}

fn groups(list: &List, Sorted { idle, out, .. }: &Sorted) -> [(&'static str, Vec<Line>); 5] {
    let (unread, idle): (Vec<&Theirs>, Vec<&Theirs>) = idle.iter().partition(|theirs| theirs.is_unread());
    let lines = |people: Vec<&Theirs>| people.into_iter().map(|theirs| theirs.person.line()).collect();
    [
        ("with nothing to redact", lines(idle)),
        ("in no room where I have the power, and left out", lines(out.iter().collect())),
        ("in no room that I can read, and left out", lines(unread)),
        ("protected, and left out", list.protected.clone()),
        ("unknown on this server, and left out", list.nobody.clone()),
    ]
}

/// “Of 200 users in the file: 2 to do, …”
fn counts(list: &List, sorted: &Sorted, groups: &[(&'static str, Vec<Line>)]) -> Line {
    let to_do = sorted.within.len();
    let all = to_do + groups.iter().map(|(_, lines)| lines.len()).sum::<usize>();
    let of = counted(all as u64, "user");
    let mut words = vec![format!("Of {of} in the file: {} to do", grouped(to_do as u64))];
    let left = groups.iter().filter(|(_, lines)| !lines.is_empty());
    words.extend(left.map(|(what, lines)| format!("{} {what}", grouped(lines.len() as u64))));
    let words = format!("{}.", words.join("; "));
    Line::new().strong(match list.repeated {
        0 => words,
        again => format!("{words} {} named somebody again, who counts once.", counted(again as u64, "line")),
    })
}

fn told(reply: Reply, within: &[Theirs], scope: Scope) -> Reply {
    let found = || within.iter().flat_map(|theirs| &theirs.found);
    let mut kinds = BTreeMap::new();
    for (kind, n) in found().flat_map(|room| &room.counts) {
        *kinds.entry(*kind).or_default() += n;
    }
    let line = Line::new().strong("Redact what they wrote").append(scope_line(scope));
    let line = line.text(format!(
        ": {} in {}: {}.",
        counted(found().map(Found::events).sum(), "event"),
        counted(rooms(found()), "room"),
        in_kinds(&kinds)
    ));
    let line = match within.iter().map(|theirs| theirs.state).sum() {
        0 => line,
        n => line.text(" ").text(staying(n)),
    };
    let lines = within.iter().map(|theirs| {
        let (events, rooms) = (theirs.sum(Found::events), theirs.found.len() as u64);
        let words = format!(": {} in {}", counted(events, "event"), counted(rooms, "room"));
        theirs.person.line().text(words)
    });
    let reply = cut_list(reply.paragraph(line), lines.collect(), NAMED, "users");
    let line = Line::new().text(
        "What this server's own users wrote in messages the server redacts in their own name. Everything else takes my own \
         power in the room.",
    );
    let reply = reply.paragraph(along(line, within));
    let lost: Vec<&Found> = found().filter(|room| room.lost() > 0).collect();
    if lost.is_empty() {
        return reply;
    }
    let line = Line::new().text(format!(
        "I lack the power for {} in {}, and they would stay.",
        counted(lost.iter().map(|room| room.lost()).sum(), "event"),
        counted(rooms(lost.iter().copied()), "room")
    ));
    let mut known = BTreeSet::new();
    let lost: Vec<&Found> = lost.into_iter().filter(|room| known.insert(&room.room.id)).collect();
    reply.paragraph(line).list(closed(&lost))
}

/// How many rooms those are, each counted once.
fn rooms<'a>(found: impl Iterator<Item = &'a Found>) -> u64 {
    found.map(|room| &*room.room.id).collect::<BTreeSet<&RoomId>>().len() as u64
}
