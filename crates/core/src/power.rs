//! What the bot may do in a room with its own power there, what it lacks, and how it gets that. Asked before anything is
//! proposed, by commands and by what is done about cases.

use ruma::{UserId, events::room::power_levels::PowerLevelAction};

use crate::{
    model::BlockStatus,
    plan::{Presence, RoomRef},
    ports::{Fault, Lookup},
    reply::Line,
    rules::{
        can::{Action, Answer, Known, Levels, Missing, Reason, Verdict, may},
        names::Names,
        power::Level,
        room_state::RoomState,
    },
};

/// The state that says who has which power, without the members.
const KINDS: [&str; 4] = ["m.room.create", "m.room.power_levels", "m.room.join_rules", "m.room.server_acl"];

/// A room that the bot is in, as far as its power there goes.
pub(crate) struct Ground {
    /// The room.
    pub(crate) room: RoomRef,
    /// Its state: what says who has which power, and the memberships of the bot and of those whom it is about.
    pub(crate) state: RoomState,
    /// Whether the server keeps its users out, where that was asked.
    pub(crate) block: Option<BlockStatus>,
}

impl Ground {
    /// Reads a room, and what some users are in it.
    pub(crate) async fn read(
        lookup: &dyn Lookup,
        room: &RoomRef,
        others: impl IntoIterator<Item = &UserId> + Send,
    ) -> Result<Self, Fault> {
        let mut events = Vec::new();
        for kind in KINDS {
            events.extend(lookup.state(&room.id, Some(kind)).await?);
        }
        let others: Vec<&UserId> = others.into_iter().collect();
        for user in std::iter::once(lookup.me()).chain(others) {
            events.extend(lookup.member(&room.id, user).await?);
        }
        let version = lookup.room(&room.id).await?.and_then(|details| details.version);
        let state = RoomState::of(events, version.as_deref());
        Ok(Self { room: room.clone(), state, block: None })
    }

    /// Whether somebody may do something there.
    pub(crate) fn may(&self, me: &UserId, wish: &Action) -> Verdict {
        // The memberships that it was read with are all that is asked for.
        let known = Known { here: Some(me.server_name()), block: self.block.as_ref(), ..Known::default() };
        may(me, wish, &self.state, &known)
    }

    /// A user's `membership` there; `None` for those who never had one.
    pub(crate) fn membership(&self, user: &UserId) -> Option<&str> {
        self.state.get("m.room.member", user.as_str())?.text("membership")
    }

    /// What a user is called there.
    pub(crate) fn name(&self, user: &UserId) -> Option<&str> {
        self.state.get("m.room.member", user.as_str())?.text("displayname")
    }

    /// Who has how much power there.
    pub(crate) fn levels(&self) -> Levels {
        Levels::now(&self.state)
    }
}

/// What keeps the bot from something in a room, and what would help: whole sentences.
pub(crate) fn without(me: &UserId, verdict: &Verdict, wish: &Action, room: &RoomRef) -> Line {
    let line = lacks(verdict, wish, room).text(". ");
    let presence =
        if verdict.missing.contains(&Missing::BeIn) { Presence::Outside } else { Presence::Joined };
    if is_about_power(verdict) { line.append(offer(me, room, presence)) } else { line }
}

/// “I cannot kick … from …: they have power 0, and kicking takes 50; what I lack: power: 0 of 50”
fn lacks(verdict: &Verdict, wish: &Action, room: &RoomRef) -> Line {
    let names = Names::default();
    let line = Line::new().text("I cannot ").append(wish.in_words(&room.line(), &names)).text(": ");
    // It speaks of “them”, who are the bot.
    let line = line.append(verdict.reason.in_words(&names));
    verdict
        .missing
        .iter()
        .fold(line, |line, missing| line.text("; what I lack: ").append(missing.in_words(&names)))
}

/// Whether more power, or being in the room, may help.
fn is_about_power(verdict: &Verdict) -> bool {
    !matches!(
        verdict.reason,
        Reason::Oneself
            | Reason::AsStrong { of: Level::Creator, .. }
            | Reason::Blocked
            | Reason::Denied(_)
            | Reason::OneServer(_)
            | Reason::TargetCreator(_)
            | Reason::TargetBanned(_)
            | Reason::TargetIn(_)
            | Reason::TargetOut(_)
            | Reason::TargetNotBanned(_)
    )
}

/// Whether it is the same whomever it is done to.
pub(crate) fn is_for_all(verdict: &Verdict) -> bool {
    verdict.answer != Answer::Yes
        && matches!(
            verdict.reason,
            Reason::TooLittle { .. }
                | Reason::NotIn
                | Reason::Banned
                | Reason::Blocked
                | Reason::NoState
                | Reason::MembershipNotKnown
        )
}

/// That the bot is not in a room, and how it gets there and to power.
pub(crate) fn outside(me: &UserId, room: &RoomRef) -> Line {
    let line = Line::from("I am not in ").append(room.line()).text(". ");
    line.append(offer(me, room, Presence::Outside))
}

/// How the bot gets power in a room.
pub(crate) fn offer(me: &UserId, room: &RoomRef, presence: Presence) -> Line {
    let mine = Line::new().code(format!("!room-admin {} {me}", room.id)).text(" gives me the power. ");
    match presence {
        Presence::Joined => mine,
        _ => mine
            .text("Then ")
            .code(format!("!join {}", room.id))
            .text(". Or ")
            .code(format!("!room-admin {}", room.id))
            .text(" gives it to you, where somebody of this server has it: invite me then, and I join. "),
    }
}

/// The lowest level with which something can be written in a room, beside types of events with a level of their own.
pub(crate) fn writing_takes(levels: &Levels) -> i64 {
    ["m.room.message", "m.room.encrypted", "org.example.any"]
        .into_iter()
        .map(|kind| levels.needed(&PowerLevelAction::SendMessage(kind.into())))
        .min()
        .unwrap_or_default()
}
