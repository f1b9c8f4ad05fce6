//! Whom nothing is ever done against: the bot, moderators, server admins, users of appservices, and those whom the
//! configuration exempts. Asked at the proposal, at the confirmation, and before a step begins.

use std::collections::BTreeSet;

use futures_util::{FutureExt, StreamExt, stream};
use ruma::{OwnedUserId, UserId};
use wildmatch::WildMatch;

use crate::{
    commands::Settings,
    model::{Mxc, Standing, is_local},
    plan::Step,
    ports::{Fault, Lookup},
};

/// How many users are asked about at once.
const AT_ONCE: usize = 4;

/// Why nothing is done against somebody, in a sentence; `None` when nothing stands against it.
pub async fn protection(
    lookup: &dyn Lookup,
    settings: &Settings,
    user: &UserId,
) -> Result<Option<String>, Fault> {
    if user == lookup.me() {
        return Ok(Some("That is my own account. I never act against myself.".to_owned()));
    }
    if let Some(glob) = settings.exempt.iter().find(|glob| WildMatch::new(glob).matches(user.as_str())) {
        return Ok(Some(format!(
            "{user} is exempt by my configuration: safety.exempt has {glob} in it. I do nothing against them."
        )));
    }
    if lookup.standing(user).await? != Standing::Outside {
        return Ok(Some(format!(
            "{user} is a moderator: a member of this room. I do nothing against members of this room."
        )));
    }
    if !is_local(user, lookup.me()) {
        return Ok(None);
    }
    let Some(account) = lookup.account(user).await? else { return Ok(None) };
    if account.admin {
        return Ok(Some(format!("{user} is a server admin. I do nothing against server admins.")));
    }
    Ok(account.appservice.map(|appservice| {
        format!("{user} belongs to the appservice {appservice:?}. I do nothing against users of appservices.")
    }))
}

/// The file that a step is about without saying whose it is: an undo knows the file alone.
fn of_somebody(step: &Step) -> Option<&Mxc> {
    match step {
        Step::QuarantineMedia { media, author: None } => Some(media),
        _ => None,
    }
}

/// Why some steps are not done, by the first of them that is against somebody who is protected.
pub async fn objection(
    lookup: &dyn Lookup,
    settings: &Settings,
    steps: &[Step],
) -> Result<Option<String>, Fault> {
    let mut users: BTreeSet<OwnedUserId> =
        steps.iter().filter_map(Step::against).map(ToOwned::to_owned).collect();
    for file in steps.iter().filter_map(of_somebody) {
        let uploader = lookup.media(file).await?.and_then(|details| details.uploader);
        users.extend(uploader.and_then(|id| OwnedUserId::try_from(id).ok()));
    }
    let asked = users.iter().map(|user| protection(lookup, settings, user).boxed());
    let asked: Vec<_> = asked.collect();
    let mut answers = stream::iter(asked).buffered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        if let Some(why) = answer? {
            return Ok(Some(why));
        }
    }
    Ok(None)
}
