//! One line of an answer, and how each kind of words in it is made safe and shown.

use serde::{Deserialize, Serialize};

use crate::text::clean::{clean, one_line};

/// A line, as a sequence of words of several kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line(pub Vec<Inline>);

/// Words of one kind. The names of the kinds are in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inline {
    /// Our own words.
    Text(String),
    /// Our own words, emphasised strongly.
    Strong(String),
    /// Our own words, emphasised.
    Emphasis(String),
    /// IDs and commands; in backticks in the plain text.
    Code(String),
    /// What a user wrote: cleaned, cut at 200 characters, shown in “…”.
    User(String),
    /// The same, cut at 600 characters: where what was written is what matters.
    UserLong(String),
    /// The display name of a user or the name of a room: cleaned, cut at 60 characters.
    Name(String),
    /// Words from outside that are no quotation, such as the error message of a server: cleaned, cut at 500
    /// characters.
    NameLong(String),
    /// A link that we built: a permalink of a message, or a page of documentation.
    Link {
        /// Our own words.
        text: String,
        /// `https://…`; links to users and rooms would be shown as pills, and are shown as their address.
        url: String,
    },
    /// What a user wrote and nobody should have to see, cut as [`Inline::User`] is. The plain text cannot hide it.
    Spoiler(String),
}

impl Line {
    /// An empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds words of ours.
    #[must_use]
    pub fn text(self, words: impl Into<String>) -> Self {
        self.inline(Inline::Text(words.into()))
    }

    /// Adds strong words of ours.
    #[must_use]
    pub fn strong(self, words: impl Into<String>) -> Self {
        self.inline(Inline::Strong(words.into()))
    }

    /// Adds emphasised words of ours.
    #[must_use]
    pub fn emphasis(self, words: impl Into<String>) -> Self {
        self.inline(Inline::Emphasis(words.into()))
    }

    /// Adds an ID or a command.
    #[must_use]
    pub fn code(self, id: impl Into<String>) -> Self {
        self.inline(Inline::Code(id.into()))
    }

    /// Adds what a user wrote.
    #[must_use]
    pub fn user(self, words: impl Into<String>) -> Self {
        self.inline(Inline::User(words.into()))
    }

    /// Adds words that a user wrote, and that matter in full.
    #[must_use]
    pub fn user_long(self, words: impl Into<String>) -> Self {
        self.inline(Inline::UserLong(words.into()))
    }

    /// Adds a display name or the name of a room.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.inline(Inline::Name(name.into()))
    }

    /// Adds words from outside that are no quotation.
    #[must_use]
    pub fn name_long(self, words: impl Into<String>) -> Self {
        self.inline(Inline::NameLong(words.into()))
    }

    /// Adds a link that we built.
    #[must_use]
    pub fn link(self, text: impl Into<String>, url: impl Into<String>) -> Self {
        self.inline(Inline::Link { text: text.into(), url: url.into() })
    }

    /// Adds what a user wrote, hidden until clicked.
    #[must_use]
    pub fn spoiler(self, words: impl Into<String>) -> Self {
        self.inline(Inline::Spoiler(words.into()))
    }

    /// Adds words of any kind.
    #[must_use]
    pub fn inline(mut self, inline: Inline) -> Self {
        self.0.push(inline);
        self
    }

    /// Adds another line's words.
    #[must_use]
    pub fn append(mut self, other: impl Into<Self>) -> Self {
        self.0.extend(other.into().0);
        self
    }

    /// Whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes it takes in a message: in its text or in its HTML, whichever are more.
    pub fn bytes(&self) -> usize {
        let (mut text, mut html) = (String::new(), String::new());
        self.0.iter().for_each(|inline| inline.write(&mut text, &mut html));
        text.len().max(html.len())
    }
}

/// Our own words.
impl From<&str> for Line {
    fn from(words: &str) -> Self {
        Self::new().text(words)
    }
}

/// Our own words.
impl From<String> for Line {
    fn from(words: String) -> Self {
        Self::new().text(words)
    }
}

/// A room by all that tells it: its name, its alias and its ID.
pub fn room_line(name: Option<&str>, alias: Option<&str>, id: &str) -> Line {
    let named = with_name(name);
    match (named, alias) {
        (Some(line), Some(alias)) => line.code(alias).text(", ").code(id).text(")"),
        (Some(line), None) => line.code(id).text(")"),
        (None, Some(alias)) => Line::new().code(alias).text(" (").code(id).text(")"),
        (None, None) => Line::new().code(id),
    }
}

/// A user: the display name and the ID.
pub fn user_line(name: Option<&str>, id: &str) -> Line {
    match with_name(name) {
        Some(line) => line.code(id).text(")"),
        None => Line::new().code(id),
    }
}

/// “Name (”, unless nothing of the name is visible.
fn with_name(name: Option<&str>) -> Option<Line> {
    let name = name.filter(|name| !clean(name, NAME).is_empty())?;
    Some(Line::new().name(name).text(" ("))
}

/// The longest run of our own words, which may contain an error message.
const TEXT: usize = 2000;
const CODE: usize = 500;
const USER: usize = 200;
const USER_LONG: usize = 600;
const NAME: usize = 60;
const NAME_LONG: usize = 500;

impl Inline {
    /// Writes the words to a line of the plain text and to one of the HTML.
    pub(super) fn write(&self, text: &mut String, html: &mut String) {
        match self {
            Self::Text(words) => plain(&one_line(words, TEXT), "", "", text, html),
            Self::Strong(words) => plain(&one_line(words, TEXT), "<strong>", "</strong>", text, html),
            Self::Emphasis(words) => plain(&one_line(words, TEXT), "<em>", "</em>", text, html),
            Self::Code(id) => code(&clean(id, CODE), text, html),
            Self::User(words) => quotation(words, USER, text, html),
            Self::UserLong(words) => quotation(words, USER_LONG, text, html),
            Self::Name(name) => match clean(name, NAME).as_str() {
                "" => plain("(no name)", "", "", text, html),
                name => foreign(name, text, html),
            },
            Self::NameLong(words) => foreign(&clean(words, NAME_LONG), text, html),
            Self::Link { text: words, url } => link(&one_line(words, TEXT), url, text, html),
            Self::Spoiler(words) => {
                html.push_str("<span data-mx-spoiler>");
                quotation(words, USER, text, html);
                html.push_str("</span>");
            }
        }
    }
}

fn plain(words: &str, open: &str, close: &str, text: &mut String, html: &mut String) {
    text.push_str(words);
    html.push_str(open);
    escape(words, html);
    html.push_str(close);
}

fn code(id: &str, text: &mut String, html: &mut String) {
    text.push('`');
    text.push_str(&id.replace('`', "'"));
    text.push('`');
    html.push_str("<code>");
    escape(id, html);
    html.push_str("</code>");
}

/// The quotes around it are the only ones of their kind, so that a quotation cannot seem to end early.
fn quotation(words: &str, most: usize, text: &mut String, html: &mut String) {
    plain("“", "", "", text, html);
    foreign(&clean(&words.replace(['“', '”', '„', '‟'], "\""), most), text, html);
    plain("”", "", "", text, html);
}

/// Words from outside. Clients make links and pills of addresses and IDs in any text but code, so these become code;
/// other backticks become apostrophes, lest a name in the plain text pass for an ID.
fn foreign(words: &str, text: &mut String, html: &mut String) {
    for (n, word) in words.replace('`', "'").split(' ').enumerate() {
        if n > 0 {
            plain(" ", "", "", text, html);
        }
        if clients_link(word) {
            code(word, text, html);
        } else {
            plain(word, "", "", text, html);
        }
    }
}

/// Whether a client may make a link of a word: something with a dot or a colon inside, such as `example.org`,
/// `https://…`, `#room:hs`, `matrix:…`. Numbers and times are spared, but not IDs of digits alone.
fn clients_link(word: &str) -> bool {
    let has_letter = word.contains(|c: char| c.is_alphabetic() || matches!(c, '@' | '#' | '!'));
    // What was cut off behind a colon may have been the rest of an ID.
    let inner = word.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, ']' | '…'));
    has_letter && inner.contains(['.', ':', '。', '．', '：'])
}

fn link(words: &str, url: &str, text: &mut String, html: &mut String) {
    let url_shown = clean(url, CODE);
    if !is_plain_link(url) {
        plain(words, "", "", text, html);
        plain(" ", "", "", text, html);
        return code(&url_shown, text, html);
    }
    text.push_str(words);
    if words != url {
        text.extend([" (", url, ")"]);
    }
    html.push_str("<a href=\"");
    escape(url, html);
    html.push_str("\">");
    escape(words, html);
    html.push_str("</a>");
}

/// An address that no client shows as a pill: not a user's nor a room's.
fn is_plain_link(url: &str) -> bool {
    let is_event = url.contains("/$") || url.contains("/%24");
    url.starts_with("https://")
        && url.len() <= CODE
        && url.bytes().all(|byte| byte.is_ascii_graphic())
        && (is_event || !url.contains("matrix.to/"))
}

pub(super) fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &Line, want_text: &str, want_html: &str) {
        let (mut text, mut html) = (String::new(), String::new());
        for inline in &line.0 {
            inline.write(&mut text, &mut html);
        }
        assert_eq!((text.as_str(), html.as_str()), (want_text, want_html), "{line:?}");
    }

    #[test]
    fn kinds() {
        let line = Line::new;
        check(&line().text("a <b> & c"), "a <b> & c", "a &lt;b&gt; &amp; c");
        check(&line().text("a\nb\u{202e}"), "a b", "a b");
        check(&line().strong("a").emphasis(" b'"), "a b'", "<strong>a</strong><em> b&#39;</em>");
        check(&line().code("!x_y:hs`\n<i>"), "`!x_y:hs' <i>`", "<code>!x_y:hs` &lt;i&gt;</code>");
        check(
            &line().user("</em> \"hi”\nthere"),
            "“</em> \"hi\" there”",
            "“&lt;/em&gt; &quot;hi&quot; there”",
        );
        check(&line().user("\u{200b}"), "“”", "“”");
        check(&line().name("Ana <3 \u{202e}"), "Ana <3", "Ana &lt;3");
        check(&line().name("\u{3164}"), "(no name)", "(no name)");
        check(&line().name("`!x`"), "'!x'", "&#39;!x&#39;");
        check(
            &line().name_long("M_UNKNOWN: no room !x:hs."),
            "M_UNKNOWN: no room `!x:hs.`",
            "M_UNKNOWN: no room <code>!x:hs.</code>",
        );
        check(&line().spoiler("rude"), "“rude”", "<span data-mx-spoiler>“rude”</span>");
        check(&line().append(Line::from("a")).append("b"), "ab", "ab");
    }

    #[test]
    fn lengths() {
        for (line, length) in [
            (Line::new().user("a".repeat(300)), 202),
            (Line::new().name("a".repeat(300)), 60),
            (Line::new().name_long("a".repeat(3000)), 500),
            (Line::new().spoiler("a".repeat(300)), 202),
        ] {
            let (mut text, mut html) = (String::new(), String::new());
            line.0[0].write(&mut text, &mut html);
            assert_eq!(text.chars().count(), length, "{text}");
        }
    }

    #[test]
    fn nothing_of_strangers_is_linked() {
        for word in [
            "https://evil.example",
            "evil.example",
            "www.evil.example,",
            "(evil.example)",
            "@admin:hs.test",
            "@admin:hs.test:",
            "#room:hs",
            "matrix:u/a:b",
            "mailto:a@b",
            "https://matrix.to/#/@a:b",
            "@admin:…",
            "@1:192.0.2.1",
            "#1:[::1]:8448",
        ] {
            check(&Line::new().name(word), &format!("`{word}`"), &format!("<code>{word}</code>"));
            check(
                &Line::new().user(format!("go to {word} now")),
                &format!("“go to `{word}` now”"),
                &format!("“go to <code>{word}</code> now”"),
            );
        }
        for word in ["Ana", "end.", "what?!", "12:30", "1.5", "a, b;", "so:", "..."] {
            check(&Line::new().name(word), word, word);
        }
    }

    #[test]
    fn links() {
        let event = "https://matrix.to/#/!x:hs/$e?via=hs";
        check(
            &Line::new().link("the \"message\"", event),
            &format!("the \"message\" ({event})"),
            &format!("<a href=\"{event}\">the &quot;message&quot;</a>"),
        );
        let docs = "https://example.org/a?b=1&c=2";
        check(
            &Line::new().link(docs, docs),
            docs,
            &format!("<a href=\"{0}\">{0}</a>", docs.replace('&', "&amp;")),
        );
        for url in [
            "https://matrix.to/#/@u:hs",
            "https://matrix.to/#/!x:hs",
            "http://example.org",
            "javascript:alert",
            "https://example.org/ü",
        ] {
            check(
                &Line::new().link("here", url),
                &format!("here `{url}`"),
                &format!("here <code>{url}</code>"),
            );
        }
        check(
            &Line::new().link("here", "https://a/\" onclick=\"x"),
            "here `https://a/\" onclick=\"x`",
            "here <code>https://a/&quot; onclick=&quot;x</code>",
        );
    }

    #[test]
    fn rooms_and_users() {
        let text = |line: &Line| {
            let (mut text, mut html) = (String::new(), String::new());
            line.0.iter().for_each(|inline| inline.write(&mut text, &mut html));
            assert_eq!(html.replace("<code>", "`").replace("</code>", "`"), text);
            text
        };
        assert_eq!(text(&room_line(Some("Spam"), Some("#s:hs"), "!x:hs")), "Spam (`#s:hs`, `!x:hs`)");
        assert_eq!(text(&room_line(Some("Spam"), None, "!x:hs")), "Spam (`!x:hs`)");
        assert_eq!(text(&room_line(None, Some("#s:hs"), "!x:hs")), "`#s:hs` (`!x:hs`)");
        assert_eq!(text(&room_line(Some(" \u{200b}"), None, "!x:hs")), "`!x:hs`");
        assert_eq!(text(&user_line(Some("Ana"), "@a:hs")), "Ana (`@a:hs`)");
        assert_eq!(text(&user_line(None, "@a:hs")), "`@a:hs`");
    }
}
