//! `!media protect`, `!media unprotect` and `!media delete`.

use ruma::OwnedUserId;

use super::{
    super::{
        Acting, Decision, Draft, Failure, World,
        files::{Single, What, Whole, author, is_ours, of_user, single, whats_and_reason},
        person::ago,
    },
    told,
};
use crate::{
    model::Mxc,
    plan::Step,
    reply::{Line, Reply, cut_list},
    rules::media::{Shelf, Tally, in_words},
};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Wish {
    Protect,
    Unprotect,
    Delete,
}

/// Files, and why.
pub(in super::super) struct Facts {
    wish: Wish,
    singles: Vec<Known>,
    wholes: Vec<Whole>,
    reason: Option<String>,
}

/// One file.
struct Known {
    single: Single,
    is_ours: bool,
    author: Option<OwnedUserId>,
    /// That somebody else than its sender uploaded it.
    other: Option<Line>,
}

pub(super) async fn gather(
    wish: Wish,
    words: &[String],
    because: Option<&String>,
    world: &World<'_>,
) -> Result<Facts, Failure> {
    if words.is_empty() {
        return Err(told("Say which files: !media delete mxc://example.org/abcdef".to_owned()));
    }
    let (whats, reason) = whats_and_reason(words, because)?;
    let mut facts = Facts { wish, singles: Vec::new(), wholes: Vec::new(), reason };
    for what in &whats {
        match (what, wish) {
            (What::User(user), Wish::Delete) => {
                facts.wholes.push(of_user(world, user, "quarantine").await?);
            }
            (What::User(_) | What::Room(_), _) => return Err(single_only(wish)),
            (What::File(_) | What::Event(_), _) => {
                for single in single(world, what, "media").await? {
                    if facts.singles.iter().any(|known| known.single.file.mxc == single.file.mxc) {
                        continue;
                    }
                    // To protect is against nobody.
                    let (author, other) = match wish {
                        Wish::Delete => author(world, &single).await?,
                        Wish::Protect | Wish::Unprotect => (None, None),
                    };
                    let is_ours = is_ours(world, &single.file.mxc);
                    let other = other.map(|(line, _)| line);
                    facts.singles.push(Known { single, is_ours, author, other });
                }
            }
        }
    }
    Ok(facts)
}

fn single_only(wish: Wish) -> Failure {
    told(match wish {
        Wish::Protect | Wish::Unprotect => {
            "Files are protected one by one: give mxc:// URIs, or the events that show them.".to_owned()
        }
        Wish::Delete => {
            "The files of a whole room cannot be deleted at once: many are of other people. !quarantine takes a room; \
             delete takes mxc:// URIs, events and users."
                .to_owned()
        }
    })
}

pub(super) fn decide(facts: Facts, acting: Acting, world: &World<'_>) -> Result<Decision, Failure> {
    let Facts { wish, singles, wholes, reason } = facts;
    let mistakes: Vec<Line> = singles.iter().filter_map(|known| mistake(known, wish)).collect();
    if !mistakes.is_empty() {
        let reply = cut_list(Reply::new().paragraph("Nothing was done."), mistakes, SHOWN, "files");
        return Err(Failure::Told(Box::new(reply)));
    }
    let (so, singles): (Vec<Known>, Vec<Known>) = singles.into_iter().partition(|known| is_so(known, wish));
    let (empty, wholes): (Vec<Whole>, Vec<Whole>) =
        wholes.into_iter().partition(|whole| whole.files.is_empty());
    let left = so.iter().map(|known| already(&known.single.file.mxc, wish));
    let left: Vec<Line> = left
        .chain(empty.iter().map(|whole| {
            Line::new().text("The server knows no files of ").append(whole.line.clone()).text(".")
        }))
        .collect();
    if singles.is_empty() && wholes.is_empty() {
        return Ok(Decision::Answer(cut_list(Reply::new(), left, SHOWN, "files")));
    }
    let mut preview = cut_list(Reply::text(heading(wish)), lines(&singles, world), SHOWN, "files");
    preview = preview.list(wholes.iter().map(|whole| {
        let line = Line::new().text("all files of ").append(whole.line.clone()).text(": ");
        line.append(Tally::of(&whole.files, &ALL).line()).append(among(whole))
    }));
    for line in singles.iter().filter_map(|known| known.other.clone()) {
        preview = preview.paragraph(line);
    }
    let files =
        singles.iter().map(|known| &known.single.file).chain(wholes.iter().flat_map(|whole| &whole.files));
    if wish == Wish::Delete && files.into_iter().any(|file| Shelf::of(file) == Shelf::Quarantined) {
        preview = preview.paragraph(
            "Some are in quarantine. As long as they are, equal files cannot be downloaded either; once they are deleted, the \
             same bytes can be uploaded again.",
        );
    }
    if !left.is_empty() {
        preview = cut_list(preview.paragraph("Left alone:"), left, SHOWN, "files");
    }
    let steps = singles.into_iter().map(|known| step(known, wish));
    let steps = steps.chain(wholes.into_iter().filter_map(|whole| match whole.of {
        crate::plan::FilesOf::User(user) => Some(Step::DeleteMediaOf { user }),
        crate::plan::FilesOf::Room(_) => None,
    }));
    Ok(Decision::Propose(Box::new(Draft {
        steps: steps.collect(),
        because: reason,
        preview,
        undoes: None,
        case: None,
        lasts: None,
        caution: None,
        acting,
    })))
}

/// So many files are listed.
const SHOWN: usize = 20;
/// The states of files that the server has.
const ALL: [Shelf; 3] = [Shelf::Open, Shelf::Protected, Shelf::Quarantined];

fn heading(wish: Wish) -> Line {
    match wish {
        Wish::Protect => Line::new().strong("To protect from quarantine: ").text("no quarantine would touch them."),
        Wish::Unprotect => {
            Line::new().strong("No longer to protect from quarantine: ").text("they could be quarantined again.")
        }
        Wish::Delete => Line::new().strong("To delete from this server: ").text(
            "messages with them stay, and show nothing. Protection from quarantine does not keep them. Other servers that \
             loaded them keep their copies.",
        ),
    }
}

fn lines(singles: &[Known], world: &World<'_>) -> Vec<Line> {
    let line = |known: &Known| {
        let line = in_words(&known.single.file, |at| ago(at, world.now));
        match known.single.file.details.as_ref().and_then(|details| details.uploader.as_deref()) {
            Some(uploader) => line.text(", uploaded by ").code(uploader),
            None => line,
        }
    };
    singles.iter().map(line).collect()
}

/// “ Among them in quarantine: 2; protected from it: 1.”
fn among(whole: &Whole) -> Line {
    let tally = Tally::of(&whole.files, &[Shelf::Open]);
    match (tally.quarantined, tally.protected) {
        (0, 0) => Line::new(),
        (quarantined, protected) => Line::new()
            .text(format!(" Among them in quarantine: {quarantined}; protected from it: {protected}.")),
    }
}

/// Why nothing can be done to a file.
fn mistake(known: &Known, wish: Wish) -> Option<Line> {
    let file = &known.single.file;
    let uri = file.mxc.to_string();
    let line = Line::new().code(uri.clone());
    match (Shelf::of(file), wish) {
        (_, Wish::Delete) if !known.is_ours => {
            let line = line.text(" is of another server: the server deletes its own files only. To keep its copy from everybody: ");
            Some(line.code(format!("!quarantine {uri}")).text("."))
        }
        // It would go by the ID alone, and hit a file of this server that happens to have the same.
        (_, Wish::Protect | Wish::Unprotect) if !known.is_ours => {
            Some(line.text(" is of another server: only files of this server can be protected."))
        }
        (Shelf::Absent, _) => {
            let line = Line::new().text("This server does not have the file ").code(uri);
            Some(line.text(": it was deleted, or there never was such a file. Check its spelling."))
        }
        (Shelf::Quarantined, Wish::Protect) => {
            let line = line.text(" is in quarantine, and would stay there. First let it out: ");
            Some(line.code(format!("!unquarantine {uri}")).text("."))
        }
        _ => None,
    }
}

fn is_so(known: &Known, wish: Wish) -> bool {
    let is_protected = known.single.file.details.as_ref().is_some_and(|details| details.is_protected);
    match wish {
        Wish::Protect => is_protected,
        Wish::Unprotect => !is_protected,
        Wish::Delete => false,
    }
}

fn already(file: &Mxc, wish: Wish) -> Line {
    let line = Line::new().code(file.to_string());
    match wish {
        Wish::Protect => line.text(" is already protected from quarantine."),
        Wish::Unprotect | Wish::Delete => line.text(" is not protected from quarantine."),
    }
}

fn step(known: Known, wish: Wish) -> Step {
    let media = known.single.file.mxc;
    match wish {
        Wish::Protect => Step::ProtectMedia { media },
        Wish::Unprotect => Step::UnprotectMedia { media },
        Wish::Delete => Step::DeleteMedia { media, author: known.author },
    }
}
