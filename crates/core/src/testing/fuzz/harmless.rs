//! What must be true of every message, whoever wrote what is in it: judged by a reader of its own, and by the parser that
//! clients' libraries use.

use ruma::html::{Html, NodeRef};

use crate::{reply::Rendered, text::clean::is_invisible};

/// A stretch of text of the HTML.
#[derive(Debug)]
pub(super) struct Piece {
    /// Where it stands.
    pub(super) place: Place,
    /// What it says.
    pub(super) words: String,
}

/// Where text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In code, where clients make no links.
    Code,
    /// In a link of ours.
    Link,
    /// Anywhere else.
    Open,
}

/// Elements without attributes.
const ELEMENTS: [&str; 9] = ["h4", "p", "ul", "li", "strong", "em", "code", "blockquote", "pre"];

/// Fails unless a message keeps its bounds, shows nothing invisible, and its HTML is made of the elements that replies
/// use, each closed; the stretches of its text.
#[track_caller]
pub(super) fn pieces(rendered: &Rendered) -> Vec<Piece> {
    let Rendered { text, html, .. } = rendered;
    assert!(text.len() <= 10_000 && html.len() <= 18_000, "{} and {} bytes", text.len(), html.len());
    for said in [text, html] {
        let steers = |c: &char| match c {
            '\n' | ' ' | '\u{fe0f}' => false,
            c => c.is_whitespace() || is_invisible(*c),
        };
        assert_eq!(said.chars().find(steers), None, "{said:?}");
    }
    let (pieces, elements) = read(html);
    let mut parsed = Parsed::default();
    Html::parse(html).children().for_each(|node| parsed.visit(&node));
    assert_eq!(parsed.elements, elements, "{html}");
    let words: String = pieces.iter().map(|piece| piece.words.as_str()).collect();
    assert_eq!(parsed.words, words, "{html}");
    pieces
}

/// The stretches of text, and how many elements there are.
#[track_caller]
fn read(html: &str) -> (Vec<Piece>, usize) {
    let (mut pieces, mut elements, mut open) = (Vec::new(), 0, Vec::new());
    let mut rest = html;
    while !rest.is_empty() {
        let (words, behind) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        if !words.is_empty() {
            let place = match &open {
                open if open.contains(&"code") => Place::Code,
                open if open.contains(&"a") => Place::Link,
                _ => Place::Open,
            };
            pieces.push(Piece { place, words: unescaped(words) });
        }
        let Some(behind) = behind.strip_prefix('<') else { break };
        let (tag, behind) = behind.split_once('>').expect("a tag ends");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{html}"),
            None if tag == "br" => elements += 1,
            None => {
                elements += 1;
                open.push(opened(tag));
            }
        }
        rest = behind;
    }
    assert_eq!(open, Vec::<&str>::new(), "{html}");
    (pieces, elements)
}

/// The name of an element that begins.
#[track_caller]
fn opened(tag: &str) -> &str {
    if tag == "span data-mx-spoiler" {
        return "span";
    }
    if let Some(href) = tag.strip_prefix("a href=\"").and_then(|rest| rest.strip_suffix('"')) {
        let href = unescaped(href);
        assert!(href.starts_with("https://") && href.bytes().all(|byte| byte.is_ascii_graphic()), "{href}");
        // A link to a user or a room would be shown as a pill; one to an event is a permalink.
        assert!(!href.contains("matrix.to/") || href.contains("/$") || href.contains("/%24"), "{href}");
        return "a";
    }
    assert!(ELEMENTS.contains(&tag), "<{tag}>");
    tag
}

/// Text without its entities, of which there are five kinds.
#[track_caller]
fn unescaped(escaped: &str) -> String {
    assert!(!escaped.contains(['"', '\'', '>']), "{escaped}");
    let mut text = String::new();
    let mut parts = escaped.split('&');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once(';').expect("an entity ends");
        text.push_str(match name {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" => "'",
            other => panic!("&{other}; in {escaped}"),
        });
        text.push_str(rest);
    }
    text
}

/// What a parser makes of the HTML.
#[derive(Default)]
struct Parsed {
    words: String,
    elements: usize,
}

impl Parsed {
    fn visit(&mut self, node: &NodeRef) {
        if let Some(text) = node.as_text() {
            self.words.push_str(&text.borrow());
        }
        self.elements += usize::from(node.as_element().is_some());
        node.children().for_each(|child| self.visit(&child));
    }
}

/// A word that a client makes a mention or a link of, whatever stands around it: an ID of a user or a room, an address.
pub(super) fn invites(words: &str) -> Option<&str> {
    let is_id = |word: &str| {
        let from_sigil = word.find(['@', '#', '!']).and_then(|at| word[at + 1..].split_once(':'));
        from_sigil.is_some_and(|(name, server)| !name.is_empty() && starts_like_a_server(server))
    };
    let is_address = |word: &str| {
        let has = |scheme: &str| {
            let parts = word.split_once(scheme).filter(|(_, rest)| rest.starts_with(char::is_alphanumeric));
            parts.is_some_and(|(before, _)| scheme != "://" || before.ends_with(char::is_alphabetic))
        };
        ["://", "matrix:", "mailto:"].into_iter().any(has) || word.contains("evil.test")
    };
    // Examples in our own sentences are of that server.
    let is_ours = |word: &str| word.contains("example.org");
    words.split([' ', '\n']).find(|word| !is_ours(word) && (is_id(word) || is_address(word)))
}

fn starts_like_a_server(text: &str) -> bool {
    text.trim_start_matches(['[', ':']).starts_with(char::is_alphanumeric)
}

/// Fails when a message has a word that would be a mention or a link, outside of code and of our own links.
#[track_caller]
pub(super) fn check(rendered: &Rendered) {
    for Piece { place, words } in pieces(rendered) {
        if place == Place::Open {
            assert_eq!(invites(&words), None, "{}", rendered.html);
        }
    }
}
