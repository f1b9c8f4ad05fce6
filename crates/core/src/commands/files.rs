//! What commands about files have in common: which of the words are files, events, users or rooms, and what is known of
//! the files that are meant.

use ruma::{OwnedUserId, UserId};

use super::{
    Failure, World,
    events::{room_needed, target, unknown_event},
    facts::{known_room, reason},
    person::known,
    several::read_each,
    whom::Who,
};
use crate::{
    actions::owner::{Owner, owner},
    model::{Event, ListedMedia, Mxc},
    plan::FilesOf,
    ports::Fault,
    reply::{Line, user_line},
    rules::media::{each_once, files_of, shown_in},
    text::target::{EventTarget, RoomTarget, UserTarget, looks_like_room, looks_like_user},
};

/// What a word means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A file.
    File(Mxc),
    /// The files of an event.
    Event(EventTarget),
    /// The files that somebody uploaded.
    User(OwnedUserId),
    /// The files in a room.
    Room(RoomTarget),
}

/// What leads the words, each once, and the reason that follows, unless it was given by itself (`because`). The first word
/// has to mean something. A later one that looks as if it did does, or is a mistake, never a reason.
pub(super) fn whats_and_reason(
    words: &[String],
    because: Option<&String>,
) -> Result<(Vec<What>, Option<String>), Failure> {
    let mut whats = Vec::new();
    let mut rest = words;
    while let Some((what, length)) = leading(rest)? {
        if !whats.contains(&what) {
            whats.push(what);
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    if whats.is_empty() {
        let word = words.first().map_or("", String::as_str);
        return Err(Failure::told(Line::new().user(word).text(
            " names no files. Give an mxc:// URI, an event (a link, or its room and ID), a user or a room.",
        )));
    }
    match (because, reason(rest)) {
        (None, behind) => Ok((whats, behind)),
        (Some(because), None) => Ok((whats, reason(std::slice::from_ref(because)))),
        (Some(_), Some(behind)) => Err(Failure::told(
            Line::new()
                .user(behind)
                .text(" names no files, and the reason is in ")
                .code("--because")
                .text(" already. Give the reason once; in quotes, if it has several words."),
        )),
    }
}

/// What the first words mean, and how many of them there are for it.
fn leading(words: &[String]) -> Result<Option<(What, usize)>, Failure> {
    let Some(first) = words.first().map(|word| word.trim()) else { return Ok(None) };
    let is_event_id = |word: &String| word.trim_start().starts_with('$');
    if let Some(file) = file(first) {
        return file.map(|file| Some((What::File(file), 1)));
    }
    if let Ok(UserTarget(user)) = first.parse() {
        return Ok(Some((What::User(user), 1)));
    }
    if first.parse::<RoomTarget>().is_ok() && words.get(1).is_some_and(is_event_id) {
        return Ok(Some((What::Event(target(&words[..2])?), 2)));
    }
    let wrong = |why: String| Failure::told(Line::new().name_long(why));
    match (first.parse::<EventTarget>(), first.parse::<RoomTarget>()) {
        (Ok(event), _) => Ok(Some((What::Event(event), 1))),
        (_, Ok(room)) => Ok(Some((What::Room(room), 1))),
        (Err(error), _) if first.starts_with('$') => Err(wrong(error.to_string())),
        (_, Err(_)) if first.starts_with('@') => match first.parse::<UserTarget>() {
            Err(error) => Err(wrong(error.to_string())),
            Ok(UserTarget(user)) => Ok(Some((What::User(user), 1))),
        },
        (_, Err(error)) if looks_like_room(first) || looks_like_user(first) => Err(wrong(error.to_string())),
        _ => Ok(None),
    }
}

/// The file of a word that is meant as one.
pub(super) fn file(word: &str) -> Option<Result<Mxc, Failure>> {
    let word = word.trim().trim_start_matches('<');
    let uri = word.starts_with("mxc:").then(|| word.trim_end_matches(['.', ',', ';', ')', '>']))?;
    Some(uri.parse().map_err(|why: String| Failure::told(Line::new().name_long(why))))
}

/// The event that is meant, as it was before it was redacted, as far as the server keeps that.
pub(super) async fn event(world: &World<'_>, target: &EventTarget, command: &str) -> Result<Event, Failure> {
    let found = match world.lookup.original(&target.event).await {
        Ok(found) => found,
        // Before Synapse 1.140 an event is found in its room only.
        Err(Fault::NotRouted { .. }) => match &target.room {
            Some(room) => {
                let room = world.resolve(room).await?;
                world.lookup.context(&room, &target.event, 0).await?.map(|around| around.event)
            }
            None => return Err(room_needed(command, &target.event)),
        },
        Err(fault) => return Err(fault.into()),
    };
    found.ok_or_else(|| unknown_event(target.event.as_str()))
}

/// Why an event has no files.
pub(super) fn without_files(event: &Event, target: &EventTarget) -> Failure {
    let line = Line::new().text("The event ").code(target.event.as_str());
    Failure::told(match event.kind() {
        "m.room.encrypted" => {
            line.text(" is encrypted: whether there is a file in it neither the server nor I can tell.")
        }
        _ => line.text(" names no file. If it was redacted, the server may no longer have what it was."),
    })
}

/// What the server knows of files.
pub(super) async fn with_details(world: &World<'_>, files: Vec<Mxc>) -> Result<Vec<ListedMedia>, Failure> {
    let lookup = world.lookup;
    read_each(world, files, "files", |mxc: Mxc| {
        Box::pin(async move {
            let details = lookup.media(&mxc).await?;
            Ok(ListedMedia { mxc, details })
        })
    })
    .await
}

/// A file, and who sent it, where an event was meant.
pub(super) struct Single {
    pub(super) file: ListedMedia,
    pub(super) sender: Option<OwnedUserId>,
}

/// The file that is meant, or those that an event shows.
pub(super) async fn single(world: &World<'_>, what: &What, command: &str) -> Result<Vec<Single>, Failure> {
    let (files, sender) = match what {
        What::File(file) => (vec![file.clone()], None),
        What::Event(target) => {
            let event = event(world, target, command).await?;
            let files = shown_in(&event);
            if files.is_empty() && !files_of(&event).is_empty() {
                let line = Line::new().text("The event ").code(target.event.as_str());
                let line = line.text(" shows no file, it only names some in its words. ");
                let line = line.code(format!("!media {}", target.event));
                return Err(Failure::told(line.text(" lists them; give their URIs.")));
            }
            if files.is_empty() {
                return Err(without_files(&event, target));
            }
            (files, OwnedUserId::try_from(event.sender()).ok())
        }
        What::User(_) | What::Room(_) => return Ok(Vec::new()),
    };
    let files = with_details(world, files).await?;
    Ok(files.into_iter().map(|file| Single { file, sender: sender.clone() }).collect())
}

/// All files of a user or in a room.
pub(super) struct Whole {
    pub(super) of: FilesOf,
    /// What they are files of, with its names.
    pub(super) line: Line,
    pub(super) files: Vec<ListedMedia>,
    /// What else there is to say.
    pub(super) note: Option<&'static str>,
}

/// All files that a local user uploaded.
pub(super) async fn of_user(world: &World<'_>, user: &UserId, command: &str) -> Result<Whole, Failure> {
    let person = known(world, &UserTarget(user.to_owned())).await?;
    let Who::Local(account) = &person.who else {
        let line = Line::new().code(user.as_str());
        let line = line
            .text(" is of another server: this one has no list of their files. Use the room or the event: ");
        return Err(Failure::told(line.code(format!("!{command} <room>")).text(".")));
    };
    let line = user_line(account.display_name.as_deref(), user.as_str());
    let (mut files, mut from) = (Vec::new(), 0);
    loop {
        let page = world.lookup.media_of(user, from, super::media::AT_ONCE).await?;
        files.extend(page.media);
        match page.next.filter(|next| *next > from) {
            Some(next) => from = next,
            None => break,
        }
        super::media::tell(world, from, page.total);
    }
    Ok(Whole { of: FilesOf::User(user.to_owned()), line, files, note: None })
}

/// All files in messages of a room, as far as the server can tell.
pub(super) async fn of_room(world: &World<'_>, target: &RoomTarget) -> Result<Whole, Failure> {
    let (room, details) = known_room(world, target).await?;
    let files = with_details(world, each_once(world.lookup.media_in(&room.id).await?)).await?;
    let note = if details.encryption.is_none() {
        "Only files of messages that are not encrypted are known to the server."
    } else if files.is_empty() {
        "The room is encrypted: its files are known to its members alone, so nothing can be found."
    } else {
        "The room is encrypted: files of encrypted messages are known to its members alone, and are not among them."
    };
    Ok(Whole { line: room.line(), of: FilesOf::Room(room), files, note: Some(note) })
}

/// Whom something that is done to a file is against; with what there is to say of it, and why to ask. Refused when one of
/// them is protected.
pub(super) async fn author(
    world: &World<'_>,
    single: &Single,
) -> Result<(Option<OwnedUserId>, Option<(Line, String)>), Failure> {
    let uploader = single.file.details.as_ref().and_then(|details| details.uploader.as_deref());
    let Some(sender) = &single.sender else {
        return Ok((uploader.and_then(|id| OwnedUserId::try_from(id).ok()), None));
    };
    let file = Line::new().code(single.file.mxc.to_string());
    match owner(world.lookup, world.settings, uploader, Some(sender), &file).await? {
        Owner::Known(author) => Ok((author, None)),
        Owner::Other { author, line, caution } => Ok((author, Some((line, caution)))),
        Owner::Protected(why) => Err(Failure::told(why)),
    }
}

/// Whether a file is of this server, and no copy of another's.
pub(super) fn is_ours(world: &World<'_>, file: &Mxc) -> bool {
    file.server == world.lookup.me().server_name()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(words: &str, whats: &[&str], because: Option<&str>) {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let (found, reason) = whats_and_reason(&words, None).expect("files and a reason");
        let found = found.iter().map(|what| match what {
            What::File(mxc) => mxc.to_string(),
            What::User(user) => user.to_string(),
            What::Room(room) => room.to_string(),
            What::Event(EventTarget { room: Some(room), event }) => format!("{room} {event}"),
            What::Event(EventTarget { room: None, event }) => event.to_string(),
        });
        assert_eq!(found.collect::<Vec<_>>(), whats);
        assert_eq!(reason.as_deref(), because);
    }

    #[test]
    fn files_lead_and_a_reason_follows() {
        let event = format!("${}", "a".repeat(43));
        reads("mxc://a.test/1", &["mxc://a.test/1"], None);
        reads(
            "<mxc://a.test/1>, mxc://a.test/2. mxc://a.test/1 bad",
            &["mxc://a.test/1", "mxc://a.test/2"],
            Some("bad"),
        );
        reads("@ana:a.test !r:a.test spam wave", &["@ana:a.test", "!r:a.test"], Some("spam wave"));
        reads(&format!("{event} spam"), &[&event], Some("spam"));
        reads(&format!("!r:a.test {event}"), &[&format!("!r:a.test {event}")], None);
        reads(&format!("#r:a.test {event} {event}"), &[&format!("#r:a.test {event}"), &event], None);
        reads(
            &format!("https://matrix.to/#/!r:a.test/{event} x"),
            &[&format!("!r:a.test {event}")],
            Some("x"),
        );
        reads("https://matrix.to/#/@ana:a.test", &["@ana:a.test"], None);
        reads("https://matrix.to/#/!r:a.test", &["!r:a.test"], None);
        reads("!r:a.test see mxc://a.test/1", &["!r:a.test"], Some("see mxc://a.test/1"));
    }

    #[test]
    fn a_mistake_among_the_files_is_one() {
        for words in
            ["", "spam", "mxc://", "mxc://a.test/1 mxc://a", "!a", "@", "@ana", "$", "!r:a.test $", "#r"]
        {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            assert!(whats_and_reason(&words, None).is_err(), "{words:?}");
        }
        let words = ["@ana:a.test", "spam"].map(str::to_owned);
        let because = "@bob:a.test complained".to_owned();
        assert_eq!(whats_and_reason(&words[..1], Some(&because)).ok().unwrap().1, Some(because.clone()));
        assert!(whats_and_reason(&words, Some(&because)).is_err(), "two reasons");
    }
}
