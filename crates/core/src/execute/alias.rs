//! Adding and removing local aliases. What an alias leads to is looked at before every write, so that nothing of others
//! is taken over or deleted, and nothing is done twice.

use ruma::{OwnedRoomId, RoomAliasId, RoomId};

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

/// What is to become of the alias.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Added,
    Removed,
}

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    alias: &RoomAliasId,
    wish: Wish,
    state: Option<&StepState>,
) -> Advance {
    let leads = match effects.resolve_alias(alias).await {
        Ok(leads) => leads,
        Err(fault) if state.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    let before = match state {
        Some(StepState::Aliasing { before }) => Some(before.clone()),
        _ => None,
    };
    match (wish, leads.as_deref() == Some(room), &leads) {
        (Wish::Added, true, _) | (Wish::Removed, _, None) => return done(wish, before.unwrap_or(leads)),
        (_, false, Some(other)) => {
            // No full stop behind the ID, where it would look like a part of it.
            return failed(format!("The alias leads to the room {other} by now; I left it as it is."), None);
        }
        (Wish::Added, _, None) | (Wish::Removed, true, Some(_)) => {}
    }
    let Some(before) = before else {
        let state = StepState::Aliasing { before: leads };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    let written = match wish {
        Wish::Added => effects.add_alias(alias, room).await,
        Wish::Removed => effects.remove_alias(alias).await,
    };
    match written {
        // Somebody was quicker: where it leads now decides.
        Err(fault @ Fault::Refused { status: 404 | 409, .. }) => {
            return match effects.resolve_alias(alias).await {
                Ok(leads) if is_as_wished(wish, room, leads.as_deref()) => done(wish, before),
                _ => Advance::fault(fault),
            };
        }
        Err(Fault::Refused { status: 403, message, .. }) if wish == Wish::Added => {
            return failed(
                format!(
                    "The homeserver refused ({message}): its configuration (alias_creation_rules) says who may make \
                     which aliases, for server admins too."
                ),
                None,
            );
        }
        written => {
            if let Some(refused) = refused(written) {
                return refused;
            }
        }
    }
    match effects.resolve_alias(alias).await {
        Ok(leads) if is_as_wished(wish, room, leads.as_deref()) => done(wish, before),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

fn is_as_wished(wish: Wish, room: &RoomId, leads: Option<&RoomId>) -> bool {
    match wish {
        Wish::Added => leads == Some(room),
        Wish::Removed => leads.is_none(),
    }
}

fn done(wish: Wish, before: Option<OwnedRoomId>) -> Advance {
    let effect = match wish {
        Wish::Added => Effect::AliasAdded { before },
        Wish::Removed => Effect::AliasRemoved { before },
    };
    Advance::Ended(Outcome::Done { effect })
}
