//! Holds the documents against the code: the command table of the README, and what replies refer to.

use gleipnir_core::commands::table;

const README: &str = include_str!("../README.md");

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
            gleipnir_core::commands::Access::Decide => "what the job needs",
        };
        format!("| `{}` | {about} | {needs} |\n", usage.replace('|', "\\|"))
    });
    format!("| command | does | needs |\n|---|---|---|\n{}", rows.collect::<String>())
}

#[test]
fn the_readme_has_the_command_table() {
    let table = command_table();
    assert!(README.contains(&table), "the README's command table has to be:\n\n{table}");
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
