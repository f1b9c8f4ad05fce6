//! A row of the table of commands: what is known of one whatever its type, and how it is parsed and run.

use futures_util::future::BoxFuture;

use super::{Access, Command, Decision, Failure, Subject, World};
use crate::reply::Line;

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Entry {
    /// What is typed after the `!`.
    pub name: &'static str,
    /// What it needs.
    pub access: Access,
    /// Where it stands in the help.
    pub subject: Subject,
    /// A line that can be typed.
    pub example: &'static str,
    /// Whether a secret may be typed, so that the line is not logged.
    pub has_secrets: bool,
    grammar: fn() -> clap::Command,
    can_be_overtaken: fn(&clap::ArgMatches) -> bool,
    run: for<'a> fn(clap::ArgMatches, &'a World<'a>) -> BoxFuture<'a, Result<Decision, Failure>>,
}

impl Entry {
    /// Its clap grammar.
    pub fn grammar(&self) -> clap::Command {
        (self.grammar)()
    }

    /// Parses its words.
    pub fn parse(&self, words: &[String]) -> Result<clap::ArgMatches, clap::Error> {
        self.grammar().try_get_matches_from(words)
    }

    /// Whether later commands may overtake it while it reads.
    pub fn can_be_overtaken(&self, arguments: &clap::ArgMatches) -> bool {
        (self.can_be_overtaken)(arguments)
    }

    /// Reads what it needs, and decides.
    pub fn run<'a>(
        &self,
        arguments: clap::ArgMatches,
        world: &'a World<'a>,
    ) -> BoxFuture<'a, Result<Decision, Failure>> {
        (self.run)(arguments, world)
    }
}

/// The row of a command.
pub(super) fn entry<C: Command>() -> Entry {
    Entry {
        name: C::NAME,
        access: C::ACCESS,
        subject: C::SUBJECT,
        example: C::EXAMPLE,
        has_secrets: C::HAS_SECRETS,
        grammar: || {
            let grammar = clap::Command::new(C::NAME)
                .no_binary_name(true)
                .bin_name(format!("!{}", C::NAME))
                .disable_help_flag(true);
            C::augment_args(grammar)
        },
        can_be_overtaken: |arguments| {
            C::from_arg_matches(arguments).is_ok_and(|command| command.can_be_overtaken())
        },
        run: |arguments, world| {
            Box::pin(async move {
                let command = C::from_arg_matches(&arguments).map_err(|error| {
                    Failure::told(Line::new().text("I cannot read that command: ").user(error.to_string()))
                })?;
                let facts = command.gather(world).await?;
                command.decide(facts, world)
            })
        },
    }
}
