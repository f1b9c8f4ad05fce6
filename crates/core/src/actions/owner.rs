//! Whose file it is that something is to be done to.

use ruma::{OwnedUserId, UserId};

use crate::{
    commands::Settings,
    guard,
    ports::{Fault, Lookup},
    reply::Line,
};

/// Whom something that is done to a file is against.
#[derive(Debug)]
pub(crate) enum Owner {
    /// Who uploaded it, or sent it where that is not known; `None` when neither is known.
    Known(Option<OwnedUserId>),
    /// Somebody else than its sender uploaded it: that is for a moderator to decide.
    Other {
        /// Whom it is against.
        author: Option<OwnedUserId>,
        /// Who uploaded it, and who sent it.
        line: Line,
        /// Why to ask.
        caution: String,
    },
    /// One of them is protected; the sentences say so.
    Protected(Line),
}

/// Anybody can send the file of somebody else, so a moderator is asked first, and nothing is done to one of a protected
/// user. `file` names it.
pub(crate) async fn owner(
    lookup: &dyn Lookup,
    settings: &Settings,
    uploader: Option<&str>,
    sender: Option<&UserId>,
    file: &Line,
) -> Result<Owner, Fault> {
    let other = uploader.filter(|id| sender.is_none_or(|sender| sender != *id));
    let Some(uploader) = other else { return Ok(Owner::Known(sender.map(UserId::to_owned))) };
    let line = file.clone().text(" was uploaded by ").code(uploader);
    let line = match sender {
        Some(sender) => line.text(", not by ").code(sender.as_str()).text(", who sent it."),
        None => line.text("; I do not know who sent it."),
    };
    let user = OwnedUserId::try_from(uploader).ok();
    for user in user.as_deref().into_iter().chain(sender) {
        if let Some(why) = guard::protection(lookup, settings, user).await? {
            return Ok(Owner::Protected(line.text(" ").name_long(why)));
        }
    }
    let by = user.as_ref().map_or("somebody else", |user| user.as_str());
    let caution = format!("The file is not of who sent it: {by} uploaded it.");
    Ok(Owner::Other { author: user.or_else(|| sender.map(UserId::to_owned)), line, caution })
}
