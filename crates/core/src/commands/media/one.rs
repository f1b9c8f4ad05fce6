//! All that is known of one file.

use super::super::{World, person::ago};
use crate::{
    model::ListedMedia,
    reply::{Line, Reply},
    rules::media::quarantine,
    text::size::size,
};

pub(super) fn picture(file: &ListedMedia, world: &World<'_>) -> Reply {
    let uri = file.mxc.to_string();
    let Some(details) = &file.details else {
        let line = Line::new().text("This server does not have the file ").code(uri).text(".");
        let is_ours = file.mxc.server == world.lookup.me().server_name();
        return Reply::text(if is_ours {
            line.text(" It was deleted, or there never was such a file.")
        } else {
            line.text(" Nobody here has looked at it, or the copy was deleted.")
        });
    };
    let when = |at: Option<i64>| at.filter(|at| *at > 0).map(|at| ago(at, world.now));
    let or = |words: Option<Line>, otherwise: &str| words.unwrap_or_else(|| Line::from(otherwise));
    let is_ours = file.mxc.server == world.lookup.me().server_name();
    let uploader = match &details.uploader {
        Some(user) => Line::new().code(user),
        None if is_ours => Line::from("not known"),
        None => Line::new().text("not known: a copy of a file of ").code(file.mxc.server.as_str()),
    };
    let reply = Reply::new()
        .paragraph(Line::new().code(uri))
        .fact("Type", or(details.media_type.as_ref().map(|kind| Line::new().code(kind)), "not known"))
        .fact("Size", or(details.length.map(|bytes| size(bytes).into()), "never uploaded"))
        .fact("Name", or(details.upload_name.as_ref().map(|name| Line::new().user(name)), "none"))
        .fact("Uploaded by", uploader)
        .fact("Came", or(when(details.created_at).map(Line::from), "not known"))
        .fact("Last asked for", or(when(details.last_access_at).map(Line::from), "never, as far as is known"))
        .fact("Quarantine", or(quarantine(details), "not in quarantine"));
    match &details.sha256 {
        Some(sha256) => reply.fact("SHA-256", Line::new().code(sha256)),
        None => reply,
    }
}
