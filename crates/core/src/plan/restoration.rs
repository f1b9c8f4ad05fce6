//! How a room that was shut down is brought back: rejoined through other servers where they still have it, made anew
//! where nobody has it any more.

mod run;
mod template;
mod words;

use std::{
    cmp::Reverse as Descending,
    collections::{BTreeMap, BTreeSet},
};

use ruma::{OwnedRoomAliasId, OwnedRoomId, OwnedServerName, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::run::{NotBack, Restored, Restoring, RestoringRun, Told};
use super::{DeleteApi, Effect, Outcome, Plan, PlanId, RoomRef, Step};
use crate::{
    model::{BlockStatus, DeleteResult, Listing, NewRoom, RoomSnapshot, Shutdown, is_local},
    ports::{Records, StoreError},
    reply::Line,
    rules::power::{Level, Power},
};

/// What was kept of rooms before they were shut down, by Plan and step.
pub type Snapshots = BTreeMap<(PlanId, usize), RoomSnapshot>;

/// What brings a room back. It has all that is needed: what was confirmed is what is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    /// The same room, or another one in its place.
    pub way: Way,
    /// Former members of this server, without the bot: they are brought back.
    pub members: Vec<OwnedUserId>,
    /// Whether the bot was in it: then it stays.
    pub was_watched: bool,
    /// Who is banned again from a room that is made anew; `None` where it is not known who was.
    pub banned: Option<Vec<OwnedUserId>>,
    /// Aliases of this server that are to lead to it again.
    pub aliases: Vec<OwnedRoomAliasId>,
    /// Whether it is listed in the room directory again.
    pub listing: Listing,
    /// The room that the members were moved to: it is closed.
    pub notification: Option<OwnedRoomId>,
    /// How it was shut down, and is again when this is undone.
    pub shutdown: Shutdown,
    /// By which version of the API.
    pub api: DeleteApi,
}

/// Which of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum Way {
    /// It goes on elsewhere, or somebody is still in it: the bot joins it again.
    Rejoin {
        /// Through these servers; none where somebody of this server is still in it, and where none is known.
        servers: Vec<OwnedServerName>,
        /// Who may be able to invite the bot, those with the most power first.
        could_invite: Vec<OwnedUserId>,
    },
    /// Nobody has it any more: another one is made in its place.
    Anew {
        /// What it is made of.
        room: Box<NewRoom>,
        /// Former `m.room.canonical_alias`.
        canonical_alias: Value,
        /// Others who can do in it what the bot can: while none of them is in it, the bot stays.
        powerful: Vec<OwnedUserId>,
        /// Whether others may still have the old one, and this was asked for all the same.
        #[serde(default)]
        splits: bool,
    },
}

/// What is wanted where others may still have the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The same room: the bot joins it again.
    Same,
    /// Another one in its place, whoever has the old one: they may never answer again.
    Anew,
}

/// A shutdown that is done, as far as its step and its effect tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shut {
    /// The room.
    pub room: RoomRef,
    /// How it was asked for.
    pub shutdown: Shutdown,
    /// By which version of the API.
    pub api: DeleteApi,
    /// What the server did.
    pub result: DeleteResult,
    /// Whether the room was blocked afterwards.
    pub blocked: Option<bool>,
    /// Whether the server still knew the room.
    pub known: Option<bool>,
}

impl Shut {
    /// The steps that bring the room back with what was kept of it, or why there are none. `me` is the bot.
    pub fn restore(
        &self,
        kept: Option<&RoomSnapshot>,
        me: &UserId,
        wanted: Wanted,
    ) -> Result<Vec<Step>, Line> {
        let Some(kept) = kept else {
            let line = Line::new().text("I cannot undo the shutdown of ").append(self.room.line());
            let line = line.text(": I have kept nothing of it. To let people join it again: ");
            return Err(line.code(format!("!unblock {}", self.room.id)).text("."));
        };
        let was_blocked = matches!(kept.block, Some(BlockStatus::Blocked(_)));
        let is_blocked = self.blocked.unwrap_or(self.shutdown.block) || was_blocked;
        let way = self.way(kept, me, wanted);
        let is_rejoined = matches!(way, Way::Rejoin { .. });
        let room = || self.room.clone();
        let mut steps = Vec::new();
        if is_blocked && (is_rejoined || !was_blocked) {
            steps.push(Step::UnblockRoom { room: room() });
        }
        let members = kept.local_members.iter().filter(|user| *user != me).cloned().collect();
        let aliases = kept.local_aliases.iter().filter_map(|alias| alias.as_str().try_into().ok());
        let restoration = Restoration {
            members,
            was_watched: kept.local_members.iter().any(|user| user == me),
            banned: if is_rejoined { Some(Vec::new()) } else { kept.banned.clone() },
            aliases: aliases.collect(),
            listing: if kept.details.public == Some(true) { Listing::Listed } else { Listing::Unlisted },
            notification: self.result.new_room_id.as_deref().and_then(|room| room.try_into().ok()),
            shutdown: self.shutdown.clone(),
            api: self.api,
            way,
        };
        steps.push(Step::RestoreRoom { room: room(), restoration: Box::new(restoration) });
        if was_blocked && is_rejoined {
            steps.push(Step::BlockRoom { room: room() });
        }
        Ok(steps)
    }

    fn way(&self, kept: &RoomSnapshot, me: &UserId, wanted: Wanted) -> Way {
        let stayed = &self.result.failed_to_kick_users;
        let is_inhabited = self.known == Some(true) && !stayed.is_empty();
        let others = match &kept.servers {
            Some(servers) => !servers.is_empty(),
            None => kept.details.joined_members > kept.local_members.len() as u64,
        };
        let has_others = others || is_inhabited;
        if has_others && wanted == Wanted::Same {
            let mut could_invite = strangers_with_power(kept, me);
            if is_inhabited {
                let stayed = stayed.iter().filter_map(|user| user.as_str().try_into().ok());
                could_invite.splice(0..0, stayed);
            }
            could_invite.truncate(NAMED);
            return Way::Rejoin { servers: servers(&self.room, kept, me), could_invite };
        }
        let (room, powerful) = template::of(&self.room.id, kept, me);
        let canonical_alias = kept.the("m.room.canonical_alias").map(|event| event.content().clone());
        let main = || kept.details.canonical_alias.as_ref().map(|alias| serde_json::json!({"alias": alias}));
        let canonical_alias = canonical_alias.or_else(main).unwrap_or(Value::Null);
        Way::Anew { room: Box::new(room), canonical_alias, powerful, splits: has_others }
    }
}

/// So many are named who could invite the bot.
const NAMED: usize = 5;

fn power(kept: &RoomSnapshot) -> Power {
    let (create, levels) = (kept.the("m.room.create"), kept.the("m.room.power_levels"));
    Power::of(create, levels, kept.details.version.as_deref())
}

/// Users of other servers with more power than everybody, those with the most first.
fn strangers_with_power(kept: &RoomSnapshot, me: &UserId) -> Vec<OwnedUserId> {
    let power = power(kept);
    let default = power.default_level();
    let mut found: Vec<(Descending<Level>, OwnedUserId)> = power
        .named()
        .filter(|(_, level)| *level > default)
        .filter_map(|(user, level)| Some((Descending(level), user.try_into().ok()?)))
        .filter(|(_, user): &(_, OwnedUserId)| !is_local(user, me))
        .collect();
    found.sort();
    found.into_iter().map(|(_, user)| user).collect()
}

/// The servers to join through. Of what an older version of the bot kept they are guessed: those of who has power, of the
/// creator, and of the room's ID, which has none from room version 12 on.
fn servers(room: &RoomRef, kept: &RoomSnapshot, me: &UserId) -> Vec<OwnedServerName> {
    if let Some(servers) = &kept.servers {
        return servers.clone();
    }
    let creator = kept.details.creator.as_deref().and_then(|user| OwnedUserId::try_from(user).ok());
    let people = strangers_with_power(kept, me).into_iter().chain(creator);
    let servers = people.map(|user| user.server_name().to_owned());
    let mut seen = BTreeSet::from([me.server_name().to_owned()]);
    let all = servers.chain(room.id.server_name().map(ToOwned::to_owned));
    all.filter(|server| seen.insert(server.clone())).take(RoomSnapshot::SERVERS).collect()
}

/// What was kept of the rooms that some Plans shut down.
pub fn snapshots<'a>(
    records: &dyn Records,
    plans: impl IntoIterator<Item = &'a Plan>,
) -> Result<Snapshots, StoreError> {
    let mut found = Snapshots::new();
    for plan in plans {
        for (n, planned) in plan.steps.iter().enumerate() {
            let is_shut = matches!(&planned.outcome, Some(Outcome::Done { effect: Effect::ShutDown { .. } }));
            if is_shut
                && matches!(planned.step, Step::ShutDownRoom { .. })
                && let Some(kept) = records.kept(plan.id, n)?
                && let Ok(snapshot) = serde_json::from_value(kept)
            {
                found.insert((plan.id, n), snapshot);
            }
        }
    }
    Ok(found)
}

/// Drops the blocks of rooms that are shut down by others of these steps, which blocks them too.
pub fn without_double_blocks<T>(steps: &mut Vec<T>, step: impl Fn(&T) -> &Step) {
    let blocked: BTreeSet<OwnedRoomId> = steps
        .iter()
        .filter_map(|one| match step(one) {
            Step::ShutDownRoom { room, shutdown, .. } if shutdown.block => Some(room.id.clone()),
            _ => None,
        })
        .collect();
    steps.retain(|one| !matches!(step(one), Step::BlockRoom { room } if blocked.contains(&room.id)));
}

#[cfg(test)]
mod tests;
