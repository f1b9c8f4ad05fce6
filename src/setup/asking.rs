//! Questions: asked at a terminal or through a pipe, or answered by flags, or not asked at all.

use std::io::{BufRead, Write};

use anyhow::{Context as _, bail};

/// How answers come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// From a terminal: secrets are not shown.
    Terminal,
    /// From a pipe or a file, a line each.
    Lines,
    /// Not at all (`--yes`): what has no default has to be given as a flag.
    Flags,
}

/// Who is asked.
pub(super) struct Asking<'a> {
    pub(super) manner: Manner,
    pub(super) input: &'a mut dyn BufRead,
    pub(super) output: &'a mut dyn Write,
}

/// A question.
pub(super) struct Question<'a> {
    /// The flag that answers it.
    pub(super) flag: &'a str,
    /// Without its colon.
    pub(super) words: &'a str,
    /// What an empty answer means.
    pub(super) default: Option<&'a str>,
}

impl Asking<'_> {
    /// Asks until the answer can be understood. With `--yes` the default is the answer, where `unasked` says so.
    pub(super) fn ask<T>(
        &mut self,
        question: &Question<'_>,
        unasked: Unasked,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> anyhow::Result<T> {
        let Question { flag, words, default } = question;
        if self.manner == Manner::Flags {
            return match default.filter(|_| unasked == Unasked::Default) {
                Some(default) => parse(default).map_err(|why| anyhow::anyhow!("{flag}: {why}")),
                None => bail!("{flag} is missing (with --yes nothing is asked)"),
            };
        }
        loop {
            match default {
                Some("") | None => write!(self.output, "{words}: ")?,
                Some(default) => write!(self.output, "{words} [{default}]: ")?,
            }
            self.output.flush()?;
            let answer = self.line(flag)?;
            let answer = match (answer.trim(), default) {
                ("", Some(default)) => default,
                ("", None) => continue,
                (answer, _) => answer,
            };
            match parse(answer) {
                Ok(parsed) => return Ok(parsed),
                Err(why) => writeln!(self.output, "  {why}")?,
            }
        }
    }

    /// Asks for something that is not shown on a terminal.
    pub(super) fn ask_secret(&mut self, flag: &str, words: &str) -> anyhow::Result<String> {
        loop {
            let answer = match self.manner {
                Manner::Flags => bail!("{flag} is missing (with --yes nothing is asked)"),
                Manner::Terminal => rpassword::prompt_password(format!("{words} (not shown): "))
                    .with_context(|| format!("cannot read it from the terminal; give {flag} instead"))?,
                Manner::Lines => {
                    writeln!(self.output, "{words}:")?;
                    self.line(flag)?
                }
            };
            match answer.trim_end_matches(['\n', '\r']) {
                "" => {}
                answer => return Ok(answer.to_owned()),
            }
        }
    }

    fn line(&mut self, flag: &str) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.input.read_line(&mut line)? == 0 {
            bail!("the input has ended, and {flag} is not answered");
        }
        if self.manner == Manner::Lines {
            // Nobody's key has ended the line that is shown.
            writeln!(self.output)?;
        }
        Ok(line)
    }
}

/// What a question means that is not asked, with `--yes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unasked {
    /// Its default.
    Default,
    /// That a flag is missing.
    Missing,
}

/// y or n.
pub(super) fn yes_or_no(answer: &str) -> Result<bool, String> {
    match answer.to_lowercase().as_str() {
        "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("Answer y or n.".to_owned()),
    }
}
