//! From a line in the room to a row of the table: `!block …`, `!gleipnir block …`, or a mention of the bot.

use ruma::UserId;

use super::{Entry, table};
use crate::text::{
    nearest::nearest,
    target::UserTarget,
    words::{Unclosed, Word, words},
};

/// The name that may stand before a command.
pub const OWN_NAME: &str = "gleipnir";

/// What a line is.
pub enum Read {
    /// Conversation.
    NotACommand,
    /// A quote that never closes.
    Unclosed {
        /// The line.
        line: String,
        /// Where it opens.
        at: Unclosed,
    },
    /// A command that does not exist.
    Unknown {
        /// What was typed.
        name: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
    /// A command.
    Found(Found),
}

/// A command and its words.
pub struct Found {
    /// Its row of the table.
    pub entry: Entry,
    /// The line, as it was typed.
    pub line: String,
    /// Its words, without the command's name.
    pub words: Vec<Word>,
}

impl Found {
    /// The words as clap takes them. A quoted word is never an option: a blank before its dash says so to clap, and
    /// means nothing to any argument.
    pub fn arguments(&self) -> Vec<String> {
        let as_value = |word: &Word| {
            if word.quoted && word.text.starts_with('-') {
                format!(" {}", word.text)
            } else {
                word.text.clone()
            }
        };
        self.words.iter().map(as_value).collect()
    }
}

/// Reads a line. Only its first words decide whether it is a command.
pub fn read(line: &str, me: &UserId) -> Read {
    let line = line.trim();
    let begins_like_one = line.starts_with(['!', '！']) || mentions(line.split_whitespace().next(), me);
    if !begins_like_one {
        return Read::NotACommand;
    }
    let mut words = match words(line) {
        Ok(words) => words,
        Err(at) => return Read::Unclosed { line: line.to_owned(), at },
    };
    let Some(name) = command_name(&mut words, me) else { return Read::NotACommand };
    if let Some(entry) = table().into_iter().find(|entry| entry.name == name) {
        return Read::Found(Found { entry, line: line.to_owned(), words });
    }
    let names: Vec<&'static str> = table().iter().map(|entry| entry.name).collect();
    Read::Unknown { nearest: nearest(&name, names), name }
}

/// Takes the words up to the command's name off, and gives the name in lower case.
fn command_name(words: &mut Vec<Word>, me: &UserId) -> Option<String> {
    let first = (!words.is_empty()).then(|| words.remove(0))?;
    let addressed = mentions(Some(&first.text), me)
        || first.text.strip_prefix('!').is_some_and(|name| name.eq_ignore_ascii_case(OWN_NAME));
    if addressed {
        if words.is_empty() {
            return Some("help".to_owned());
        }
        let name = words.remove(0).text.to_lowercase();
        return Some(name.strip_prefix('!').unwrap_or(&name).to_owned());
    }
    // `!abc…:hs.test` is the ID of a room that somebody talks about, and so is one of room version 12.
    let name = first.text.strip_prefix('!')?.to_lowercase();
    let is_word = name.starts_with(char::is_alphabetic) && name.len() < 30 && !name.contains(':');
    is_word.then_some(name)
}

/// Whether a word is the bot: its ID, or a pill of it.
fn mentions(word: Option<&str>, me: &UserId) -> bool {
    let word = word.unwrap_or_default().trim_end_matches([':', ',']);
    word.parse::<UserTarget>().is_ok_and(|UserTarget(user)| user == me)
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[track_caller]
    fn check(line: &str, want: &str) {
        let got = match read(line, user_id!("@bot:hs.test")) {
            Read::NotACommand => "conversation".to_owned(),
            Read::Unclosed { .. } => "unclosed".to_owned(),
            Read::Unknown { name, nearest } => format!("unknown {name} {nearest:?}"),
            Read::Found(found) => {
                let words: Vec<_> = found.words.iter().map(|word| word.text.as_str()).collect();
                format!("{} {}", found.entry.name, words.join("|"))
            }
        };
        assert_eq!(got, want, "{line}");
    }

    #[test]
    fn lines_are_told_apart() {
        check("!block !a:hs.test spam", "block !a:hs.test|spam");
        check("  !BLOCK !a:hs.test", "block !a:hs.test");
        check("!gleipnir block !a:hs.test", "block !a:hs.test");
        check("!gleipnir !status", "status ");
        check("!gleipnir", "help ");
        check("@bot:hs.test: status", "status ");
        check("https://matrix.to/#/@bot:hs.test: status", "status ");
        check("@other:hs.test: status", "conversation");
        check("hello !block", "conversation");
        check("!", "conversation");
        check("!!!", "conversation");
        check("! block", "conversation");
        check("!abc:hs.test is full of spam", "conversation");
        check("!XPmubELA7ER6B1qWQEzTd4KVpxn6_czlQJqIh5dZlak is full of spam", "conversation");
        check("!blok !a:hs.test", "unknown blok Some(\"block\")");
        check("!shutdwon !a:hs.test", "unknown shutdwon Some(\"shutdown\")");
        check("!xyzzy", "unknown xyzzy None");
        check("!block !a:hs.test \"spam", "unclosed");
    }
}
