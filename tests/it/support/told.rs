//! What the bot has told of a watched room, line by line, whichever messages it is spread over.

use super::Answer;

/// A line of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// What happened, without its time.
    pub(crate) sentence: String,
    /// Whether it is told as what happened while the bot was away.
    pub(crate) is_late: bool,
    /// The message that tells it.
    pub(crate) message: String,
}

/// All that is told of a room, in the order of the messages and of their lines.
pub(crate) fn told(said: &[Answer], room: &str) -> Vec<Told> {
    said.iter().flat_map(|message| of_message(message, room)).collect()
}

fn of_message(message: &Answer, room: &str) -> Vec<Told> {
    let id = format!("`{room}`");
    let mut told = Vec::new();
    // Reports name their job first.
    if message.text.starts_with("Job ") {
        return told;
    }
    let (mut is_here, mut is_late) = (false, false);
    let mut add = |line: &str, is_late: bool| {
        let sentence = without_time(line).to_owned();
        told.push(Told { sentence, is_late, message: message.id.clone() });
    };
    for line in message.text.lines() {
        if let Some(line) = line.strip_prefix("• ") {
            if is_here {
                add(line, is_late);
            }
            continue;
        }
        is_late = line.starts_with("While I was away, ");
        // A room without a name is its ID alone, without brackets.
        let rest = line.split_once(&id).map(|(_, rest)| rest.strip_prefix(')').unwrap_or(rest));
        is_here = rest.is_some_and(|rest| rest.ends_with(':'));
        // A single change stands behind its room, and behind its time when it is late.
        let single = rest.and_then(|rest| rest.split_once(": "));
        if let Some((_, sentence)) = single.filter(|(when, _)| when.is_empty() || is_late) {
            add(sentence, is_late);
        }
    }
    told
}

/// “08:14:00 ”, “2026-11-21 08:14:00 ”, “08:14:00–08:14:05 ” or “2026-11-21 08:14:00 – 2026-11-22 00:00:01 ”.
fn without_time(mut line: &str) -> &str {
    let is_time = |word: &str| {
        word == "–"
            || (word.contains([':', '-']) && word.chars().all(|c| c.is_ascii_digit() || ":-–".contains(c)))
    };
    while let Some((_, rest)) = line.split_once(' ').filter(|(word, _)| is_time(word)) {
        line = rest;
    }
    line
}
