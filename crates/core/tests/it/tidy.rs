//! Invariants of the architecture that the compiler does not hold.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All source files below a folder of `src`, with what stands before their tests.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![source().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("it is text");
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
                found.push((path, code));
            }
        }
    }
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

#[track_caller]
fn never(folder: &str, words: &[&str]) {
    for (path, code) in files(folder) {
        for word in words {
            // What is to become of a membership is another thing than a change of what the bot remembers.
            assert!(
                !code.replace("MemberChange::", "").contains(word),
                "{} must not say {word:?}",
                path.display()
            );
        }
    }
}

#[test]
fn rules_are_pure() {
    never("rules", &["async ", "crate::ports", "crate::commands", "Lookup", "Effects"]);
}

#[test]
fn commands_cannot_act() {
    never("commands", &["Effects", "dyn Store", "ports::Store", "Change::"]);
}

#[test]
fn only_the_executor_holds_effects() {
    let holds = |(path, code): &(PathBuf, String)| {
        let ours = path.strip_prefix(source()).expect("it is below src");
        let may = ["execute", "execute.rs", "testing", "ports", "ports.rs"]
            .iter()
            .any(|name| ours.starts_with(name));
        !may && code.contains("Effects")
    };
    let others: Vec<PathBuf> = files("").into_iter().filter(holds).map(|(path, _)| path).collect();
    // The crate's own page says so in words.
    assert_eq!(others, Vec::<PathBuf>::new());
}

#[test]
fn no_command_file_is_forgotten() {
    for (path, _) in files("commands") {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let parent = path.parent().expect("a folder").with_extension("rs");
        let modules = fs::read_to_string(&parent).expect("it is there");
        let is_known = modules.contains(&format!("mod {name};"));
        assert!(is_known, "{name}.rs is not a module of {}", parent.display());
    }
}

#[test]
fn every_file_says_what_it_is_for_and_has_one_subject() {
    for (path, code) in files("") {
        assert!(code.starts_with("//! "), "{} has no header", path.display());
        assert!(code.lines().count() <= 500, "{} is longer than 500 lines", path.display());
    }
}
