//! What commands about several rooms have in common: which of the words are rooms, and reading about many of them.

use futures_util::{StreamExt, future::BoxFuture, stream};

use super::{Failure, World, facts::reason};
use crate::{
    reply::{Line, Reply},
    text::target::{RoomTarget, looks_like_room},
};

/// How many requests are under way at once: enough to hide the way to the server, too few to burden it.
const AT_ONCE: usize = 4;

/// The rooms that lead the words, and the reason that follows them, unless it was given by itself (`because`). The first
/// word has to be a room. A later one that looks like a room is one, or a mistake, never a reason; behind a word of the
/// reason it is part of the reason.
pub(super) fn rooms_and_reason(
    words: &[String],
    because: Option<&String>,
) -> Result<(Vec<RoomTarget>, Option<String>), Failure> {
    let count = words.iter().skip(1).take_while(|word| looks_like_room(word)).count() + 1;
    let rooms = words
        .iter()
        .take(count)
        .map(|word| word.parse().map_err(|error| Failure::told(Line::new().name_long(format!("{error}")))));
    let rooms = rooms.collect::<Result<_, _>>()?;
    let behind = reason(words.get(count..).unwrap_or_default());
    match (because, behind) {
        (None, behind) => Ok((rooms, behind)),
        (Some(because), None) => Ok((rooms, reason(std::slice::from_ref(because)))),
        (Some(_), Some(behind)) => Err(Failure::told(
            Line::new()
                .user(behind)
                .text(" is no room, and the reason is in ")
                .code("--because")
                .text(" already. Give the reason once; in quotes, if it has several words."),
        )),
    }
}

/// Reads something about each of many `things` (said in the plural), a few at a time and in their order, and tells how
/// far it is.
pub(super) async fn read_each<'a, T: Send + 'a, R: Send>(
    world: &World<'_>,
    items: Vec<T>,
    things: &str,
    read: impl FnMut(T) -> BoxFuture<'a, Result<R, Failure>> + Send,
) -> Result<Vec<R>, Failure> {
    let total = items.len();
    let mut answers = stream::iter(items.into_iter().map(read)).buffered(AT_ONCE);
    let mut done = Vec::with_capacity(total);
    while let Some(answer) = answers.next().await {
        done.push(answer?);
        (world.tell)(&Reply::text(format!("Reading: {} of {total} {things} …", done.len())));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(words: &str, rooms: &[&str], because: Option<&str>) {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let (targets, reason) = rooms_and_reason(&words, None).expect("rooms and a reason");
        assert_eq!(targets.iter().map(ToString::to_string).collect::<Vec<_>>(), rooms);
        assert_eq!(reason.as_deref(), because);
    }

    #[test]
    fn rooms_lead_and_a_reason_follows() {
        reads("!a:x.test", &["!a:x.test"], None);
        reads("!a:x.test #b:x.test", &["!a:x.test", "#b:x.test"], None);
        reads("!a:x.test, #b:x.test. spam", &["!a:x.test", "#b:x.test"], Some("spam"));
        reads("!a:x.test see #b:x.test", &["!a:x.test"], Some("see #b:x.test"));
        reads("!a:x.test see !b", &["!a:x.test"], Some("see !b"));
        reads("https://matrix.to/#/!a:x.test spam", &["!a:x.test"], Some("spam"));
    }

    #[test]
    fn a_mistake_among_the_rooms_is_one() {
        for words in ["", "spam", "!a", "!a:x.test !b", "!a:x.test #b spam", "spam !a:x.test", "@u:x.test"] {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            assert!(rooms_and_reason(&words, None).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_reason_given_by_itself_may_begin_with_a_room() {
        let words = ["!a:x.test", "!b:x.test", "spam"].map(str::to_owned);
        let because = "#lounge:x.test was raided from here".to_owned();
        let (rooms, reason) = rooms_and_reason(&words[..1], Some(&because)).expect("a room and a reason");
        assert_eq!((rooms.len(), reason), (1, Some(because.clone())));
        assert!(rooms_and_reason(&words, Some(&because)).is_err(), "two reasons");
        assert_eq!(rooms_and_reason(&words[..2], Some(&" ".to_owned())).ok().unwrap().1, None);
    }
}
