//! Goes through the rooms: counts first what there is, then looks after each room that has something.

use ruma::RoomId;

use super::{CLOSED, KEPT, Wish, over, singly, task, working};
use crate::{
    execute::Advance,
    model::{Millis, Windows},
    plan::{RedactionRun, RoomAtWork, RoomLeft, Single},
    ports::{Effects, Fault},
    wrote,
};

/// How many rooms are counted before that is made durable.
const AT_ONCE: usize = 20;
/// How many events that are redacted one by one are kept at a time.
const SINGLES: usize = 500;

/// One unit of work when nothing is asked of the server's task.
pub(super) async fn go_on(effects: &dyn Effects, wish: &Wish<'_>, run: RedactionRun) -> Advance {
    if !run.is_counted {
        return count(effects, wish, run).await.unwrap_or_else(Advance::fault);
    }
    if !run.clean.is_empty() {
        return task::prepare(effects, wish, run).await;
    }
    let Some(room) = run.todo.first().map(|left| left.room.clone()) else { return over(run) };
    match run.current.singles {
        Some(_) => singly::redact(effects, wish, &room, run).await,
        None => look(effects, wish, &room, run).await.unwrap_or_else(Advance::doubt),
    }
}

/// Reads what there is in the next rooms.
async fn count(effects: &dyn Effects, wish: &Wish<'_>, mut run: RedactionRun) -> Result<Advance, Fault> {
    let windows = match run.windows {
        Some(windows) => windows,
        None => windows(effects).await?,
    };
    run.windows = Some(windows);
    let is_local = wish.is_local(effects);
    let inside = if is_local { Vec::new() } else { effects.joined_rooms().await? };
    let rooms = wish.rooms(effects).await?;
    let mut next = rooms.iter().filter(|room| run.through.as_ref().is_none_or(|through| *room > through));
    let batch: Vec<_> = next.by_ref().take(AT_ONCE).collect();
    run.is_counted = next.next().is_none();
    run.through = batch.last().map(|room| (*room).clone()).or(run.through);
    for room in batch {
        let wrote = match wrote::read(effects, room, wish.user, wish.scope).await {
            Ok(wrote) => wrote,
            // The others need not wait for it.
            Err(fault) if wrote::is_of_room(&fault) => {
                run.rooms += 1;
                run.todo.push(RoomLeft { room: room.clone(), events: 0, is_unread: true });
                continue;
            }
            Err(fault) => return Err(fault),
        };
        run.rest.staying += wrote.state;
        let events = wrote.wanted().count() as u64;
        if events == 0 {
            continue;
        }
        run.rooms += 1;
        run.todo.push(RoomLeft { room: room.clone(), events, is_unread: false });
        if (is_local || inside.contains(room)) && wrote.is_clean(wish.scope.since, windows) {
            run.clean.push(room.clone());
        }
    }
    Ok(working(run))
}

async fn windows(effects: &dyn Effects) -> Result<Windows, Fault> {
    match effects.server_version().await {
        Ok(version) => Ok(Windows::of(&version)),
        Err(fault) if fault.is_passing() => Err(fault),
        Err(_) => Ok(Windows::Ignored),
    }
}

/// Looks what is left in a room, by the server's task or one by one.
async fn look(
    effects: &dyn Effects,
    wish: &Wish<'_>,
    room: &RoomId,
    mut run: RedactionRun,
) -> Result<Advance, Fault> {
    let wrote = match wrote::read(effects, room, wish.user, wish.scope).await {
        Ok(wrote) => wrote,
        Err(fault) if wrote::is_of_room(&fault) => return Ok(working(unread(run, &fault))),
        Err(fault) => return Err(fault),
    };
    run = read_at_last(run, &wrote);
    let mut singles: Vec<Single> = wrote
        .wanted_before(run.current.through.as_deref())
        .map(|event| Single { event_id: event.event_id.clone(), kind: event.kind, is_asked: false })
        .collect();
    if singles.is_empty() {
        return Ok(working(done(run)));
    }
    let is_inside = effects.joined_rooms().await?.iter().any(|inside| inside == room);
    let is_first = run.current.through.is_none();
    if is_first && (is_inside || wish.is_local(effects)) && next_window(&wrote, wish, &run).is_some() {
        return Ok(task::prepare(effects, wish, run).await);
    }
    let is_closed = !is_inside || run.current.is_closed;
    let has_more = !is_closed && singles.len() > SINGLES;
    if has_more {
        singles.truncate(SINGLES);
    }
    run.current.through = singles.last().filter(|_| has_more).map(|single| single.event_id.clone());
    run.current.singles = Some(singles);
    if is_closed {
        run = closed(run, room);
    }
    Ok(working(run))
}

/// The first room is read: counted now, if it could not be before.
fn read_at_last(mut run: RedactionRun, wrote: &wrote::Wrote) -> RedactionRun {
    let Some(left) = run.todo.first_mut() else { return run };
    left.is_unread = false;
    if left.events == 0 {
        run.rest.staying += wrote.state;
        left.events = wrote.wanted().count() as u64;
        if left.events == 0 {
            run.rooms = run.rooms.saturating_sub(1);
        }
    }
    run
}

/// The first room cannot be read: it is tried once more, behind the others unless something was done there, and left then.
pub(super) fn unread(mut run: RedactionRun, fault: &Fault) -> RedactionRun {
    if run.todo.is_empty() {
        return run;
    }
    let left = run.todo.remove(0);
    if !left.is_unread {
        let left = RoomLeft { is_unread: true, ..left };
        let at = if run.current == RoomAtWork::default() { run.todo.len() } else { 0 };
        run.todo.insert(at, left);
        return run;
    }
    run.current = RoomAtWork::default();
    if left.events == 0 {
        run.rooms = run.rooms.saturating_sub(1);
    }
    run.rest.unread_rooms += 1;
    if run.rest.unread.len() < KEPT {
        run.rest.unread.insert(left.room, fault.to_string());
    }
    run
}

/// The next stretch of time that the server's task was not asked for in this room.
pub(super) fn next_window(
    wrote: &wrote::Wrote,
    wish: &Wish<'_>,
    run: &RedactionRun,
) -> Option<wrote::Window> {
    if run.is_alone {
        return None;
    }
    let asked = run.current.asked.unwrap_or(Millis::MIN);
    let windows = wrote.windows(wish.scope.since, run.windows.unwrap_or(Windows::Ignored));
    windows.into_iter().find(|window| window.last > asked)
}

/// The bot has no power in the room: what is left there stays.
pub(super) fn closed(mut run: RedactionRun, room: &RoomId) -> RedactionRun {
    let left = run.current.singles.replace(Vec::new()).unwrap_or_default();
    for single in &left {
        *run.rest.powerless.entry(single.kind).or_default() += 1;
    }
    run.rest.failures += left.len() as u64;
    run.current.lost += left.len() as u64;
    run.current.is_closed = true;
    if run.rest.closed.len() < CLOSED && !run.rest.closed.iter().any(|known| known == room) {
        run.rest.closed.push(room.to_owned());
    }
    run
}

/// The first room is looked after.
pub(super) fn done(mut run: RedactionRun) -> RedactionRun {
    let RoomAtWork { lost, .. } = std::mem::take(&mut run.current);
    if !run.todo.is_empty() {
        run.redacted += run.todo.remove(0).events.saturating_sub(lost);
    }
    run
}
