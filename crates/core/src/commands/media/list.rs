//! Files in a list, page by page or as a file.

use serde_json::{Value, json};

use super::{
    super::{Decision, Failure, World, facts::FileKind, paging::fitting, person::ago},
    Listed, sheet,
};
use crate::{
    model::ListedMedia,
    reply::{Added, Line, Reply, Table},
    rules::media::in_words,
    text::{
        duration::date,
        number::{counted, grouped},
    },
};

/// So many files are asked for at once.
pub(in super::super) const AT_ONCE: u32 = 500;

pub(super) fn decide(listed: Listed, world: &World<'_>) -> Result<Decision, Failure> {
    let Listed { of, part, total, files, notes, table, picture } = listed;
    if part.is_beyond(total) {
        return Err(part.beyond(total, "such files"));
    }
    if total == 0 {
        let line = Line::new().text("The server knows no files of ").append(of).text(".");
        return Ok(Decision::Answer(notes.into_iter().fold(Reply::text(line), Reply::paragraph)));
    }
    let in_words = |(n, file): (u64, &ListedMedia)| {
        let line = in_words(file, |at| ago(at, world.now));
        // As they are numbered in the picture.
        if picture.is_some() { Line::new().strong(format!("{n} ")).append(line) } else { line }
    };
    let lines = fitting((part.from + 1..).zip(&files).map(in_words).collect());
    let pages = part.pages(lines.len(), total);
    let words = part.in_words(lines.len(), total, ("file", "files"));
    let heading = Line::new().text(format!("{words} of ")).append(of).text(":");
    let reply = notes.into_iter().fold(Reply::text(heading).list(lines), Reply::paragraph);
    Ok(Decision::Page(sheet::with(attach(reply, table, total), picture), pages))
}

fn attach(reply: Reply, table: Option<Table>, total: u64) -> Reply {
    let Some(table) = table else { return reply };
    let rows = table.rows();
    let reply = if rows < total {
        let of = counted(total, "file");
        reply.paragraph(format!(
            "The list has the first {} of {of}: it is as large as it may be, or files went meanwhile.",
            grouped(rows)
        ))
    } else {
        reply
    };
    reply.attach(table.finish())
}

pub(in super::super) fn tell(world: &World<'_>, read: u64, total: u64) {
    let (read, total) = (grouped(read), grouped(total));
    (world.tell)(&Reply::text(format!("Reading: {read} of {total} files …")));
}

pub(super) fn table(kind: FileKind) -> Table {
    kind.table("media", HEADERS)
}

/// Adds files, and says whether the table is full.
pub(super) fn fill(table: &mut Table, files: &[ListedMedia]) -> bool {
    files.iter().any(|file| table.add(row(file)) == Added::Full)
}

const HEADERS: &[&str] = &[
    "mxc",
    "media_type",
    "media_length",
    "upload_name",
    "user_id",
    "created_at",
    "last_access_at",
    "quarantined_by",
    "safe_from_quarantine",
    "sha256",
];

/// A file, in the order of [`HEADERS`].
fn row(file: &ListedMedia) -> [Value; 10] {
    let details = file.details.as_ref();
    [
        json!(file.mxc),
        json!(details.and_then(|details| details.media_type.as_ref())),
        json!(details.and_then(|details| details.length)),
        json!(details.and_then(|details| details.upload_name.as_ref())),
        json!(details.and_then(|details| details.uploader.as_ref())),
        json!(details.and_then(|details| details.created_at).map(date)),
        json!(details.and_then(|details| details.last_access_at).map(date)),
        json!(details.and_then(|details| details.quarantined_by.as_ref())),
        json!(details.map(|details| details.is_protected)),
        json!(details.and_then(|details| details.sha256.as_ref())),
    ]
}
