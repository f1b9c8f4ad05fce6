//! Goes through the rooms: counts first what there is, then looks after each room that has something.

use ruma::RoomId;

use super::{CLOSED, Wish, over, singly, task, working};
use crate::{
    execute::Advance,
    model::{Millis, Windows},
    plan::{RedactionRun, RoomAtWork, RoomLeft, Single},
    ports::{Effects, Fault},
    wrote,
};

/// How many rooms are counted before that is made durable.
const AT_ONCE: usize = 20;

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
        let wrote = wrote::read(effects, room, wish.user, wish.scope).await?;
        run.rest.staying += wrote.state;
        let events = wrote.wanted().count() as u64;
        if events == 0 {
            continue;
        }
        run.rooms += 1;
        run.todo.push(RoomLeft { room: room.clone(), events });
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
    let wrote = wrote::read(effects, room, wish.user, wish.scope).await?;
    let singles: Vec<Single> = wrote
        .wanted()
        .map(|event| Single { event_id: event.event_id.clone(), kind: event.kind, is_asked: false })
        .collect();
    if singles.is_empty() {
        return Ok(working(done(run)));
    }
    let is_inside = effects.joined_rooms().await?.iter().any(|inside| inside == room);
    if (is_inside || wish.is_local(effects)) && next_window(&wrote, wish, &run).is_some() {
        return Ok(task::prepare(effects, wish, run).await);
    }
    run.current.singles = Some(singles);
    if !is_inside {
        run = closed(run, room);
    }
    Ok(working(run))
}

/// The next stretch of time that the server's task was not asked for in this room.
pub(super) fn next_window(
    wrote: &wrote::Wrote,
    wish: &Wish<'_>,
    run: &RedactionRun,
) -> Option<wrote::Window> {
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
    if run.rest.closed.len() < CLOSED {
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
