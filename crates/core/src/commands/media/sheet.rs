//! A picture of the files of a page: each small, numbered as in the list, and blurred.

use super::super::{World, several::read_each};
use crate::{
    model::{ListedMedia, Mxc},
    ports::Fault,
    reply::{Attachment, Line, Reply},
    rules::{
        contact_sheet::{Cell, MOST_CELLS, contact_sheet},
        media::Shelf,
    },
};

/// The file, or why there is none.
pub(super) type Picture = Result<Vec<u8>, String>;

/// Draws the first files; `from` of them are on the pages before. What cannot be shown is a grey cell, never an error.
pub(super) async fn draw(files: &[ListedMedia], from: u64, world: &World<'_>) -> Picture {
    let shown: Vec<(u64, ListedMedia)> =
        (from + 1..).zip(files.iter().take(MOST_CELLS as usize).cloned()).collect();
    let lookup = world.lookup;
    let cells = read_each(world, shown, "pictures", |(number, file): (u64, ListedMedia)| {
        Box::pin(async move {
            let picture = match Shelf::of(&file) {
                Shelf::Absent => Err("not here"),
                Shelf::Quarantined => Err("in quarantine"),
                Shelf::Open | Shelf::Protected => picture(lookup.thumbnail(&file.mxc).await, &file.mxc),
            };
            Ok(Cell { number, picture })
        })
    });
    let Ok(cells) = cells.await else { return Err("nothing could be read".to_owned()) };
    // Strangers say how much work a picture is.
    let drawn = tokio::task::spawn_blocking(move || contact_sheet(&cells)).await;
    drawn.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

fn picture(answer: Result<Option<Vec<u8>>, Fault>, mxc: &Mxc) -> Result<Vec<u8>, &'static str> {
    match answer {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err("no picture"),
        Err(fault) => {
            tracing::warn!(%mxc, %fault, "no thumbnail");
            Err("not read")
        }
    }
}

/// The answer with the picture, if it was asked for.
pub(super) fn with(reply: Reply, picture: Option<Picture>) -> Reply {
    match picture {
        None => reply,
        Some(Ok(png)) => reply.attach(Attachment::png("files", png)),
        Some(Err(why)) => reply.paragraph(Line::new().text("There is no picture: ").name_long(why)),
    }
}
