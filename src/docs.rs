//! Holds the documents against the code: the command table of the README, the pages of the reference, links, the commands
//! that are named, the handbook's conversations, and what replies refer to. `GLEIPNIR_WRITE=1 cargo test -p gleipnir --lib
//! docs` writes anew what is made of the code.

mod links;
mod named;
mod played;
mod reference;

use std::{
    fs,
    path::{Path, PathBuf},
};

use gleipnir_core::commands::table;

const README: &str = include_str!("../README.md");
const SURPRISES: &str = include_str!("../docs/synapse.md");
const ROOMS_API: &str = include_str!("../docs/rooms-admin-api.md");

/// The table as it has to stand in the README.
fn command_table() -> String {
    let mut entries = table();
    entries.sort_by_key(|entry| (entry.subject, entry.name));
    let rows = entries.iter().map(|entry| {
        let grammar = entry.grammar();
        let usage = grammar.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").split_whitespace().collect::<Vec<_>>().join(" ");
        let about = grammar.get_about().map(ToString::to_string).unwrap_or_default();
        let needs = match entry.access {
            gleipnir_core::commands::Access::Read => "membership",
            gleipnir_core::commands::Access::Act => "power 50",
            gleipnir_core::commands::Access::ReadOrAct => "membership; power 50 to change something",
            gleipnir_core::commands::Access::Decide => "what the job needs",
        };
        format!("| `{}` | {about} | {needs} |\n", usage.replace('|', "\\|"))
    });
    format!("| command | does | needs |\n|---|---|---|\n{}", rows.collect::<String>())
}

/// Whether what is made of the code is to be written, instead of being held against it.
fn writes() -> bool {
    std::env::var_os("GLEIPNIR_WRITE").is_some()
}

/// Holds a page of `docs/` against what it has to be, or writes it.
#[track_caller]
fn held(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    if writes() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        return;
    }
    let there = fs::read_to_string(path).unwrap_or_default();
    let (mut lines, mut wanted) = (there.lines(), text.lines());
    let difference = std::iter::from_fn(|| Some((lines.next(), wanted.next())))
        .take_while(|pair| *pair != (None, None))
        .find(|(line, wanted)| line != wanted);
    assert!(
        difference.is_none(),
        "docs/{page} is not what the code says (there, wanted): {difference:#?}\n\
         Write it anew: GLEIPNIR_WRITE=1 cargo test -p gleipnir --lib docs"
    );
}

#[test]
fn the_readme_has_the_command_table() {
    let table = command_table();
    if writes() {
        let (start, rest) = README.split_once("| command | does | needs |\n").unwrap();
        let (_, end) = rest.split_once("\n\n").unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        fs::write(path, format!("{start}{table}\n{end}")).unwrap();
        return;
    }
    assert!(
        README.contains(&table),
        "the README's command table is not what the code says. Write it anew: GLEIPNIR_WRITE=1 cargo test -p gleipnir --lib \
         docs. It has to be:\n\n{table}"
    );
}

/// The rows of the tables of a document, without their headings: two columns.
fn rows(document: &str) -> Vec<(&str, &str)> {
    let is_row = |line: &&str| line.starts_with("| ") && *line != "| API | command |";
    let columns = |line| str::split_once(str::trim_matches(line, ['|', ' ']), " | ").unwrap_or((line, ""));
    document.lines().filter(is_row).map(columns).collect()
}

/// The commands in a cell: what stands in code and begins with `!`.
fn commands(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).filter(|code| code.starts_with('!')).collect()
}

/// Why something is no command, or has no such option or value.
fn wrong(command: &str) -> Option<String> {
    let mut words = command.trim_start_matches('!').split_whitespace().map(str::to_owned);
    let name = words.next().unwrap_or_default();
    let words: Vec<String> = words.collect();
    let Some(entry) = table().into_iter().find(|entry| entry.name == name) else {
        return Some("there is no such command".to_owned());
    };
    let grammar = entry.grammar();
    let knows = |word: &str| grammar.get_arguments().any(|argument| argument.get_long() == Some(word));
    match &words[..] {
        [] => None,
        [option] if option.starts_with("--") => {
            (!knows(option.trim_start_matches('-'))).then(|| format!("it has no {option}"))
        }
        // What is missing behind it is not what is asked here.
        words => match entry.parse(words) {
            Err(error) if error.kind() != clap::error::ErrorKind::MissingRequiredArgument => {
                Some(error.to_string())
            }
            _ => None,
        },
    }
}

#[test]
fn every_entry_of_the_rooms_admin_api_has_its_command() {
    let rows = rows(ROOMS_API);
    assert!(rows.len() > 130, "only {} rows", rows.len());
    for (entry, cell) in rows {
        assert!(!commands(cell).is_empty(), "{entry} has no command");
        for command in commands(cell) {
            assert_eq!(wrong(command), None, "{command}, for {entry}");
        }
    }
}

/// What the document of January 2022 consists of: its headings, with their parameters and fields.
const DOCUMENT: [(&str, &[&str]); 10] = [
    (
        "List Room API",
        &[
            "from",
            "limit",
            "order_by",
            "alphabetical",
            "size",
            "name",
            "canonical_alias",
            "joined_members",
            "joined_local_members",
            "version",
            "creator",
            "encryption",
            "federatable",
            "public",
            "join_rules",
            "guest_access",
            "history_visibility",
            "state_events",
            "dir",
            "search_term",
            "rooms",
            "room_id",
            "offset",
            "total_rooms",
            "next_batch",
            "next_token",
            "prev_batch",
        ],
    ),
    (
        "Room Details API",
        &[
            "room_id",
            "name",
            "topic",
            "avatar",
            "canonical_alias",
            "joined_members",
            "joined_local_members",
            "joined_local_devices",
            "version",
            "creator",
            "encryption",
            "federatable",
            "public",
            "join_rules",
            "guest_access",
            "history_visibility",
            "state_events",
        ],
    ),
    ("Room Members API", &["members", "total"]),
    ("Room State API", &["state"]),
    ("Block Room API", &["room_id", "block", "user_id"]),
    (
        "Delete Room API",
        &[
            "room_id",
            "new_room_user_id",
            "room_name",
            "message",
            "block",
            "purge",
            "force_purge",
            "kicked_users",
            "failed_to_kick_users",
            "local_aliases",
            "new_room_id",
            "delete_id",
        ],
    ),
    (
        "Status of deleting rooms",
        &[
            "room_id",
            "delete_id",
            "results",
            "status",
            "error",
            "shutdown_room",
            "kicked_users",
            "failed_to_kick_users",
            "local_aliases",
            "new_room_id",
        ],
    ),
    ("Make Room Admin API", &["user_id"]),
    (
        "Forward Extremities Admin API",
        &["count", "results", "event_id", "state_group", "depth", "received_ts", "deleted"],
    ),
    ("Event Context API", &["limit", "events_before", "event", "events_after", "state", "start", "end"]),
];

#[test]
fn every_heading_parameter_and_field_of_the_rooms_admin_api_has_its_entry() {
    for (heading, names) in DOCUMENT {
        let section = ROOMS_API.split("\n#").find(|section| {
            let title = section.trim_start_matches('#').lines().next().unwrap_or_default();
            title.trim() == heading
        });
        let section = section.unwrap_or_else(|| panic!("there is no heading {heading}"));
        let entries: String = rows(section).into_iter().map(|(entry, _)| entry).collect();
        for name in names {
            assert!(entries.contains(&format!("`{name}`")), "{name} is missing under {heading}");
        }
    }
    assert!(ROOMS_API.contains("### Undoing room deletions"));
}

#[test]
fn a_command_that_is_none_would_be_found() {
    for command in ["!nothing", "!rooms --nothing", "!rooms --order-by nothing", "!alias nothing"] {
        assert!(wrong(command).is_some(), "{command}");
    }
}

#[test]
fn every_surprise_of_synapse_has_its_test() {
    let sources = sources(Path::new(env!("CARGO_MANIFEST_DIR")));
    let numbers = SURPRISES.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let numbers: Vec<&str> = numbers.map(|(number, _)| number).filter(|number| *number != "no.").collect();
    assert!(numbers.len() >= 15, "{numbers:?}");
    for number in numbers {
        let name = format!("fn trap_{number}_");
        assert!(sources.iter().any(|source| source.contains(&name)), "no test is called trap_{number}_…");
    }
}

/// The text of every Rust file of the workspace.
fn sources(root: &Path) -> Vec<String> {
    let paths = ["src", "tests", "crates"].into_iter().flat_map(|folder| files(&root.join(folder), "rs"));
    paths.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// All files with an extension in a folder and below it.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|there| there == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn what_replies_refer_to_exists() {
    let setup = include_str!("../docs/setup.md");
    for heading in [
        "## A server admin",
        "## The admin API behind a reverse proxy",
        "## Rate limits",
        "## Delegated authentication",
    ] {
        assert!(setup.contains(heading), "docs/setup.md lacks {heading:?}, which replies refer to");
    }
}

#[test]
fn the_changelog_knows_this_version() {
    let changelog = include_str!("../CHANGELOG.md");
    assert!(changelog.contains(concat!("## ", env!("CARGO_PKG_VERSION"))));
}
