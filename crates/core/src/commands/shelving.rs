//! What `!quarantine` and `!unquarantine` have in common: what is known of the files, and what follows from that.

use std::collections::BTreeMap;

use ruma::OwnedUserId;

use super::{
    Acting, Decision, Draft, Failure, World,
    files::{Single, What, Whole, author, of_room, of_user, single, whats_and_reason},
    person::ago,
    several::read_each,
};
use crate::{
    guard,
    model::{ListedMedia, Switch},
    plan::Step,
    reply::{Line, Reply, cut_list},
    rules::media::{Shelf, Tally, in_words, quarantine, uploaders},
    text::number::counted,
};

/// Files, and why.
pub(super) struct Facts {
    singles: Vec<Known>,
    wholes: Vec<(Whole, Protected)>,
    reason: Option<String>,
}

/// One file.
struct Known {
    file: ListedMedia,
    /// Whether it was named itself, not by its event.
    is_named: bool,
    /// Whom its quarantine is against.
    author: Option<OwnedUserId>,
    /// That somebody else than its sender uploaded it, and why to ask.
    other: Option<(Line, String)>,
}

/// The files of people whom nothing is done against, among those of a room: they are left out.
#[derive(Default)]
struct Protected {
    users: Vec<OwnedUserId>,
    files: u64,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub(super) to: Switch,
    pub(super) acting: Acting,
}

/// How files are that are put into quarantine, or let out.
fn before(to: Switch) -> Shelf {
    match to {
        Switch::On => Shelf::Open,
        Switch::Off => Shelf::Quarantined,
    }
}

fn command(to: Switch) -> &'static str {
    match to {
        Switch::On => "quarantine",
        Switch::Off => "unquarantine",
    }
}

pub(super) async fn gather(
    world: &World<'_>,
    words: &[String],
    because: Option<&String>,
    to: Switch,
) -> Result<Facts, Failure> {
    let (whats, reason) = whats_and_reason(words, because)?;
    let mut facts = Facts { singles: Vec::new(), wholes: Vec::new(), reason };
    for what in &whats {
        match what {
            What::User(user) => {
                let whole = of_user(world, user, command(to)).await?;
                facts.wholes.push((whole, Protected::default()));
            }
            What::Room(room) => {
                let mut whole = of_room(world, room).await?;
                if facts.wholes.iter().any(|(known, _)| known.of == whole.of) {
                    continue;
                }
                let protected = match to {
                    Switch::On => spare(world, &mut whole).await?,
                    // It is given back to them.
                    Switch::Off => Protected::default(),
                };
                facts.wholes.push((whole, protected));
            }
            What::File(_) | What::Event(_) => {
                for single in single(world, what, command(to)).await? {
                    if facts.singles.iter().any(|known| known.file.mxc == single.file.mxc) {
                        continue;
                    }
                    facts.singles.push(known(world, single, matches!(what, What::File(_)), to).await?);
                }
            }
        }
    }
    Ok(facts)
}

async fn known(world: &World<'_>, single: Single, is_named: bool, to: Switch) -> Result<Known, Failure> {
    // To let a file out is against nobody.
    let (author, other) = match to {
        Switch::On if Shelf::of(&single.file) == Shelf::Open => author(world, &single).await?,
        Switch::On | Switch::Off => (None, None),
    };
    Ok(Known { file: single.file, is_named, author, other })
}

/// Takes out of a room's files what people uploaded whom nothing is done against.
async fn spare(world: &World<'_>, whole: &mut Whole) -> Result<Protected, Failure> {
    let open: Vec<ListedMedia> =
        whole.files.iter().filter(|file| Shelf::of(file) == Shelf::Open).cloned().collect();
    let (lookup, settings) = (world.lookup, world.settings);
    let users = read_each(world, uploaders(lookup.me(), &open), "users", |user: OwnedUserId| {
        Box::pin(async move {
            let why = guard::protection(lookup, settings, &user).await?;
            Ok(why.map(|_| user))
        })
    })
    .await?;
    let users: Vec<OwnedUserId> = users.into_iter().flatten().collect();
    let all = whole.files.len();
    let is_theirs = |file: &ListedMedia| {
        let uploader = file.details.as_ref().and_then(|details| details.uploader.as_deref());
        Shelf::of(file) == Shelf::Open && uploader.is_some_and(|id| users.iter().any(|user| user == id))
    };
    whole.files.retain(|file| !is_theirs(file));
    Ok(Protected { files: (all - whole.files.len()) as u64, users })
}

pub(super) fn decide(wish: Wish, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
    let Wish { to, acting } = wish;
    let mistakes: Vec<Line> =
        facts.singles.iter().filter(|known| known.is_named).filter_map(|known| mistake(known, to)).collect();
    if !mistakes.is_empty() {
        return Err(Failure::Told(Box::new(Reply::new().paragraph("Nothing was done.").list(mistakes))));
    }
    let (singles, left_singles): (Vec<Known>, Vec<Known>) =
        facts.singles.into_iter().partition(|known| Shelf::of(&known.file) == before(to));
    let (wholes, left_wholes): (Vec<_>, Vec<_>) = facts
        .wholes
        .into_iter()
        .map(|(whole, protected)| (Tally::of(&whole.files, &[before(to)]), whole, protected))
        .partition(|(tally, ..)| tally.files > 0);
    let left = left_singles.iter().map(|known| alone(known, to));
    let left: Vec<Line> = left.chain(left_wholes.iter().map(|whole| nothing(whole, to))).collect();
    if singles.is_empty() && wholes.is_empty() {
        let notes = left_wholes.iter().filter_map(|(_, whole, _)| whole.note);
        return Ok(Decision::Answer(
            notes.fold(cut_list(Reply::new(), left, SHOWN, "files"), Reply::paragraph),
        ));
    }
    let when = |at: i64| ago(at, world.now);
    let mut preview = Reply::text(heading(to));
    let lines = singles.iter().map(|known| {
        let line = in_words(&known.file, when);
        match known.file.details.as_ref().and_then(|details| details.uploader.as_deref()) {
            Some(uploader) => line.text(", uploaded by ").code(uploader),
            None => line,
        }
    });
    preview = cut_list(preview, lines.collect(), SHOWN, "files");
    preview = preview.list(wholes.iter().map(|(tally, whole, _)| {
        let line = Line::new().text("all of ").append(whole.line.clone()).text(": ").append(tally.line());
        match to {
            Switch::On => line,
            Switch::Off => line.append(by_whom(&whole.files)),
        }
    }));
    let notes = wholes.iter().filter_map(|(_, whole, _)| whole.note);
    preview = notes.fold(preview, Reply::paragraph);
    for (line, _) in singles.iter().filter_map(|known| known.other.as_ref()) {
        preview = preview.paragraph(line.clone());
    }
    for (_, _, protected) in wholes.iter().filter(|(_, _, protected)| protected.files > 0) {
        preview = preview.paragraph(theirs(protected));
    }
    if !left.is_empty() {
        preview = cut_list(preview.paragraph("Left alone:"), left, SHOWN, "files");
    }
    let caution = caution(&singles, &wholes, to, world.settings.confirm_over);
    let whole_steps = wholes.into_iter().map(|(_, whole, spared)| whole_step(whole, &spared, to));
    let steps = singles.into_iter().map(|known| single_step(known, to)).chain(whole_steps).collect();
    Ok(Decision::Propose(Box::new(Draft {
        steps,
        because: facts.reason,
        preview,
        undoes: None,
        case: None,
        lasts: None,
        caution,
        acting,
    })))
}

/// So many files are listed.
const SHOWN: usize = 20;

fn heading(to: Switch) -> Line {
    match to {
        Switch::On => Line::new().strong("To quarantine: ").text(
            "nobody could download them from this server, nor any equal file: other people's copies of the same bytes go with \
             them. Other servers keep their copies.",
        ),
        Switch::Off => Line::new()
            .strong("To let out of quarantine: ")
            .text("everybody could download them again, and every equal file, whoever uploaded it."),
    }
}

/// Why nothing can be done to a file.
fn mistake(known: &Known, to: Switch) -> Option<Line> {
    let uri = known.file.mxc.to_string();
    match (Shelf::of(&known.file), to) {
        (Shelf::Absent, _) => {
            let line = Line::new().text("This server does not have the file ").code(uri).text(": ");
            Some(
                line.text(
                    "it was deleted, nobody here has looked at it, or there is none. Check its spelling.",
                ),
            )
        }
        (Shelf::Protected, Switch::On) => {
            let line = Line::new().code(uri.clone()).text(" is protected from quarantine. First lift that: ");
            Some(line.code(format!("!media unprotect {uri}")).text("."))
        }
        _ => None,
    }
}

/// Why a file is left alone.
fn alone(known: &Known, to: Switch) -> Line {
    if let Some(why) = mistake(known, to) {
        return why;
    }
    let line = Line::new().code(known.file.mxc.to_string());
    match to {
        Switch::On => match known.file.details.as_ref().and_then(quarantine) {
            Some(words) => line.text(" is already ").append(words).text("."),
            None => line.text(" is already in quarantine."),
        },
        Switch::Off => line.text(" is not in quarantine."),
    }
}

/// That nothing is to be done to the files of somebody, or in a room.
fn nothing((tally, whole, spared): &(Tally, Whole, Protected), to: Switch) -> Line {
    let line = Line::new().text(if whole.files.is_empty() && spared.files == 0 {
        "The server knows no files of "
    } else {
        match to {
            Switch::On => "There is nothing to quarantine of ",
            Switch::Off => "Nothing is in quarantine of ",
        }
    });
    let line = line.append(whole.line.clone()).text(".").append(tally.others());
    if spared.files == 0 { line } else { line.text(" ").append(theirs(spared)) }
}

/// “ Put there by `@ana:example.org`: 3, by `@bob:example.org`: 1.”
fn by_whom(files: &[ListedMedia]) -> Line {
    /// So many people are named.
    const NAMED: usize = 5;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for by in files.iter().filter_map(|file| file.details.as_ref()?.quarantined_by.as_deref()) {
        *counts.entry(by).or_default() += 1;
    }
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, files)| std::cmp::Reverse(*files));
    let line = counts.iter().take(NAMED).enumerate().fold(Line::new(), |line, (n, (by, files))| {
        line.text(if n == 0 { " Put there by " } else { ", by " }).code(*by).text(format!(": {files}"))
    });
    let others: u64 = counts.iter().skip(NAMED).map(|(_, files)| files).sum();
    if others == 0 { line.text(".") } else { line.text(format!(", by others: {others}.")) }
}

/// “Left out are 3 files of people whom nothing is done against: …”
fn theirs(protected: &Protected) -> Line {
    /// So many people are named.
    const NAMED: usize = 10;
    let files = counted(protected.files, "file");
    let line = Line::new().text(format!(
        "Left out: {files} of people against whom I do nothing (moderators, admins, users of appservices, or exempt): "
    ));
    let named = protected.users.iter().take(NAMED).enumerate();
    let line =
        named.fold(line, |line, (n, user)| line.text(if n == 0 { "" } else { ", " }).code(user.as_str()));
    match protected.users.len().saturating_sub(NAMED) {
        0 => line.text("."),
        more => line.text(format!(" and {more} more.")),
    }
}

/// Why to ask first.
fn caution(
    singles: &[Known],
    wholes: &[(Tally, Whole, Protected)],
    to: Switch,
    confirm_over: usize,
) -> Option<String> {
    let mut why: Vec<String> = Vec::new();
    let files = singles.len() as u64 + wholes.iter().map(|(tally, ..)| tally.files).sum::<u64>();
    let is_whole = !wholes.is_empty();
    if is_whole && to == Switch::Off {
        let others = "Whoever put them into quarantine may have had a reason.";
        why.push(format!("{} would be let out at once. {others}", counted(files, "file")));
    } else if is_whole && usize::try_from(files).unwrap_or(usize::MAX) > confirm_over {
        why.push(format!("{} at once is more than I quarantine without asking.", counted(files, "file")));
    }
    why.extend(singles.iter().filter_map(|known| known.other.as_ref()).map(|(_, why)| why.clone()).take(1));
    (!why.is_empty()).then(|| why.join(" "))
}

fn single_step(known: Known, to: Switch) -> Step {
    let Known { file, author, .. } = known;
    match to {
        Switch::On => Step::QuarantineMedia { media: file.mxc, author },
        Switch::Off => Step::UnquarantineMedia { media: file.mxc },
    }
}

fn whole_step(Whole { of, files, .. }: Whole, spared: &Protected, to: Switch) -> Step {
    let open = files.into_iter().filter(|file| Shelf::of(file) == Shelf::Open).map(|file| file.mxc);
    match to {
        // All at once would take what is left out too.
        Switch::On => Step::QuarantineAll { files: of, only: (spared.files > 0).then(|| open.collect()) },
        Switch::Off => Step::ReleaseAll { files: of, only: None },
    }
}
