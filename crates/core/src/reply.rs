//! What the bot answers: a small tree of blocks and lines, rendered as plain text and as HTML that say the same. Words
//! of strangers have kinds of their own, so that nothing they wrote can leave its place.

mod attachment;
mod line;
mod render;

use ruma::{OwnedUserId, UserId};

pub use attachment::{Added, Attachment, MOST_BYTES, Table, csv_attachment, json_attachment};
pub use line::{Inline, Line, room_line, user_line};
pub use render::Rendered;

/// An answer. Built from top to bottom by the methods of its blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// What it says.
    pub blocks: Vec<Block>,
    /// A file that goes with it.
    pub attachment: Option<Attachment>,
    /// Who is really mentioned, so that their clients tell them. Everything else that is said mentions nobody.
    pub mentions: Vec<OwnedUserId>,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A title of what follows.
    Heading(Line),
    /// A line on its own.
    Paragraph(Line),
    /// Bullet points.
    List(Vec<Line>),
    /// “Name: value” lines. The names are our words.
    Facts(Vec<(String, Line)>),
    /// Lines that are quoted from elsewhere.
    Quote(Vec<Line>),
    /// Lines in a fixed pitch, such as a usage error with its caret.
    Preformatted(String),
    /// “… and 12 more members”.
    More {
        /// How many are not shown.
        hidden: usize,
        /// What they are, in the plural; may be empty.
        what: String,
    },
}

impl Reply {
    /// An empty answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An answer of one paragraph.
    pub fn text(line: impl Into<Line>) -> Self {
        Self::new().paragraph(line)
    }

    /// Adds a title.
    #[must_use]
    pub fn heading(self, line: impl Into<Line>) -> Self {
        self.block(Block::Heading(line.into()))
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn paragraph(self, line: impl Into<Line>) -> Self {
        self.block(Block::Paragraph(line.into()))
    }

    /// Adds bullet points, to the list above if there is one.
    #[must_use]
    pub fn list(mut self, lines: impl IntoIterator<Item = Line>) -> Self {
        if let Some(Block::List(list)) = self.blocks.last_mut() {
            list.extend(lines);
            return self;
        }
        let list = Block::List(lines.into_iter().collect());
        self.block(list)
    }

    /// Adds a line `name: value`, to the facts above if there are any.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<Line>) -> Self {
        let fact = (name.into(), value.into());
        if let Some(Block::Facts(facts)) = self.blocks.last_mut() {
            facts.push(fact);
            return self;
        }
        self.block(Block::Facts(vec![fact]))
    }

    /// Adds quoted lines.
    #[must_use]
    pub fn quote(self, lines: impl IntoIterator<Item = Line>) -> Self {
        self.block(Block::Quote(lines.into_iter().collect()))
    }

    /// Adds lines in a fixed pitch.
    #[must_use]
    pub fn preformatted(self, text: impl Into<String>) -> Self {
        self.block(Block::Preformatted(text.into()))
    }

    /// Adds “… and `hidden` more `what`”; nothing if none are hidden.
    #[must_use]
    pub fn more(self, hidden: usize, what: impl Into<String>) -> Self {
        match hidden {
            0 => self,
            hidden => self.block(Block::More { hidden, what: what.into() }),
        }
    }

    /// Adds any block.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Adds all that another answer says, and its file unless there is one here.
    #[must_use]
    pub fn append(mut self, other: Self) -> Self {
        self.blocks.extend(other.blocks);
        self.attachment = self.attachment.or(other.attachment);
        self.mentions.extend(other.mentions);
        self
    }

    /// Sets the file that goes with it.
    #[must_use]
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachment = Some(attachment);
        self
    }

    /// Mentions a user, whom the configuration names: nobody who merely appears is ever mentioned.
    #[must_use]
    pub fn mention(mut self, user: &UserId) -> Self {
        if !self.mentions.iter().any(|mentioned| mentioned == user) {
            self.mentions.push(user.to_owned());
        }
        self
    }

    /// The message: text of at most 10,000 and HTML of at most 18,000 bytes. What does not fit is left out line by
    /// line, from the ends of the longest blocks first, and counted.
    pub fn render(&self) -> Rendered {
        Rendered { mentions: self.mentions.clone(), ..render::render(&self.blocks) }
    }
}

/// Adds a list of at most `limit` items, and how many more there are. `what` they are is said in the plural. A single
/// item too many is shown as well.
#[must_use]
pub fn cut_list(reply: Reply, mut items: Vec<Line>, limit: usize, what: &str) -> Reply {
    let hidden = match items.len().saturating_sub(limit) {
        0 | 1 => 0,
        hidden => hidden,
    };
    items.truncate(items.len() - hidden);
    reply.list(items).more(hidden, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_join() {
        let reply = Reply::new()
            .list([Line::from("a")])
            .list([Line::from("b")])
            .fact("x", "1")
            .fact("y", "2")
            .paragraph("between")
            .fact("z", "3")
            .more(0, "rooms");
        let sizes: Vec<usize> = reply
            .blocks
            .iter()
            .map(|block| match block {
                Block::List(lines) => lines.len(),
                Block::Facts(facts) => facts.len(),
                _ => 0,
            })
            .collect();
        assert_eq!(sizes, [2, 2, 0, 1]);
    }

    #[test]
    fn long_lists_are_cut_with_a_count() {
        let cut = |items: usize, limit| {
            let lines = (0..items).map(|n| Line::from(n.to_string())).collect();
            cut_list(Reply::new(), lines, limit, "members").render().text
        };
        assert_eq!(cut(2, 3), "• 0\n• 1");
        assert_eq!(cut(4, 3), "• 0\n• 1\n• 2\n• 3");
        assert_eq!(cut(5, 3), "• 0\n• 1\n• 2\n… and 2 more members");
        assert_eq!(cut(5, 0), "… and 5 more members");
        assert_eq!(cut(0, 3), "");
    }

    #[test]
    fn answers_append() {
        let file =
            |name: &str| Attachment { name: name.to_owned(), mime: "text/csv".to_owned(), bytes: Vec::new() };
        let both = Reply::text("a").append(Reply::text("b").attach(file("b.csv")));
        assert_eq!(both.render().text, "a\n\nb");
        let both = Reply::text("a").attach(file("a.csv")).append(both);
        assert_eq!(both.attachment.map(|file| file.name).as_deref(), Some("a.csv"));
    }
}
