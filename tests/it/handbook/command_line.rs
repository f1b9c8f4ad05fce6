//! The reference of the command line: what the binary says about itself and its subcommands.

use std::{fmt::Write as _, process::Command};

use super::page::held;

/// What stands above it.
const INTRODUCTION: &str = "\
# Command line

This page is what `gleipnir --help` says, and `--help` of each subcommand. Exit codes are in
[the set-up](../setup.md#exit-codes).
";

/// What the binary prints.
fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_gleipnir")).args(arguments).arg("--help").output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The subcommands in a help text.
fn subcommands(help: &str) -> Vec<&str> {
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What is wrapped is indented further.
    let names = listed.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    names.filter_map(|line| line.split(' ').next()).filter(|name| *name != "help").collect()
}

#[test]
fn the_command_line_is_in_the_reference() {
    let whole = help(&[]);
    let mut page = format!("{INTRODUCTION}\n```text\n{}\n```\n", whole.trim_end());
    let names = subcommands(&whole);
    assert!(names.contains(&"run") && names.contains(&"restore"), "{names:?}");
    for name in names {
        let text = help(&[name]);
        let _ = write!(page, "\n## gleipnir {name}\n\n```text\n{}\n```\n", text.trim_end());
    }
    held("reference/command-line.md", &page);
}
