//! Blocks to plain text and HTML, within the bounds of a message.

use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};

use super::{
    Block, Line,
    line::{Inline, escape},
};
use crate::text::clean::fixed_pitch;

/// A message: the same in plain text and in HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// The `body`.
    pub text: String,
    /// The `formatted_body`, of the tags that the Client-Server API suggests (m.room.message msgtypes).
    pub html: String,
    /// Who is really mentioned, `m.mentions`: only users whom the configuration names.
    #[serde(default)]
    pub mentions: Vec<OwnedUserId>,
}

/// Events hold 65,536 bytes with everything around the content, and encrypted ones a third less.
const MOST_TEXT: usize = 10_000;
const MOST_HTML: usize = 18_000;

/// Room for one note of how much was left out.
const NOTE: Size = Size { text: 80, html: 100 };

/// The longest line in a fixed pitch, in characters.
const FIXED_PITCH: usize = 1000;

pub(super) fn render(blocks: &[Block]) -> Rendered {
    let mut parts: Vec<Part> = blocks.iter().map(Part::of).filter(|part| !part.lines.is_empty()).collect();
    let left_out = fit(&mut parts);
    let mut rendered = Rendered::default();
    let mut before = None;
    for part in &parts {
        part.write(before, &mut rendered);
        before = Some(part.shape);
    }
    if left_out > 0 {
        Part::of(&Block::Paragraph(Line::from(note(left_out)))).write(before, &mut rendered);
    }
    rendered
}

/// Drops lines until all fits: the last ones of the longest block that has several, then whole blocks from the end.
/// Returns how many lines went with the latter.
fn fit(parts: &mut Vec<Part>) -> usize {
    let mut total = parts.iter().fold(NOTE, |total, part| total.plus(part.size));
    while !total.fits() {
        let several = |part: &&mut Part| part.lines.len() > 1;
        let Some(longest) = parts.iter_mut().filter(several).max_by_key(|part| part.size.html) else { break };
        total = total.minus(longest.size);
        longest.drop_last_line();
        total = total.plus(longest.size);
    }
    let mut left_out = 0;
    while !total.fits()
        && let Some(part) = parts.pop()
    {
        total = total.minus(part.size);
        left_out += part.lines.len() + part.left_out;
    }
    left_out
}

#[derive(Clone, Copy)]
struct Size {
    text: usize,
    html: usize,
}

impl Size {
    fn plus(self, other: Self) -> Self {
        Self { text: self.text + other.text, html: self.html + other.html }
    }

    fn minus(self, other: Self) -> Self {
        Self { text: self.text - other.text, html: self.html - other.html }
    }

    fn fits(self) -> bool {
        self.text <= MOST_TEXT && self.html <= MOST_HTML
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Heading,
    Paragraph,
    List,
    Facts,
    Quote,
    Preformatted,
    More,
}

/// The HTML around a block's lines, and what precedes each line in the text.
struct Frame {
    open: &'static str,
    before_line: &'static str,
    after_line: &'static str,
    between: &'static str,
    close: &'static str,
    bullet: &'static str,
}

impl Shape {
    fn frame(self) -> Frame {
        let frame = |open, between, close, bullet| Frame {
            open,
            before_line: "",
            after_line: "",
            between,
            close,
            bullet,
        };
        match self {
            Self::Heading => frame("<h4>", "", "</h4>", ""),
            Self::Paragraph | Self::More => frame("<p>", "", "</p>", ""),
            Self::List => {
                Frame { before_line: "<li>", after_line: "</li>", ..frame("<ul>", "", "</ul>", "• ") }
            }
            Self::Facts => frame("<p>", "<br>", "</p>", ""),
            Self::Quote => frame("<blockquote>", "<br>", "</blockquote>", "> "),
            Self::Preformatted => frame("<pre><code>", "\n", "</code></pre>", ""),
        }
    }

    /// What separates a block from the one before it in the text.
    fn gap(self, before: Option<Self>) -> &'static str {
        match (before, self) {
            (None, _) => "",
            (Some(Self::Heading), _) | (_, Self::More) => "\n",
            (Some(Self::Paragraph), Self::List) => "\n",
            _ => "\n\n",
        }
    }
}

/// A block whose lines are rendered, so that their lengths are known before they are put together.
struct Part {
    shape: Shape,
    /// Text and HTML of each line, without what the frame adds.
    lines: Vec<Rendered>,
    left_out: usize,
    /// At least the bytes that it will take.
    size: Size,
}

impl Part {
    fn of(block: &Block) -> Self {
        match block {
            Block::Heading(line) => Self::new(Shape::Heading, vec![rendered(line)]),
            Block::Paragraph(line) => Self::new(Shape::Paragraph, vec![rendered(line)]),
            Block::List(lines) => Self::new(Shape::List, lines.iter().map(rendered).collect()),
            Block::Quote(lines) => Self::new(Shape::Quote, lines.iter().map(rendered).collect()),
            Block::Facts(facts) => Self::new(
                Shape::Facts,
                facts
                    .iter()
                    .map(|(name, value)| {
                        rendered(&Line::new().strong(format!("{name}:")).text(" ").append(value.clone()))
                    })
                    .collect(),
            ),
            Block::Preformatted(text) => Self::new(
                Shape::Preformatted,
                text.lines()
                    .map(|line| {
                        let mut rendered =
                            Rendered { text: fixed_pitch(line, FIXED_PITCH), ..Rendered::default() };
                        escape(&rendered.text, &mut rendered.html);
                        rendered
                    })
                    .collect(),
            ),
            Block::More { hidden, what } => {
                let words = format!("… and {hidden} more {what}");
                Self::new(Shape::More, vec![rendered(&Line::from(words.trim_end()))])
            }
        }
    }

    fn new(shape: Shape, lines: Vec<Rendered>) -> Self {
        let frame = shape.frame();
        let around = Size { text: "\n\n".len(), html: frame.open.len() + frame.close.len() };
        let size = lines.iter().fold(around, |size, line| size.plus(frame.size(line)));
        Self { shape, lines, left_out: 0, size }
    }

    fn drop_last_line(&mut self) {
        if let Some(line) = self.lines.pop() {
            self.size = self.size.minus(self.shape.frame().size(&line));
            if self.left_out == 0 {
                self.size = self.size.plus(NOTE);
            }
            self.left_out += 1;
        }
    }

    fn write(&self, before: Option<Shape>, rendered: &mut Rendered) {
        let frame = self.shape.frame();
        let note = (self.left_out > 0).then(|| {
            let note = note(self.left_out);
            Rendered { text: note.clone(), html: note, ..Rendered::default() }
        });
        rendered.text.push_str(self.shape.gap(before));
        rendered.html.push_str(frame.open);
        for (n, line) in self.lines.iter().chain(&note).enumerate() {
            if n > 0 {
                rendered.text.push('\n');
                rendered.html.push_str(frame.between);
            }
            rendered.text.push_str(frame.bullet);
            rendered.text.push_str(&line.text);
            for piece in [frame.before_line, &line.html, frame.after_line] {
                rendered.html.push_str(piece);
            }
        }
        rendered.html.push_str(frame.close);
    }
}

impl Frame {
    /// The most that a line takes in it.
    fn size(&self, line: &Rendered) -> Size {
        Size {
            text: self.bullet.len() + line.text.len() + "\n".len(),
            html: self.before_line.len() + line.html.len() + self.after_line.len() + self.between.len(),
        }
    }
}

fn note(left_out: usize) -> String {
    match left_out {
        1 => "… and 1 more line, which does not fit here".to_owned(),
        _ => format!("… and {left_out} more lines, which do not fit here"),
    }
}

fn rendered(line: &Line) -> Rendered {
    let mut rendered = Rendered::default();
    let write = |inline: &Inline| inline.write(&mut rendered.text, &mut rendered.html);
    line.0.iter().for_each(write);
    // Sentences that others may follow end in a blank.
    for written in [&mut rendered.text, &mut rendered.html] {
        written.truncate(written.trim_end_matches(' ').len());
    }
    rendered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reply::Reply;

    #[track_caller]
    fn check(reply: &Reply, want_text: &str, want_html: &str) {
        let Rendered { text, html, .. } = reply.render();
        assert_eq!((text.as_str(), html.as_str()), (want_text, want_html));
    }

    #[test]
    fn blocks() {
        check(&Reply::new(), "", "");
        check(&Reply::text("Done & gone."), "Done & gone.", "<p>Done &amp; gone.</p>");
        check(
            &Reply::new()
                .heading("Room")
                .fact("Name", Line::new().name("A<b"))
                .fact("Members", "3")
                .paragraph("Local members:")
                .list([Line::new().code("@a:hs"), Line::new().code("@b:hs")])
                .more(2, "members")
                .more(1, "")
                .quote([Line::from("x"), Line::from("y")])
                .preformatted("!blok  <x>\n ^^^^\n"),
            "Room\nName: A<b\nMembers: 3\n\nLocal members:\n• `@a:hs`\n• `@b:hs`\n… and 2 more members\n\
             … and 1 more\n\n> x\n> y\n\n!blok  <x>\n ^^^^",
            "<h4>Room</h4><p><strong>Name:</strong> A&lt;b<br><strong>Members:</strong> 3</p>\
             <p>Local members:</p><ul><li><code>@a:hs</code></li><li><code>@b:hs</code></li></ul>\
             <p>… and 2 more members</p><p>… and 1 more</p><blockquote>x<br>y</blockquote>\
             <pre><code>!blok  &lt;x&gt;\n ^^^^</code></pre>",
        );
        check(
            &Reply::new().list([]).paragraph("a").paragraph("b").preformatted(""),
            "a\n\nb",
            "<p>a</p><p>b</p>",
        );
    }

    #[track_caller]
    fn within_bounds(rendered: &Rendered) {
        assert!(rendered.text.len() <= MOST_TEXT, "{}", rendered.text.len());
        assert!(rendered.html.len() <= MOST_HTML, "{}", rendered.html.len());
        let opened = rendered.html.matches('<').count();
        assert_eq!(opened, rendered.html.matches('>').count());
        let void = rendered.html.matches("<br>").count();
        assert_eq!(rendered.html.matches("</").count() * 2 + void, opened, "tags are closed");
    }

    #[test]
    fn long_lists_lose_their_ends_and_the_rest_stays() {
        let items = |n: usize| (0..n).map(|n| Line::new().code(format!("@user{n}:hs.test")));
        let rendered = Reply::text("Who goes:").list(items(5000)).paragraph("Confirm with ✅.").render();
        within_bounds(&rendered);
        assert!(rendered.text.starts_with("Who goes:\n• `@user0:hs.test`\n"));
        assert!(
            rendered.text.ends_with(" more lines, which do not fit here\n\nConfirm with ✅."),
            "{}",
            rendered.text
        );
        assert!(
            rendered.html.ends_with(" more lines, which do not fit here</li></ul><p>Confirm with ✅.</p>")
        );
        let shown = rendered.text.matches("@user").count();
        assert!(rendered.text.contains(&format!("… and {} more lines, which do not fit here", 5000 - shown)));
        assert!(rendered.text.len() + rendered.html.len() > MOST_TEXT, "no more is dropped than must be");

        within_bounds(&Reply::new().preformatted("<<>>&\n".repeat(20_000)).render());
        within_bounds(&Reply::new().quote(items(5000)).list(items(5000)).render());
    }

    #[test]
    fn many_blocks_lose_their_end() {
        let reply = (0..3000).fold(Reply::new(), |reply, n| reply.paragraph(format!("Paragraph {n}.")));
        let rendered = reply.render();
        within_bounds(&rendered);
        assert!(rendered.text.starts_with("Paragraph 0.\n\nParagraph 1."));
        let shown = rendered.text.matches("Paragraph").count();
        assert!(
            rendered.text.ends_with(&format!("\n\n… and {} more lines, which do not fit here", 3000 - shown))
        );

        let huge = (0..100).fold(Line::new(), |line, _| line.text("<".repeat(1000)));
        let rendered = Reply::text(huge).render();
        within_bounds(&rendered);
        assert_eq!(rendered.text, "… and 1 more line, which does not fit here");
    }

    proptest! {
        #[test]
        fn strangers_stay_in_their_place(words in "([<>&\"'`“”\n\r\u{202e}\u{200b}\u{2028}]|https://a.b|@a:b|\\PC|</code>|<a href=x>){0,80}", n in 1_usize..40) {
            let line = Line::new().user(&words).name(&words).code(&words).name_long(&words).spoiler(&words)
                .text(&words).strong(&words).link(&words, &words).link("x", format!("https://x/{words}"));
            let reply = Reply::new()
                .heading(line.clone()).fact(words.as_str(), line.clone()).quote([line.clone()])
                .list(vec![line.clone(); n]).more(3, words.as_str()).paragraph(line);
            let rendered = reply.render();
            within_bounds(&rendered);
            prop_assert!(!rendered.html.contains(['\n', '\r']));
            let mut left = rendered.html.clone();
            for tag in ["h4", "p", "ul", "li", "blockquote", "strong", "code"] {
                left = left.replace(&format!("<{tag}>"), "").replace(&format!("</{tag}>"), "");
            }
            left = left.replace("<br>", "").replace("<span data-mx-spoiler>", "").replace("</span>", "");
            left = left.replace("<a href=\"https://", "").replace("</a>", "").replace("\">", "");
            prop_assert!(!left.contains(['<', '>', '"', '\'']), "{}", left);
        }

        #[test]
        fn preformatted_is_escaped(text in any::<String>()) {
            let html = Reply::new().preformatted(&text).render().html;
            let inside = html.replace("<pre><code>", "").replace("</code></pre>", "");
            prop_assert!(!inside.contains(['<', '>']));
        }
    }
}
