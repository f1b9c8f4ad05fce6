//! Behind every place of the handbook where a conversation is to stand, one stands. What they say is held against the bot by
//! the tests with a server, which play them.

use std::{fs, path::Path};

use super::files;

/// The places for a conversation, which are lines such as `<!-- played: card -->`, and whether one stands there: an empty
/// line, and a block in which something is said.
fn places(page: &str) -> Vec<(&str, bool)> {
    let lines: Vec<&str> = page.lines().collect();
    let is_place = |line: &str| line.contains("<!--") && line.contains("played");
    let places = lines.iter().enumerate().filter(|(_, line)| is_place(line));
    places
        .map(|(n, place)| {
            let name = place.strip_prefix("<!-- played: ").and_then(|rest| rest.strip_suffix(" -->"));
            let is_there = match &lines[n + 1..] {
                ["", "```text", rest @ ..] => {
                    let end = rest.iter().position(|line| *line == "```").unwrap_or(0);
                    // Who says it, and what.
                    let said: Vec<_> = rest[..end].iter().map(|line| line.split_once('│')).collect();
                    !said.contains(&None) && said.iter().flatten().any(|(_, text)| !text.trim().is_empty())
                }
                _ => false,
            };
            (*place, is_there && name.is_some_and(|name| !name.trim().is_empty()))
        })
        .collect()
}

#[test]
fn every_place_of_the_handbook_has_its_conversation() {
    let mut count = 0;
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/handbook"), "md") {
        let page = fs::read_to_string(&path).unwrap();
        let places = places(&page);
        count += places.len();
        let bare: Vec<&str> =
            places.into_iter().filter(|(_, is_there)| !is_there).map(|(place, _)| place).collect();
        assert!(
            bare.is_empty(),
            "{}: no conversation behind {bare:?}. Write them: GLEIPNIR_WRITE=1 cargo test -p gleipnir --test it handbook",
            path.display()
        );
    }
    assert!(count >= 30, "only {count} places were found");
}

#[test]
fn a_place_without_a_conversation_would_be_found() {
    let place = "<!-- played: card -->";
    for (behind, is_there) in [
        ("\n\n```text\n      mod │ !jobs\n          │\n```\n", true),
        ("\n\n```text\n```\n", false),
        ("\n\n```text\n          │\n```\n", false),
        ("\n\n```text\nwords\n```\n", false),
        ("\n\n```text\n      mod │ !jobs\n", false),
        ("\n```text\n      mod │ !jobs\n```\n", false),
        ("\n\nWords.\n\n```text\n      mod │ !jobs\n```\n", false),
        ("", false),
    ] {
        assert_eq!(places(&format!("Words.\n\n{place}{behind}")), [(place, is_there)], "{behind}");
    }
    let said = "\n\n```text\n      mod │ !jobs\n```\n";
    for bad in ["<!--played: card-->", "<!-- played:  -->", "  <!-- played: card -->"] {
        assert_eq!(places(&format!("{bad}{said}")), [(bad, false)]);
    }
    assert_eq!(places("It was played."), []);
}
