//! What rules weigh: what was kept of a case, and what the homeserver says now.

use std::collections::BTreeSet;

use ruma::{RoomId, UserId};

use super::{Patience, is_waited_for};
use crate::{
    model::{Millis, is_local},
    ports::{Asked, Case, Fault, Lookup},
    rules::reports::{Fact, Facts, Needs},
};

/// What is known of a case, by what was kept and by what `needs` says is to be asked. Reports of `ignored` reporters are
/// left out.
pub async fn gather(
    lookup: &dyn Lookup,
    needs: Needs,
    case: &Case,
    ignored: &BTreeSet<String>,
    now: Millis,
    patience: Patience,
) -> Result<Facts, Fault> {
    let mut facts = Facts::kept(case, ignored, lookup.me().server_name(), now);
    if let Some(room) = case.about.room_id().and_then(|id| <&RoomId>::try_from(id).ok()) {
        if needs.room
            && let Some(details) = told(lookup.room(room), patience).await?
        {
            facts = facts.with_room(details.as_ref());
        }
        if needs.block
            && let Some(status) = told(lookup.block_status(room), patience).await?
        {
            facts = facts.with_block(&status);
        }
    }
    let author = match &facts.author {
        Fact::Known(author) => <&UserId>::try_from(author.as_str()).ok().map(ToOwned::to_owned),
        Fact::Absent(_) | Fact::Unknown(_) => None,
    };
    if needs.account
        && let Some(author) = author.filter(|author| is_local(author, lookup.me()))
        && let Some(account) = told(lookup.account(&author), patience).await?
    {
        facts = facts.with_account(account.as_ref());
    }
    Ok(facts)
}

/// An answer; `None` when there is none, and is not waited for.
async fn told<T>(asked: Asked<'_, T>, patience: Patience) -> Result<Option<T>, Fault> {
    match asked.await {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if patience == Patience::Waits || is_waited_for(&fault) => Err(fault),
        Err(_) => Ok(None),
    }
}
