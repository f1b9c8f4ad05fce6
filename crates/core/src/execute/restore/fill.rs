//! What there are many of: those who were banned, aliases, members. One unit of work is a few of them; none that fails keeps
//! the others from their turn.

use ruma::{OwnedRoomAliasId, OwnedServerName, OwnedUserId, RoomAliasId, RoomId, UserId};

use super::{Met, Work, goes_on, then};
use crate::{
    execute::{Advance, Pace, member::membership},
    model::MemberChange,
    plan::{Restoring, RestoringRun, Told, Way},
    ports::{Effects, Fault},
};

/// So many in one unit of work.
const AT_ONCE: usize = 10;

/// One of many.
#[derive(Clone, Copy)]
enum One<'a> {
    Banned(&'a OwnedUserId),
    Alias(&'a OwnedRoomAliasId),
    Member(&'a OwnedUserId),
}

/// Which of those that there are many of.
#[derive(Clone, Copy)]
pub(super) enum Many {
    /// Those who were banned.
    Banned,
    /// The aliases.
    Aliases,
    /// The members.
    Members,
}

impl Many {
    /// So many of them, from one on that is counted from 0.
    fn few<'a>(self, work: &Work<'a>, next: usize) -> Vec<One<'a>> {
        let what = work.what;
        match self {
            Self::Banned => what.banned.iter().flatten().skip(next).take(AT_ONCE).map(One::Banned).collect(),
            Self::Aliases => what.aliases.iter().skip(next).take(AT_ONCE).map(One::Alias).collect(),
            Self::Members => what.members.iter().skip(next).take(AT_ONCE).map(One::Member).collect(),
        }
    }

    /// The part of the restoration that goes on with them from one on.
    fn at(self, next: usize) -> Restoring {
        match self {
            Self::Banned => Restoring::Banning { next },
            Self::Aliases => Restoring::Naming { next },
            Self::Members => Restoring::BringingBack { next },
        }
    }

    /// What follows when none is left.
    fn after(self) -> Restoring {
        match self {
            Self::Banned => Self::Aliases.at(0),
            Self::Aliases => Restoring::Publishing,
            Self::Members => Restoring::Closing { state: None },
        }
    }
}

/// Does the next few of all, from one on.
pub(super) async fn advance(
    effects: &dyn Effects,
    work: &Work<'_>,
    run: &RestoringRun,
    room: &RoomId,
    many: Many,
    next: usize,
) -> Advance {
    let few = many.few(work, next);
    if few.is_empty() {
        return then(run, many.after());
    }
    let mut now = run.clone();
    let mut done = 0;
    for one in few {
        let met = match do_one(effects, work, room, one, &mut now.told).await {
            Ok(()) => None,
            // What is done before it is written down first.
            Err(_) if done > 0 => break,
            Err(fault) => Some(Met::from(fault, run)),
        };
        match met {
            None => done += 1,
            Some(Met::Left(why)) => {
                note(one, why, &mut now.told);
                done += 1;
            }
            Some(Met::Again) => {
                let tries = run.tries + 1;
                return goes_on(RestoringRun { tries, ..run.clone() }, Pace::Poll);
            }
            Some(Met::Waits(advance)) => return advance,
        }
    }
    then(&now, many.at(next + done))
}

fn note(one: One<'_>, why: String, told: &mut Told) {
    match one {
        One::Banned(user) => told.trouble(format!("I could not ban {user} again: {why}")),
        One::Alias(alias) => told.trouble(format!("I could not let {alias} lead there: {why}")),
        One::Member(user) => told.leave_out(user.clone(), why),
    }
}

async fn do_one(
    effects: &dyn Effects,
    work: &Work<'_>,
    room: &RoomId,
    one: One<'_>,
    told: &mut Told,
) -> Result<(), Fault> {
    match one {
        One::Banned(user) => {
            if membership(effects, room, user).await?.as_deref() != Some("ban") {
                effects.change_member(room, user, MemberChange::Ban, None).await?;
            }
            Ok(())
        }
        One::Alias(alias) => lead(effects, work, room, alias, told).await,
        One::Member(user) => {
            let via = match &work.what.way {
                Way::Rejoin { servers, .. } => servers.as_slice(),
                Way::Anew { .. } => &[],
            };
            bring(effects, room, user, via, told).await
        }
    }
}

/// Lets an alias lead to the room, if it leads nowhere, or to where the shutdown moved it.
async fn lead(
    effects: &dyn Effects,
    work: &Work<'_>,
    room: &RoomId,
    alias: &RoomAliasId,
    told: &mut Told,
) -> Result<(), Fault> {
    match effects.resolve_alias(alias).await? {
        Some(leads) if leads == room => return Ok(()),
        Some(leads) if work.what.notification.as_ref() == Some(&leads) => {
            match effects.remove_alias(alias).await {
                Ok(()) | Err(Fault::Refused { status: 404, .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
        Some(other) => {
            told.trouble(format!("{alias} leads to {other} by now, and I left it so"));
            return Ok(());
        }
        None => {}
    }
    match effects.add_alias(alias, room).await {
        // Somebody was quicker, maybe ourselves.
        Err(fault @ Fault::Refused { status: 409, .. }) => match effects.resolve_alias(alias).await? {
            Some(leads) if leads == room => Ok(()),
            _ => Err(fault),
        },
        added => added,
    }
}

/// Brings somebody back in, or invites them. An account that is gone, or deactivated, is left alone.
async fn bring(
    effects: &dyn Effects,
    room: &RoomId,
    user: &UserId,
    via: &[OwnedServerName],
    told: &mut Told,
) -> Result<(), Fault> {
    if effects.account(user).await?.is_none_or(|account| account.deactivated) {
        told.gone += 1;
        return Ok(());
    }
    let why = match effects.bring_in(room, user, via).await {
        Err(Fault::Refused { message, .. }) => message,
        brought => return brought.map(drop),
    };
    // Who is in a room already cannot be invited into it; who was invited before it was refused still is.
    match membership(effects, room, user).await?.as_deref() {
        Some("join") => Ok(()),
        Some("invite") => {
            told.invited += 1;
            Ok(())
        }
        _ => match effects.change_member(room, user, MemberChange::Invite, None).await {
            Ok(()) => {
                told.invited += 1;
                Ok(())
            }
            Err(Fault::Refused { .. }) => {
                told.leave_out(user.to_owned(), why);
                Ok(())
            }
            Err(fault) => Err(fault),
        },
    }
}
