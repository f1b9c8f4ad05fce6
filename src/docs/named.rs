//! Every command that the handbook, the pages for operators, the alerts and the bot's own replies name is in the table.
//! Pages about other bots are left out: theirs begin with `!` too.

use std::{collections::BTreeSet, fs, path::Path};

use gleipnir_core::commands::table;

use super::files;

/// Finds the parts of a text in which commands are named.
type Code = fn(&str) -> Vec<&str>;

/// What stands in code in a document: the lines of its blocks, and its spans.
fn code(document: &str) -> Vec<&str> {
    let parts = document.split("```");
    let prose = parts.clone().step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2));
    // The word behind the opening of a block is its language.
    let blocks = parts.skip(1).step_by(2).flat_map(|block| block.lines().skip(1));
    blocks.chain(prose).collect()
}

/// What replies show as code: `.code("…")`, and `.code(format!("…", …))`.
fn shown(source: &str) -> Vec<&str> {
    let behind = source.split(".code(").skip(1).map(str::trim_start);
    let text = behind.filter_map(|rest| {
        let rest = rest.strip_prefix("format!(").map_or(rest, str::trim_start);
        rest.strip_prefix('"')?.split_once('"')
    });
    text.map(|(text, _)| text).collect()
}

/// The names of commands in a text: what begins with `!` and is no room's ID, which has a server (or a `…` for it) behind it,
/// or is as long as those without.
fn named(text: &str) -> Vec<&str> {
    let words = text.match_indices('!').filter_map(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + 1..]);
        let end = behind.find(|c: char| !c.is_alphanumeric() && !"-_:….".contains(c));
        let word = behind[..end.unwrap_or(behind.len())].trim_end_matches([':', '.']);
        let is_id = word.contains([':', '…']) || word.len() == 43;
        let begins = !before.ends_with(char::is_alphanumeric) && word.starts_with(char::is_alphabetic);
        (begins && !is_id).then_some(word)
    });
    words.collect()
}

#[test]
fn every_command_that_is_named_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known: BTreeSet<&str> = table().into_iter().map(|entry| entry.name).collect();
    // A folder, the files that are read there, what of their text is code, and how many commands there are at least.
    let places: [(&str, &str, Code, usize); 5] = [
        ("docs/handbook", "md", code, 100),
        ("docs/operators", "md", code, 5),
        ("docs", "yml", |text| vec![text], 3),
        ("src", "rs", shown, 10),
        ("crates/core/src", "rs", shown, 100),
    ];
    let mut unknown = Vec::new();
    for (place, extension, code, least) in places {
        let mut count = 0;
        for path in files(&root.join(place), extension) {
            let text = fs::read_to_string(&path).unwrap();
            let names: Vec<&str> = code(&text).into_iter().flat_map(named).collect();
            count += names.len();
            let wrong = names.iter().filter(|name| !known.contains(**name));
            unknown.extend(wrong.map(|name| format!("{}: there is no !{name}", path.display())));
        }
        assert!(count >= least, "{place}: only {count} commands were found");
    }
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn what_is_code_and_what_names_a_command() {
    let document = "Type `!one` or\n`x !two y`, not !this.\n\n```text\n      mod │ !three `!four`\n          │ !five\n```\n`!six`";
    assert_eq!(
        code(document).into_iter().flat_map(named).collect::<Vec<_>>(),
        ["three", "four", "five", "one", "two", "six"]
    );
    let source = ".code(\"!one {a}\").text(\"!this\").code(\n    format!(\n        \"!two {}\", \"!that\")).code(other)";
    assert_eq!(shown(source), ["!one {a}", "!two {}"]);
    let id = format!("!{}", "a".repeat(43));
    for (text, names) in [
        ("!lock @ana:hs.test", vec!["lock"]),
        ("\"!status says how it is, or !jobs.\"", vec!["status", "jobs"]),
        ("!case2", vec!["case2"]),
        ("!room-admin !lounge… !old:example.org", vec!["room-admin"]),
        (&*id, vec![]),
        ("!{name} != 1 said! a!b <!-- c -->", vec![]),
    ] {
        assert_eq!(named(text), names, "{text}");
    }
}
