//! The management room: whether it is there and the bot in it, whether it is encrypted, and who has power in it.

use gleipnir_core::{
    model::Event,
    rules::{can::Levels, power::Level, room_state::RoomState},
    ruma::{OwnedRoomId, RoomId, UserId, events::room::power_levels::PowerLevelAction},
    text::target::RoomTarget,
};
use synapse_admin::Client;

use super::finding::{Finding, Subject};
use crate::config::Management;

/// How many who can act are named.
const NAMED: usize = 5;

/// The lines of room, encryption and power.
pub(super) async fn examine(client: &Client, me: &UserId, management: &Management) -> Vec<Finding> {
    let (room, state) = match find(client, me, &management.room).await {
        Ok(found) => found,
        Err(finding) => {
            let skipped = |subject: Subject| subject.skipped("the management room is not found");
            return vec![*finding, skipped(Subject::Encryption), skipped(Subject::Power)];
        }
    };
    let blocked = client.block_status(&room).await.is_ok_and(|status| status.block);
    if blocked {
        let finding = Subject::Room.bad(
            format!("{} is blocked on this server: nobody can join it", called(&room, &state)),
            "Unblock it, or make another room and set management.room to it.",
        );
        return vec![finding, encryption(&state), power(&state, me, management.act)];
    }
    vec![membership(&room, &state, me), encryption(&state), power(&state, me, management.act)]
}

/// The room and its state.
async fn find(
    client: &Client,
    me: &UserId,
    target: &RoomTarget,
) -> Result<(OwnedRoomId, RoomState), Box<Finding>> {
    let bad = |text: String, advice: String| Box::new(Subject::Room.bad(text, advice));
    let make = format!("Make it with your client and invite {me}, or correct management.room.");
    let again = || "Try again; if it stays so, see the log of Synapse.".to_owned();
    let room = match target {
        RoomTarget::Id(room) => room.clone(),
        RoomTarget::Alias(alias) => match client.resolve_alias(alias).await {
            Ok(Some(found)) => found.room_id,
            Ok(None) => return Err(bad(format!("there is no room {alias} (management.room)"), make)),
            Err(error) => return Err(bad(format!("{alias} cannot be resolved: {error}"), again())),
        },
    };
    match client.room_state(&room).await {
        Ok(events) => Ok((room, RoomState::of(events.into_iter().map(Event), None))),
        Err(error) if error.is_not_found() => {
            Err(bad(format!("the homeserver knows no room {room} (management.room)"), make))
        }
        Err(error) => Err(bad(format!("{room} cannot be read: {error}"), again())),
    }
}

/// The name, if there is one, and the ID.
fn called(room: &RoomId, state: &RoomState) -> String {
    match state.the("m.room.name").and_then(|event| event.text("name")) {
        Some(name) if !name.is_empty() => {
            format!("“{}” ({room})", name.chars().take(80).collect::<String>())
        }
        _ => room.to_string(),
    }
}

/// Whether the bot is in it, and the room the right one.
fn membership(room: &RoomId, state: &RoomState, me: &UserId) -> Finding {
    let (subject, room) = (Subject::Room, called(room, state));
    let text_of =
        |kind: &str, key: &str| state.the(kind).and_then(|event| event.text(key)).map(str::to_owned);
    match state.membership(me.as_str()) {
        "join" => {}
        "invite" => {
            return subject.warning(
                format!("{me} is invited to {room}, and not in it yet"),
                "It accepts the invitation when it is started.",
            );
        }
        "ban" => {
            return subject.bad(
                format!("{me} is banned from {room}"),
                format!("Unban {me} there and invite it, or set management.room to another room."),
            );
        }
        _ => {
            return subject.bad(
                format!("{me} is not in {room}"),
                format!("Invite {me} there: it accepts the invitation when it runs."),
            );
        }
    }
    if let Some(next) = text_of("m.room.tombstone", "replacement_room").filter(|next| !next.is_empty()) {
        return subject.warning(
            format!("{room} was upgraded, to {next}"),
            format!("Set management.room = \"{next}\", and see that {me} is in it."),
        );
    }
    if text_of("m.room.join_rules", "join_rule").as_deref() == Some("public") {
        return subject.warning(
            format!("{me} is in {room}, which anybody can join, and then read what the bot tells"),
            "Set the room to “invited members only”.",
        );
    }
    subject.good(format!("{me} is in {room}"))
}

fn encryption(state: &RoomState) -> Finding {
    if state.the("m.room.encryption").is_some_and(|event| event.text("algorithm").is_some()) {
        return Subject::Encryption.good("the management room is encrypted");
    }
    Subject::Encryption.warning(
        "the management room is not encrypted: who can read the homeserver's database can read what is said there",
        "Turn encryption on in the settings of the room. It cannot be turned off again.",
    )
}

/// Whether the bot can write there, and whether somebody can act.
fn power(state: &RoomState, me: &UserId, act: i64) -> Finding {
    let (subject, levels) = (Subject::Power, Levels::now(state));
    let mine = levels.level(me.as_str());
    let can = |kind: &str| mine >= Level::Of(levels.needed(&PowerLevelAction::SendMessage(kind.into())));
    let written = match state.the("m.room.encryption") {
        Some(_) => "m.room.encrypted",
        None => "m.room.message",
    };
    if let Some(kind) = [written, "m.reaction"].into_iter().find(|kind| !can(kind)) {
        return subject.bad(
            format!("the bot has {}, which is too little to send {kind} in the management room", words(mine)),
            format!("Give {me} more power there, or let everybody send {kind}."),
        );
    }
    let is_there = |user: &str| matches!(state.membership(user), "join" | "invite");
    let others = state.events().filter(|event| event.kind() == "m.room.member").filter_map(Event::state_key);
    let others = others.filter(|user| *user != me.as_str() && is_there(user));
    let mut able: Vec<&str> = others.filter(|user| levels.level(user) >= Level::Of(act)).collect();
    able.sort_unstable();
    if able.is_empty() {
        return subject.warning(
            format!("nobody but the bot has power {act} in the management room, which acting needs (management.act)"),
            format!("Invite moderators there and give them power {act}, or lower management.act."),
        );
    }
    let more = able.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let able = able[..able.len().min(NAMED)].join(", ");
    subject.good(format!("the bot has {} and can write; who can act: {able}{more}", words(mine)))
}

fn words(level: Level) -> String {
    match level {
        Level::Of(level) => format!("power {level}"),
        Level::Creator => "the power of the room's creator".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use gleipnir_core::ruma::{room_id, user_id};
    use serde_json::{Value, json};

    use super::*;
    use crate::check::finding::Mark;

    #[expect(clippy::needless_pass_by_value, reason = "every caller makes it on the spot")]
    fn event(kind: &str, key: &str, content: Value) -> Value {
        json!({"type": kind, "state_key": key, "sender": "@mod:hs.test", "content": content})
    }

    /// An encrypted room of a moderator with the bot in it, with other events besides, or in the place of its own.
    fn room(changes: &[Value]) -> RoomState {
        let member = |user: &str| event("m.room.member", user, json!({"membership": "join"}));
        let events = vec![
            event("m.room.create", "", json!({"room_version": "11"})),
            event("m.room.name", "", json!({"name": "Moderators"})),
            event("m.room.join_rules", "", json!({"join_rule": "invite"})),
            event("m.room.encryption", "", json!({"algorithm": "m.megolm.v1.aes-sha2"})),
            event("m.room.power_levels", "", json!({"users": {"@mod:hs.test": 100}})),
            member("@mod:hs.test"),
            member("@bot:hs.test"),
        ];
        RoomState::of(events.into_iter().chain(changes.iter().cloned()).map(Event), None)
    }

    #[test]
    fn each_line_is_seen_good_and_bad() {
        let me = user_id!("@bot:hs.test");
        let mine =
            |membership: &str| event("m.room.member", "@bot:hs.test", json!({"membership": membership}));
        let levels = |content: Value| event("m.room.power_levels", "", content);
        let in_it: fn(&RoomState, &UserId) -> Finding =
            |state, me| membership(room_id!("!m:hs.test"), state, me);
        let encrypted: fn(&RoomState, &UserId) -> Finding = |state, _| encryption(state);
        let powerful: fn(&RoomState, &UserId) -> Finding = |state, me| power(state, me, 50);
        for (check, changes, mark, want) in [
            (in_it, vec![], Mark::Good, "is in “Moderators” (!m:hs.test)"),
            (in_it, vec![mine("invite")], Mark::Warning, "not in it yet"),
            (in_it, vec![mine("ban")], Mark::Bad, "is banned from"),
            (in_it, vec![mine("leave")], Mark::Bad, "is not in"),
            (
                in_it,
                vec![event("m.room.tombstone", "", json!({"replacement_room": "!new:hs.test"}))],
                Mark::Warning,
                "was upgraded, to !new:hs.test",
            ),
            (
                in_it,
                vec![event("m.room.join_rules", "", json!({"join_rule": "public"}))],
                Mark::Warning,
                "anybody can join",
            ),
            (encrypted, vec![], Mark::Good, "is encrypted"),
            (encrypted, vec![event("m.room.encryption", "", json!({}))], Mark::Warning, "is not encrypted"),
            (powerful, vec![], Mark::Good, "the bot has power 0 and can write; who can act: @mod:hs.test"),
            (
                powerful,
                vec![levels(json!({"users": {"@mod:hs.test": 100}, "events_default": 10}))],
                Mark::Bad,
                "too little to send m.room.encrypted",
            ),
            (
                powerful,
                vec![levels(json!({"users": {"@mod:hs.test": 100}, "events": {"m.reaction": 1}}))],
                Mark::Bad,
                "too little to send m.reaction",
            ),
            (
                powerful,
                vec![levels(
                    json!({"users": {"@mod:hs.test": 49, "@bot:hs.test": 100, "@gone:hs.test": 100}}),
                )],
                Mark::Warning,
                "nobody but the bot has power 50",
            ),
        ] {
            let finding = check(&room(&changes), me);
            assert_eq!(finding.mark, mark, "{finding:?}");
            assert!(finding.text.contains(want), "{finding:?}");
        }
        let own = json!({"type": "m.room.create", "state_key": "", "sender": "@bot:hs.test",
            "content": {"room_version": "12"}});
        let finding = power(&room(&[own]), me, 50);
        assert!(finding.text.contains("the power of the room's creator"), "{finding:?}");
    }
}
