//! Who uploaded most.

use serde_json::{Value, json};

use super::{
    super::{
        Decision, Failure, World,
        facts::FileKind,
        paging::{Part, fitting},
    },
    Facts, Media,
};
use crate::{
    model::{MediaUse, MediaUseOrder, MediaUsePage, MediaUseQuery, Millis},
    reply::{Added, Line, Reply, Table, user_line},
    text::{
        duration::in_words,
        number::{counted, grouped},
        size::size,
    },
};

/// What is most.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum By {
    #[default]
    Size,
    Files,
}

/// So many users are asked for at once.
const AT_ONCE: u32 = 500;

pub(super) async fn gather(media: &Media, world: &World<'_>) -> Result<Facts, Failure> {
    let part = Part::of(world, media.page, 0, media.limit);
    let page = world.lookup.media_use(&query(media, world, part.from, media.limit)).await?;
    let table = match media.kind(world) {
        Some(kind) => Some(all(media, kind, world).await?),
        None => None,
    };
    Ok(Facts::Top(part, page, table))
}

fn query(media: &Media, world: &World<'_>, from: u64, limit: u32) -> MediaUseQuery {
    let ago = |since: std::time::Duration| {
        world.now.saturating_sub(Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)).max(0)
    };
    MediaUseQuery {
        from,
        limit,
        by: match media.by {
            By::Size => MediaUseOrder::Bytes,
            By::Files => MediaUseOrder::Files,
        },
        since: media.since.map(ago),
        search: None,
    }
}

async fn all(media: &Media, kind: FileKind, world: &World<'_>) -> Result<Table, Failure> {
    let mut table = kind.table("media-top", HEADERS);
    let mut query = query(media, world, 0, AT_ONCE);
    loop {
        let page = world.lookup.media_use(&query).await?;
        let is_full = page.users.iter().any(|user| table.add(row(user)) == Added::Full);
        match page.next.filter(|next| *next > query.from && !page.users.is_empty()) {
            Some(next) if !is_full => query.from = next,
            _ => return Ok(table),
        }
        let (read, total) = (grouped(query.from), grouped(page.total));
        (world.tell)(&Reply::text(format!("Reading: {read} of {total} users …")));
    }
}

pub(super) fn decide(
    media: &Media,
    part: Part,
    page: &MediaUsePage,
    table: Option<Table>,
) -> Result<Decision, Failure> {
    let total = page.total;
    if part.is_beyond(total) {
        return Err(part.beyond(total, "such users"));
    }
    let since = media.since.map(|since| format!(" in the last {}", in_words(since))).unwrap_or_default();
    if total == 0 {
        return Ok(Decision::Answer(Reply::text(format!("Nobody uploaded a file{since}."))));
    }
    let lines = fitting(page.users.iter().map(line).collect());
    let pages = part.pages(lines.len(), total);
    let words = part.in_words(lines.len(), total, ("user", "users"));
    let by = match media.by {
        By::Size => "by the size of their files",
        By::Files => "by the number of their files",
    };
    let mut reply = Reply::text(format!("{words} who uploaded files{since}, {by}:")).list(lines);
    if let Some(table) = table {
        let rows = table.rows();
        if rows < total {
            let (rows, total) = (grouped(rows), counted(total, "user"));
            reply = reply.paragraph(format!("The list has the first {rows} of {total}."));
        }
        reply = reply.attach(table.finish());
    }
    Ok(Decision::Page(reply, pages))
}

fn line(user: &MediaUse) -> Line {
    let words = format!(": {} in {}", size(user.bytes), counted(user.files, "file"));
    user_line(user.display_name.as_deref(), &user.user_id).text(words)
}

const HEADERS: &[&str] = &["user_id", "displayname", "media_count", "media_length"];

fn row(user: &MediaUse) -> [Value; 4] {
    [json!(user.user_id), json!(user.display_name), json!(user.files), json!(user.bytes)]
}
