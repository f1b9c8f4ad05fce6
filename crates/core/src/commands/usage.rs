//! What a moderator reads when a command was typed wrongly: what is wrong, the line with a caret under the word, and
//! the usage.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Entry, line::Found};
use crate::{
    reply::{Line, Reply},
    text::words::Word,
};

/// Explains clap's error about `found`.
pub fn reply(found: &Found, error: &clap::Error) -> Reply {
    let Problem { words, culprit, hint } = problem(error);
    let mut reply = Reply::new().paragraph(words);
    let word = culprit.and_then(|culprit| find(&found.words, &culprit));
    if let Some(word) = word {
        reply = reply.preformatted(pointed(&found.line, word.start, word.end));
    }
    if let Some(hint) = hint {
        reply = reply.paragraph(Line::new().text("Did you mean ").code(&hint).text("?"));
    } else if is_for_the_reason(found, error) {
        let line = Line::new().text("The reason needs no option: write it behind everything else");
        reply = reply.paragraph(line.text(", as the usage shows."));
    } else if let Some(word) =
        word.filter(|word| error.kind() == ErrorKind::UnknownArgument && begins_with_a_dash(word))
    {
        let quoted = format!("\"{}\"", word.text);
        reply = reply
            .paragraph(Line::new().text("If it is no option but a word, put it in quotes: ").code(quoted));
    }
    reply
        .paragraph(usage(&found.entry))
        .paragraph(Line::new().text("More: ").code(format!("!help {}", found.entry.name)))
}

/// The usage line of a command.
pub(super) fn usage(entry: &Entry) -> Line {
    let usage = entry.grammar().render_usage().to_string();
    Line::new().text("Usage: ").code(usage.trim_start_matches("Usage:").trim())
}

/// A line with a caret under the characters from `start` to `end`.
pub fn pointed(line: &str, start: usize, end: usize) -> String {
    let shown: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let carets = end.saturating_sub(start).max(1);
    format!("{shown}\n{}{}", " ".repeat(start), "^".repeat(carets))
}

struct Problem {
    words: Line,
    culprit: Option<String>,
    hint: Option<String>,
}

fn problem(error: &clap::Error) -> Problem {
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(all)) => Some(all.join(", ")),
        _ => None,
    };
    let argument = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let name = argument.clone().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => Problem {
            words: if name.starts_with('-') {
                Line::new().text("I do not know ").user(&name).text(".")
            } else {
                Line::new().user(&name).text(" is one word too many.")
            },
            culprit: argument,
            hint: context(ContextKind::SuggestedArg),
        },
        ErrorKind::MissingRequiredArgument => Problem {
            words: Line::new().text("Something is missing: ").code(&name).text("."),
            culprit: None,
            hint: None,
        },
        ErrorKind::InvalidValue if value.as_deref() == Some("") => Problem {
            words: Line::new().code(&name).text(" needs a value."),
            culprit: Some(name),
            hint: None,
        },
        ErrorKind::InvalidValue => Problem {
            words: Line::new()
                .user(value.as_deref().unwrap_or_default())
                .text(" is not a value of ")
                .code(&name)
                .text(match context(ContextKind::ValidValue) {
                    Some(valid) => format!("; it takes {valid}."),
                    None => ".".to_owned(),
                }),
            culprit: value,
            hint: context(ContextKind::SuggestedValue),
        },
        ErrorKind::ValueValidation => Problem {
            words: invalid(error, value.as_deref().unwrap_or_default(), &name),
            culprit: value,
            hint: None,
        },
        ErrorKind::ArgumentConflict => Problem {
            words: Line::new()
                .code(&name)
                .text(" cannot be used here: it is there twice, or excludes another."),
            culprit: argument,
            hint: None,
        },
        _ => Problem {
            words: Line::new().text("I cannot read that command."),
            culprit: argument.or(value),
            hint: None,
        },
    }
}

/// Whether somebody gives an option that other tools have.
fn is_for_the_reason(found: &Found, error: &clap::Error) -> bool {
    let is_reason =
        |value: &ContextValue| matches!(value, ContextValue::String(text) if text.starts_with("--reason"));
    error.kind() == ErrorKind::UnknownArgument
        && found.entry.grammar().render_usage().to_string().contains("reason")
        && error.get(ContextKind::InvalidArg).is_some_and(is_reason)
}

/// Whether a word looks like short options, as registration tokens may.
fn begins_with_a_dash(word: &Word) -> bool {
    word.text.starts_with('-') && !word.text.starts_with("--")
}

/// Whether a word such as `-nx` has the short option `-x` in it.
fn is_among_short_ones(word: &str, option: &str) -> bool {
    let short = |word: &str| !word.starts_with("--") && word.starts_with('-');
    short(word) && short(option) && option.chars().nth(1).is_some_and(|letter| word.contains(letter))
}

/// Our own parsers say a sentence; those of clap only what is wrong.
fn invalid(error: &clap::Error, value: &str, name: &str) -> Line {
    match std::error::Error::source(error) {
        Some(why) if why.to_string().ends_with('.') => Line::new().name_long(why.to_string()),
        Some(why) if !why.is::<std::num::ParseIntError>() => {
            Line::new().code(name).text(format!(" cannot be that: {why}."))
        }
        _ => Line::new().user(value).text(" is not a number, and ").code(name).text(" needs one."),
    }
}

/// The word that clap complains about: itself, or as the option of `--option=value`.
fn find<'a>(words: &'a [Word], culprit: &str) -> Option<&'a Word> {
    let option = culprit.split([' ', '=']).next().unwrap_or(culprit);
    words
        .iter()
        .find(|word| word.text.trim() == culprit.trim())
        .or_else(|| words.iter().find(|word| word.text.split('=').next() == Some(option)))
        .or_else(|| words.iter().find(|word| word.text.ends_with(&format!("={culprit}"))))
        .or_else(|| words.iter().find(|word| is_among_short_ones(&word.text, culprit)))
}
