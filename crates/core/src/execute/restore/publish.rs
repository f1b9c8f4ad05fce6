//! The main alias of a room that was made anew, and the place in the room directory.

use ruma::{OwnedRoomAliasId, RoomId};
use serde_json::{Map, Value, json};

use super::{Met, Work, goes_on, then};
use crate::{
    execute::{Advance, Pace},
    model::Listing,
    plan::{Restoring, RestoringRun, Way},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    work: &Work<'_>,
    run: &RestoringRun,
    room: &RoomId,
) -> Advance {
    let mut now = run.clone();
    let alias = match &work.what.way {
        Way::Anew { canonical_alias, .. } => set_main_alias(effects, room, canonical_alias).await,
        Way::Rejoin { .. } => Ok(()),
    };
    let listing = match work.what.listing {
        Listing::Listed => effects.set_listing(room, Listing::Listed).await,
        Listing::Unlisted => Ok(()),
    };
    for (what, done) in
        [("I could not set its main alias", alias), ("I could not put it into the room directory", listing)]
    {
        let Err(fault) = done else { continue };
        match Met::from(fault, run) {
            Met::Left(why) => now.told.trouble(format!("{what}: {why}")),
            Met::Again => {
                return goes_on(RestoringRun { tries: run.tries + 1, ..run.clone() }, Pace::Poll);
            }
            Met::Waits(advance) => return advance,
        }
    }
    then(&now, Restoring::BringingBack { next: 0 })
}

/// Names those aliases of the old content that lead to the room: the server refuses others.
async fn set_main_alias(effects: &dyn Effects, room: &RoomId, old: &Value) -> Result<(), Fault> {
    let mut content = Map::new();
    if let Some(alias) = old.get("alias").and_then(Value::as_str)
        && leads(effects, room, alias).await?
    {
        content.insert("alias".into(), json!(alias));
    }
    let mut others = Vec::new();
    for alias in old.get("alt_aliases").and_then(Value::as_array).into_iter().flatten() {
        if let Some(alias) = alias.as_str()
            && leads(effects, room, alias).await?
        {
            others.push(alias);
        }
    }
    if !others.is_empty() {
        content.insert("alt_aliases".into(), json!(others));
    }
    let content = Value::Object(content);
    let now = effects.state(room, Some("m.room.canonical_alias")).await?;
    let is_so = now.iter().any(|event| *event.content() == content);
    if is_so || content.as_object().is_none_or(Map::is_empty) {
        return Ok(());
    }
    effects.set_canonical_alias(room, &content).await
}

/// Whether an alias of this server leads to the room.
async fn leads(effects: &dyn Effects, room: &RoomId, alias: &str) -> Result<bool, Fault> {
    match OwnedRoomAliasId::try_from(alias) {
        Ok(alias) if alias.server_name() == effects.me().server_name() => {
            Ok(effects.resolve_alias(&alias).await?.as_deref() == Some(room))
        }
        _ => Ok(false),
    }
}
