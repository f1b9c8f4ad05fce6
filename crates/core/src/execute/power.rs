//! Gives a user a power level in a room with the bot's own account. The power levels are read right before they are
//! written, and nothing else in them is changed.

use ruma::{RoomId, UserId};
use serde_json::{Value, json};

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

const POWER_LEVELS: &str = "m.room.power_levels";

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    user: &UserId,
    to: Option<i64>,
    state: Option<&StepState>,
) -> Advance {
    let before = match state {
        Some(StepState::Empowering { before }) => Some(*before),
        _ => None,
    };
    let mut content = match content(effects, room).await {
        Ok(Some(content)) => content,
        Ok(None) => return failed("The room has no power levels that I could change.", None),
        Err(fault) if before.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    let now = own(&content, user);
    if now == to {
        return done(before.unwrap_or(now));
    }
    let Some(before) = before else {
        let state = StepState::Empowering { before: now };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    put(&mut content, user, to);
    let written = effects.set_power_levels(room, &content).await;
    if matches!(written, Err(Fault::Refused { status: 400, .. })) && has_texts(&content) {
        return failed(TEXTS, None);
    }
    if let Some(refused) = refused(written) {
        return refused;
    }
    match self::content(effects, room).await {
        Ok(Some(content)) if own(&content, user) == to => done(before),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

/// The content of the power levels; `None` where there are none, or they are no object.
async fn content(effects: &dyn Effects, room: &RoomId) -> Result<Option<Value>, Fault> {
    let found = effects.state(room, Some(POWER_LEVELS)).await?;
    let event = found.into_iter().find(|event| event.kind() == POWER_LEVELS && event.0["state_key"] == "");
    Ok(event.map(|mut event| event.0["content"].take()).filter(Value::is_object))
}

/// The level that stands next to a user's ID, if one does; `None` where there are no power levels.
pub(super) async fn level_of(
    effects: &dyn Effects,
    room: &RoomId,
    user: &UserId,
) -> Result<Option<Option<i64>>, Fault> {
    Ok(content(effects, room).await?.map(|content| own(&content, user)))
}

/// Rooms of old versions may have levels that are texts. Synapse obeys them, and takes no new event that has them.
const TEXTS: &str = "The room's power levels have texts where numbers belong, as old rooms may. The server takes no change \
    of them while that is so, and I change nothing else in them: somebody with the power there has to set them again.";

fn has_texts(content: &Value) -> bool {
    let all = content.as_object().into_iter().flat_map(|all| all.values());
    all.flat_map(|value| value.as_object().map_or_else(|| vec![value], |of| of.values().collect()))
        .any(Value::is_string)
}

/// The level that stands next to a user's ID. Old rooms may have it as a text.
fn own(content: &Value, user: &UserId) -> Option<i64> {
    let level = content.get("users")?.get(user.as_str())?;
    level.as_i64().or_else(|| level.as_str()?.trim().parse().ok())
}

fn put(content: &mut Value, user: &UserId, to: Option<i64>) {
    if !content["users"].is_object() {
        content["users"] = json!({});
    }
    let Some(users) = content["users"].as_object_mut() else { return };
    match to {
        Some(level) => drop(users.insert(user.to_string(), json!(level))),
        None => drop(users.remove(user.as_str())),
    }
}

fn done(before: Option<i64>) -> Advance {
    Advance::Ended(Outcome::Done { effect: Effect::PowerSet { before } })
}
