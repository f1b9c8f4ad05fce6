//! `!help`: all commands by subject, or one in full. Derived from the table and the grammars.

use super::{Access, Command, Decision, Entry, Failure, Settings, Subject, World, table, usage::usage};
use crate::{
    reply::{Line, Reply},
    text::nearest::nearest,
};

/// List all commands, or explain one
#[derive(clap::Args, Debug)]
pub(super) struct Help {
    /// The command to explain
    #[arg(value_name = "command")]
    command: Option<String>,
}

impl Command for Help {
    const NAME: &'static str = "help";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Bot;
    const EXAMPLE: &'static str = "!help shutdown";
    type Facts = ();

    async fn gather(&self, _world: &World<'_>) -> Result<(), Failure> {
        Ok(())
    }

    fn decide(self, (): (), world: &World<'_>) -> Result<Decision, Failure> {
        let Some(name) = &self.command else { return Ok(Decision::Answer(overview())) };
        let name = name.trim_start_matches('!').to_lowercase();
        if let Some(entry) = table().into_iter().find(|entry| entry.name == name) {
            Ok(Decision::Answer(describe(&entry, world.settings)))
        } else {
            let line = Line::new().text("There is no command ").user(&name).text(".");
            Err(Failure::told(match nearest(&name, table().iter().map(|entry| entry.name)) {
                Some(near) => line.text(" Did you mean ").code(format!("!help {near}")).text("?"),
                None => line.text(" ").code("!help").text(" lists all."),
            }))
        }
    }
}

fn overview() -> Reply {
    let mut entries = table();
    entries.sort_by_key(|entry| (entry.subject, entry.name));
    let mut reply = Reply::new();
    for subject in Subject::ALL {
        let lines = entries
            .iter()
            .filter(|entry| entry.subject == subject)
            .map(|entry| Line::new().code(format!("!{}", entry.name)).text(format!(" – {}", about(entry))));
        reply = reply.heading(Line::new().text(subject.title())).list(lines);
    }
    reply.paragraph(
        Line::new().code("!help <command>").text(" explains one. Rooms are given as ID, alias or link."),
    )
}

fn about(entry: &Entry) -> String {
    entry.grammar().get_about().map(ToString::to_string).unwrap_or_default()
}

/// One command in full: arguments, an example, what it needs.
pub fn describe(entry: &Entry, settings: &Settings) -> Reply {
    let grammar = entry.grammar();
    let long = grammar.get_long_about().map_or_else(|| about(entry), ToString::to_string);
    let mut reply = Reply::new().paragraph(Line::new().strong(format!("!{}", entry.name)));
    for paragraph in long.split("\n\n") {
        reply = reply.paragraph(Line::new().text(paragraph.to_owned()));
    }
    reply = reply.paragraph(usage(entry));
    let arguments: Vec<Line> = grammar
        .get_arguments()
        .map(|argument| {
            let value = argument.get_value_names().unwrap_or_default().join(" ");
            let shown = match (argument.get_long(), argument.get_short()) {
                (Some(long), None) if argument.is_require_equals_set() => format!("--{long}[={value}]"),
                (Some(long), Some(short)) => format!("-{short}, --{long} <{value}>"),
                (Some(long), None) if argument.get_action().takes_values() => format!("--{long} <{value}>"),
                (Some(long), None) => format!("--{long}"),
                (None, Some(short)) => format!("-{short} <{value}>"),
                (None, None) => format!("<{value}>"),
            };
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            Line::new().code(shown).text(format!(" – {help}"))
        })
        .collect();
    if !arguments.is_empty() {
        reply = reply.list(arguments);
    }
    reply.fact("Example", Line::new().code(entry.example)).fact(
        "Needs",
        Line::new().text(match (entry.access, settings.level(entry.name, entry.access)) {
            (Access::ReadOrAct, None) => {
                let level = settings.level(entry.name, Access::Act).unwrap_or_default();
                format!("being in the management room; power level {level} there to change something")
            }
            (Access::Decide, None) => "the power level that the job needs".to_owned(),
            (_, None) => "being in the management room".to_owned(),
            (_, Some(level)) => format!("power level {level} in the management room"),
        }),
    )
}
