//! A page of the handbook: what is said in the room while it is played, in named parts, which stand in the page behind
//! `<!-- played: name -->`.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use super::stable::{Names, renumber};
use crate::support::{Answer, Moderator};

/// Whether the pages are to be written, instead of being held against what was played.
pub(super) fn writes() -> bool {
    std::env::var_os("GLEIPNIR_WRITE").is_some()
}

/// A document.
pub(super) fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

/// Holds a document against what it has to be, or writes it.
#[track_caller]
pub(super) fn held(name: &str, text: &str) {
    if writes() {
        fs::write(document(name), text).unwrap();
        return;
    }
    let there = fs::read_to_string(document(name)).unwrap_or_default();
    let differs = there.lines().zip(text.lines()).find(|(there, wanted)| there != wanted);
    assert!(
        there == text,
        "docs/{name} is not what the bot says (there, wanted): {differs:#?}\n\
         Write it anew: GLEIPNIR_WRITE=1 cargo test -p gleipnir --test it handbook"
    );
}

/// What was played of a page so far.
pub(super) struct Page<'a> {
    m: &'a Moderator,
    name: &'static str,
    names: Names,
    blocks: Vec<(&'static str, String)>,
}

impl<'a> Page<'a> {
    /// The page `docs/handbook/<name>.md`.
    pub(super) fn new(m: &'a Moderator, name: &'static str) -> Self {
        Self { m, name, names: Names::default(), blocks: Vec::new() }
    }

    /// Gives an ID a name that readers see instead.
    pub(super) fn name(&mut self, id: &str, name: &str) -> &mut Self {
        self.names.give(id, name);
        self
    }

    /// From here on it is the part with this name.
    pub(super) fn part(&mut self, name: &'static str) -> &mut Self {
        self.blocks.push((name, String::new()));
        self
    }

    /// Somebody says something, or does what stands in brackets.
    pub(super) fn line(&mut self, who: &str, text: &str) {
        let text = self.names.stable(text);
        let (_, block) = self.blocks.last_mut().expect("a part has begun");
        for (n, line) in text.lines().enumerate() {
            let who = if n == 0 { who } else { "" };
            let _ = writeln!(block, "{}", format!("{who:>9} │ {line}").trim_end());
        }
    }

    /// What a message of the bot says now.
    pub(super) fn bot(&mut self, said: &Answer) {
        self.line("gleipnir", &said.text);
    }

    /// The lines of a message that have these words.
    pub(super) fn lines_of(&mut self, who: &str, said: &Answer, words: &str) {
        let lines: Vec<&str> = said.text.lines().filter(|line| line.contains(words)).collect();
        self.line(who, &lines.join("\n"));
    }

    /// The moderator types something that is done, or answered, at once.
    pub(super) async fn done(&mut self, line: &str, words: &str) -> Answer {
        self.line("mod", line);
        let answer = self.m.good(line, words).await;
        self.bot(&answer);
        answer
    }

    /// The moderator types something that is refused.
    pub(super) async fn refused(&mut self, line: &str, words: &str) {
        self.line("mod", line);
        let answer = self.m.bad(line, words).await;
        self.bot(&answer);
    }

    /// The moderator types something that asks first, and confirms it with ✅.
    pub(super) async fn confirmed(&mut self, line: &str, words: &str) -> Answer {
        self.line("mod", line);
        let command = self.m.say(line).await;
        self.agreed(&command, words).await
    }

    /// A command that was said asks first; the moderator confirms it with ✅.
    pub(super) async fn agreed(&mut self, command: &str, words: &str) -> Answer {
        let asked = self.m.answer(command, "do it?").await;
        self.bot(&asked);
        self.m.react(&asked.id, "✅").await;
        self.line("mod", "(reacts with ✅)");
        let done = self.m.answer(command, words).await;
        self.m.marked(command, "✅").await;
        self.bot(&done);
        done
    }

    /// The moderator types something that asks first, and drops it with ❌.
    pub(super) async fn dropped(&mut self, line: &str) {
        self.line("mod", line);
        let command = self.m.say(line).await;
        let asked = self.m.answer(&command, "do it?").await;
        self.bot(&asked);
        self.m.react(&asked.id, "❌").await;
        self.line("mod", "(reacts with ❌)");
        let dropped = self.m.hears(&format!("Job {} (", asked.job())).await;
        self.bot(&dropped);
    }

    /// The moderator reacts to a card; what the bot says with these words thereupon.
    pub(super) async fn taps(&mut self, card: &Answer, emoji: &str, words: &str) -> Answer {
        let count = self.m.said().len();
        self.react(card, emoji).await;
        let said = self.m.hears_after(count, words).await;
        self.bot(&said);
        said
    }

    /// The moderator reacts to a card, and it changes only that.
    pub(super) async fn judges(&mut self, card: &Answer, emoji: &str, words: &str) {
        self.react(card, emoji).await;
        self.shows(card, words).await;
    }

    async fn react(&mut self, card: &Answer, emoji: &str) {
        self.line("mod", &format!("(reacts to the card with {emoji})"));
        self.m.react(&card.id, emoji).await;
    }

    /// The line of a card that has these words, once it is there.
    pub(super) async fn shows(&mut self, card: &Answer, words: &str) -> Answer {
        let said = self.m.shows(&card.id, words).await;
        self.lines_of("the card", &said, words);
        said
    }

    /// Holds the page against what was played, or writes that into it.
    pub(super) fn close(mut self) {
        renumber(&mut self.blocks);
        let name = format!("handbook/{}.md", self.name);
        let there = fs::read_to_string(document(&name)).unwrap_or_default();
        let mut text = String::new();
        let mut parts = self.blocks.iter();
        let mut lines = there.lines();
        while let Some(line) = lines.next() {
            let _ = writeln!(text, "{line}");
            let Some(played) = line.strip_prefix("<!-- played: ").and_then(|rest| rest.strip_suffix(" -->"))
            else {
                continue;
            };
            let part = parts.next().filter(|(name, _)| *name == played);
            let (_, block) =
                part.unwrap_or_else(|| panic!("docs/{name}: {played} is not what is played next"));
            let _ = write!(text, "\n```text\n{block}```\n");
            // What stands there: an empty line, and the block.
            let mut old = lines.clone();
            if old.next() == Some("") && old.next() == Some("```text") {
                let length = old.by_ref().take_while(|line| *line != "```").count();
                lines.nth(length + 2);
            }
        }
        let left: Vec<_> = parts.map(|(name, _)| name).collect();
        assert!(left.is_empty(), "docs/{name} has no place for {left:?}");
        held(&name, &text);
    }
}
