//! The pages of the reference: written from the code by `GLEIPNIR_WRITE=1 cargo test -p gleipnir --lib docs`, and held
//! against it by every other run. What the binary says about its own command line is in `tests/it/handbook`.

use std::fmt::Write as _;

use gleipnir_core::{
    commands::{Settings, Subject, describe, table},
    ruma::RoomId,
};

use super::held;

const EXAMPLE: &str = include_str!("../../config.toml.example");

/// What stands above the commands.
const COMMANDS: &str = "\
# Commands

This page is what `!help <command>` answers where nothing else is configured. Rooms are given as ID, alias or link; events
as link or ID. A mention of the bot or `!gleipnir` may stand before a command instead of the `!`.

**Who may.** Everybody in the management room may read. Changing something needs power level 50 there, unless
[`[management]`](config.md#management) says otherwise.

**What asks first.** A command with `--yes` shows a preview and waits for ✅ (or `!confirm`) when what it does cannot be
undone, when it changes more than `safety.confirm_over` things at once, when a part of it cannot be done, when
`safety.second_moderator` names it, or when it goes over `safety.limits`. All else it does at once, and says how to undo it.
`--dry-run` shows the preview and does nothing. `--yes` skips the question where `safety.allow_yes` is on.
";

/// The page of the commands, by subject.
fn commands() -> String {
    let management = RoomId::parse("!management:example.org").expect("this is the ID of a room");
    let settings = Settings::new(management);
    let mut entries = table();
    entries.sort_by_key(|entry| (entry.subject, entry.name));
    let mut page = COMMANDS.to_owned();
    for subject in Subject::ALL {
        let _ = write!(page, "\n## {}\n", subject.title());
        for entry in entries.iter().filter(|entry| entry.subject == subject) {
            let _ = writeln!(page, "\n### !{}", entry.name);
            let help = describe(entry, &settings).render().text;
            // Its first line is the name.
            let mut was_item = false;
            for line in help.lines().skip(1).filter(|line| !line.trim().is_empty()) {
                let item = line.strip_prefix("• ");
                let between = if was_item && item.is_some() { "" } else { "\n" };
                let start = if item.is_some() { "- " } else { "" };
                let _ = writeln!(page, "{between}{start}{}", markdown(item.unwrap_or(line)));
                was_item = item.is_some();
            }
        }
    }
    page
}

/// A line of the bot as Markdown: what stands in backticks is code there too, and nothing else means anything.
fn markdown(line: &str) -> String {
    let parts = line.split('`').enumerate().map(|(n, part)| match n % 2 {
        1 => format!("`{part}`"),
        _ => part.chars().fold(String::new(), |mut text, c| {
            if "<>*_[]#\\".contains(c) {
                text.push('\\');
            }
            text.push(c);
            text
        }),
    });
    parts.collect()
}

/// What stands above the configuration.
const CONFIG: &str = "\
# Configuration

This page is `config.toml.example` in another form: every key, what it means, and what holds without it.
The file is [TOML](https://toml.io), `config.toml` in the folder where the bot is started unless `--config` names another. Unknown keys are
errors, with their line. Relative paths are relative to the file.
";

/// The page of the configuration: the comments of the example, and its keys.
fn config() -> String {
    let mut page = CONFIG.to_owned();
    // The first paragraph is said above.
    let parts = EXAMPLE.split("\n\n").skip(1);
    for part in parts {
        let (before, inside) = split_at_section(part);
        let Some((section, inside)) = inside else {
            // A list of tables, which stands there as an example only.
            if let Some(tables) = part.lines().find_map(|line| line.strip_prefix("#     [[")) {
                let _ = write!(page, "\n## [[{tables}\n");
            }
            prose(&mut page, part);
            continue;
        };
        let _ = write!(page, "\n## {section}\n");
        prose(&mut page, before);
        prose(&mut page, inside);
    }
    page
}

/// The lines before the head of a section, its head, and the lines behind it.
fn split_at_section(part: &str) -> (&str, Option<(&str, &str)>) {
    let mut start = 0;
    for line in part.split_inclusive('\n') {
        let head = line.trim_start_matches('#').trim();
        let is_head = !line.starts_with("# ") && head.starts_with('[') && head.ends_with(']');
        if is_head {
            return (&part[..start], Some((head, &part[start + line.len()..])));
        }
        start += line.len();
    }
    (part, None)
}

/// What a line of the example is.
enum Kind<'a> {
    /// A key, its value, and how it stands there.
    Key(&'a str, &'a str, Given),
    /// A line of an example in a comment, or of a table.
    Fixed(&'a str),
    /// Words.
    Words(&'a str),
}

/// How a key stands in the example.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    /// It has to be there.
    Plain,
    /// `# key = value`
    Default,
    /// `#key = value`
    Without,
}

fn kind(line: &str) -> Kind<'_> {
    let (rest, given) = match (line.strip_prefix("# "), line.strip_prefix('#')) {
        (Some(rest), _) => (rest, Given::Default),
        (None, Some(rest)) => (rest, Given::Without),
        (None, None) => (line, Given::Plain),
    };
    if rest.starts_with("    ") || rest.is_empty() {
        return Kind::Fixed(rest.strip_prefix("    ").unwrap_or(rest));
    }
    let is_key = |key: &str| key.chars().all(|c| c.is_ascii_lowercase() || "_-".contains(c));
    match rest.split_once(" = ").filter(|(key, _)| is_key(key)) {
        Some((key, value)) => Kind::Key(key, value, given),
        None => Kind::Words(rest),
    }
}

/// Adds comments and keys to the page.
fn prose(page: &mut String, lines: &str) {
    let lines: Vec<Kind> = lines.lines().map(kind).collect();
    let mut rest = &lines[..];
    while let Some(first) = rest.first() {
        let same = |line: &&Kind| std::mem::discriminant(*line) == std::mem::discriminant(first);
        let (block, others) = rest.split_at(rest.iter().take_while(same).count());
        // What is said before keys belongs to them.
        match block {
            [Kind::Words(_), ..] if matches!(others.first(), Some(Kind::Key(..))) => {
                let keys = others.iter().take_while(|line| matches!(line, Kind::Key(..))).count();
                let (keys, others) = others.split_at(keys);
                let heads: Vec<String> = keys.iter().filter_map(head).collect();
                let _ = write!(page, "\n**{}**\n", heads.join(", "));
                words(page, block);
                values(page, keys);
                rest = others;
                continue;
            }
            [Kind::Words(_), ..] => words(page, block),
            [Kind::Key(..), ..] => values(page, block),
            _ => {
                let fixed = block.iter().map(|line| match line {
                    Kind::Fixed(text) => *text,
                    _ => "",
                });
                let text = fixed.collect::<Vec<_>>().join("\n");
                let text = text.trim_matches('\n');
                let language = if text.trim_start().starts_with('[') { "toml" } else { "text" };
                let _ = write!(page, "\n```{language}\n{text}\n```\n");
            }
        }
        rest = others;
    }
}

fn head(line: &Kind) -> Option<String> {
    match line {
        Kind::Key(key, ..) => Some(format!("`{key}`")),
        _ => None,
    }
}

fn words(page: &mut String, block: &[Kind]) {
    let words = block.iter().filter_map(|line| match line {
        Kind::Words(words) => Some(*words),
        _ => None,
    });
    let _ = write!(page, "\n{}\n", words.map(markdown).collect::<Vec<_>>().join("\n"));
}

fn values(page: &mut String, keys: &[Kind]) {
    let line = |key: &Kind| match key {
        Kind::Key(key, value, _) => format!("{key} = {value}"),
        _ => String::new(),
    };
    match keys {
        [Kind::Key(_, value, given)] => {
            let what = match given {
                Given::Plain => "Has to be there, such as",
                Given::Default => "Default:",
                Given::Without => "Such as",
            };
            let _ = write!(page, "\n{what} `{value}`\n");
        }
        keys => {
            let lines: Vec<String> = keys.iter().map(line).collect();
            let _ = write!(page, "\n```toml\n{}\n```\n", lines.join("\n"));
        }
    }
}

#[test]
fn the_commands_are_in_the_reference() {
    held("reference/commands.md", &commands());
}

#[test]
fn the_configuration_is_in_the_reference() {
    held("reference/config.md", &config());
}
