//! The text of a message as its sender meant it: the plain body, with every pill and link replaced by where it leads.

use std::ops::Range;

use ruma::html::{Html, NodeRef};
use serde_json::Value;

use super::link;

/// The command text of an `m.room.message` content: of `m.text` only, and never of an edit.
///
/// The `body` is the truth, since Markdown in `formatted_body` eats the underscores of IDs. A pill shows a name where an
/// ID is meant, so its occurrence in the body is replaced by its link. The quotation at the start of a reply is cut.
pub fn command_text(content: &Value) -> Option<String> {
    if content.get("msgtype")?.as_str()? != "m.text" || content.get("m.new_content").is_some() {
        return None;
    }
    let body = content.get("body")?.as_str()?;
    let relation = content.get("m.relates_to");
    if relation.and_then(|relation| relation.get("rel_type")).and_then(Value::as_str) == Some("m.replace") {
        return None;
    }
    let body = match relation.and_then(|relation| relation.get("m.in_reply_to")) {
        Some(Value::Object(_)) => without_fallback(body),
        _ => body,
    };
    let html = match content.get("format").and_then(Value::as_str) {
        Some("org.matrix.custom.html") => content.get("formatted_body").and_then(Value::as_str),
        _ => None,
    };
    Some(with_links(body, html.unwrap_or_default()))
}

/// Cuts the reply fallback (rich replies before Matrix 1.13): lines of `> `, the first with the sender, and a blank one.
fn without_fallback(body: &str) -> &str {
    if !body.starts_with("> <@") && !body.starts_with("> * <@") {
        return body;
    }
    let mut rest = body;
    while rest.starts_with('>') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest)
}

/// What of the body is replaced, and by which link.
struct Replacement<'a> {
    range: Range<usize>,
    href: &'a str,
}

fn with_links(body: &str, html: &str) -> String {
    let anchors = anchors(html);
    let (mut replacements, hrefs) = markdown_links(body);
    for anchor in &anchors {
        let occurrence = body
            .match_indices(anchor.text.as_str())
            .map(|(start, text)| start..start + text.len())
            .filter(|range| !hrefs.iter().any(|href| overlap(href, range)))
            .nth(anchor.before);
        if let Some(range) = occurrence.filter(|range| !replacements.iter().any(|r| overlap(&r.range, range)))
        {
            replacements.push(Replacement { range, href: &anchor.href });
        }
    }
    replacements.sort_by_key(|replacement| replacement.range.start);

    let mut text = String::with_capacity(body.len());
    let mut done = 0;
    for Replacement { range, href } in replacements {
        text.push_str(&body[done..range.start]);
        text.push_str(href);
        done = range.end;
    }
    text.push_str(&body[done..]);
    text
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// How far the end of a link is looked for, in characters: enough for two IDs and several servers to route by.
const LONGEST_LINK: usize = 2000;

/// The `[text](link)`s of a body that was not rendered, and where their `(link)` parts are.
fn markdown_links(body: &str) -> (Vec<Replacement<'_>>, Vec<Range<usize>>) {
    let mut links: Vec<Replacement> = Vec::new();
    let mut hrefs = Vec::new();
    for (middle, _) in body.match_indices("](") {
        let inside = &body[middle + 2..];
        let ends = |(_, c): &(usize, char)| *c == ')' || c.is_whitespace();
        let Some((length, _)) = inside.char_indices().take(LONGEST_LINK).find(ends) else { continue };
        let href = inside[..length].trim_start_matches('<').trim_end_matches('>');
        if !inside[length..].starts_with(')') || !link::is_one_word(href) {
            continue;
        }
        let before = links.last().map_or(0, |link| link.range.end);
        // None when this `](` is inside the link before it.
        let Some(start) = body.get(before..middle).and_then(opening_bracket) else { continue };
        let end = middle + 2 + length + 1;
        hrefs.push(middle..end);
        links.push(Replacement { range: before + start..end, href });
    }
    (links, hrefs)
}

/// Where the bracket is that a `]` right behind `text` would close.
fn opening_bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().rev() {
        match c {
            ']' => depth += 1,
            '[' if depth == 0 => return Some(at),
            '[' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A link of the HTML.
struct Anchor {
    text: String,
    href: String,
    /// How often its text occurs in the text before it.
    before: usize,
}

/// HTML with more tags than this is no command, and is not parsed: the tree would be deep enough to exhaust the stack.
const TAGS: usize = 500;

fn anchors(html: &str) -> Vec<Anchor> {
    let mut found = Found { text: String::new(), anchors: Vec::new() };
    if html.matches('<').count() <= TAGS {
        for node in Html::parse(html).children() {
            found.visit(&node);
        }
    }
    found.anchors
}

struct Found {
    /// All text so far.
    text: String,
    anchors: Vec<Anchor>,
}

impl Found {
    fn visit(&mut self, node: &NodeRef) {
        if let Some(text) = node.as_text() {
            self.text.push_str(&text.borrow());
        }
        let Some(element) = node.as_element() else { return };
        match element.name.local.as_ref() {
            "mx-reply" => return,
            "br" | "p" | "div" | "li" | "blockquote" | "pre" | "tr" => self.text.push('\n'),
            _ => {}
        }
        let start = self.text.len();
        for child in node.children() {
            self.visit(&child);
        }
        if element.name.local.as_ref() != "a" {
            return;
        }
        let (before, text) = self.text.split_at(start);
        let href = element
            .attrs
            .borrow()
            .iter()
            .find(|a| a.name.local.as_ref() == "href")
            .map(|a| a.value.to_string());
        if let (text @ [_, ..], Some(href)) = (text.trim().as_bytes(), href)
            && link::is_one_word(&href)
            && let Ok(text) = str::from_utf8(text)
        {
            let anchor = Anchor { text: text.to_owned(), before: before.matches(text).count(), href };
            self.anchors.push(anchor);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SPAM: &str = "https://matrix.to/#/!spam_x:hs.test?via=hs.test";
    const ANA: &str = "https://matrix.to/#/@ana:hs.test";

    fn html(body: &str, formatted: &str) -> Option<String> {
        let formatted = formatted.replace("SPAM", SPAM).replace("ANA", ANA);
        command_text(&json!({
            "msgtype": "m.text", "body": body.replace("SPAM", SPAM).replace("ANA", ANA),
            "format": "org.matrix.custom.html", "formatted_body": formatted,
        }))
    }

    #[track_caller]
    fn check(body: &str, formatted: &str, want: &str) {
        let want = want.replace("SPAM", SPAM).replace("ANA", ANA);
        assert_eq!(html(body, formatted), Some(want), "{body:?} {formatted:?}");
    }

    #[test]
    fn plain() {
        let text = |content: Value| command_text(&content);
        assert_eq!(text(json!({"msgtype": "m.text", "body": "!help"})).as_deref(), Some("!help"));
        for content in [
            json!({"msgtype": "m.notice", "body": "!help"}),
            json!({"msgtype": "m.text"}),
            json!({"msgtype": "m.text", "body": 3}),
            json!({"body": "!help"}),
            json!({"msgtype": ["m.text"], "body": "!help"}),
            json!("!help"),
            json!(null),
            json!({"msgtype": "m.text", "body": "* !help", "m.relates_to": {"rel_type": "m.replace", "event_id": "$x"}}),
            json!({"msgtype": "m.text", "body": "!help", "m.new_content": {"body": "!help"}}),
        ] {
            assert_eq!(text(content.clone()), None, "{content}");
        }
        let other_format = json!({
            "msgtype": "m.text", "body": "Ana", "format": "x", "formatted_body": format!("<a href='{ANA}'>Ana</a>"),
        });
        assert_eq!(text(other_format).as_deref(), Some("Ana"));
    }

    #[test]
    fn pills() {
        check("!block my_room_x", "!block my<em>room</em>x", "!block my_room_x");
        check("!block Spam Room now", "!block <a href=\"SPAM\">Spam Room</a> now", "!block SPAM now");
        check("!ban Ana: Ana lies", "!ban <a href=\"ANA\">Ana</a>: Ana lies", "!ban ANA: Ana lies");
        check("!x Ana and Ana", "!x Ana and <a href=\"ANA\">Ana</a>", "!x Ana and ANA");
        check(
            "!x Ana Ana Spam",
            "!x <a href='ANA'>Ana</a> <a href='ANA'>Ana</a> <b><a href='SPAM'><i>Sp</i>am</a></b>",
            "!x ANA ANA SPAM",
        );
        check("A\nA", "<p>A</p><p><a href='ANA'>A</a></p>", "A\nANA");
        check("AA A", "A<br>A <a href='ANA'>A</a>", "AA ANA");
        check("!x a & b", "!x <a href='ANA'>a &amp; b</a>", "!x ANA");
        check("!x SPAM", "!x <a href='SPAM'>SPAM</a>", "!x SPAM");
        check("!x Ana", "!x <a href='matrix:u/ana:hs.test'>Ana</a>", "!x matrix:u/ana:hs.test");
        // Links to elsewhere, broken ones, ones of several words, ones whose text is not in the body.
        check("!x Ana", "!x <a href='https://example.org/'>Ana</a>", "!x Ana");
        check("!x Ana", "!x <a href='https://matrix.to/#/ana'>Ana</a>", "!x Ana");
        check("!x Ana", "!x <a href='ANA?via=x --yes'>Ana</a>", "!x Ana");
        check("!x Bob", "!x <a href='ANA'>Ana</a>", "!x Bob");
        check("!x Ana", "!x <a href='ANA'> </a><a>Ana</a>", "!x Ana");
    }

    #[test]
    fn markdown() {
        check("!x [Spam](SPAM) y", "", "!x SPAM y");
        check("!x [Spam [1]](<SPAM>)", "!x <a href='SPAM'>Spam [1]</a>", "!x SPAM");
        check("!x [Ana](ANA) Ana", "!x <a href='ANA'>Ana</a> <a href='ANA'>Ana</a>", "!x ANA ANA");
        check(
            "!x [@ana:hs.test](ANA) @ana:hs.test",
            "<a href='ANA'>@ana:hs.test</a> @ana:hs.test",
            "!x ANA @ana:hs.test",
        );
        check("!x [a](https://example.org) ](ANA) [b](ANA", "", "!x [a](https://example.org) ](ANA) [b](ANA");
        check("[](ANA)", "", "ANA");
    }

    #[test]
    fn replies() {
        let quoted = "> <@a:hs.test> Ana said\n> !ban Ana\n\n!kick Ana\n> really";
        let formatted =
            format!("<mx-reply><a href='{ANA}'>Ana</a> Ana</mx-reply>!kick <a href='{ANA}'>Ana</a>");
        let mut content = json!({
            "msgtype": "m.text", "body": quoted, "format": "org.matrix.custom.html", "formatted_body": formatted,
        });
        let first = command_text(&content).unwrap().lines().next().map(str::to_owned);
        assert_eq!(first, Some(format!("> <@a:hs.test> {ANA} said")));
        content["m.relates_to"] = json!({"m.in_reply_to": {"event_id": "$x"}});
        assert_eq!(command_text(&content), Some(format!("!kick {ANA}\n> really")));
        for (body, want) in [
            ("> <@a:b>\n\n!x", "!x"),
            ("> * <@a:b> waves\n>\n\n!x", "!x"),
            ("> <@a:b> hi\n!x", "!x"),
            ("> <@a:b> hi", ""),
            ("> quoted by hand\n\n!x", "> quoted by hand\n\n!x"),
            ("!x", "!x"),
        ] {
            let content = json!({
                "msgtype": "m.text", "body": body, "m.relates_to": {"m.in_reply_to": {"event_id": "$x"}},
            });
            assert_eq!(command_text(&content).as_deref(), Some(want), "{body:?}");
        }
    }

    #[test]
    fn hostile_html_is_left_aside() {
        let deep = format!("{}<a href='ANA'>Ana</a>", "<b>".repeat(30_000));
        check("Ana", &deep, "Ana");
        for tag in ["<b>", "<div>", "<p><b>", "<table><td>", "<a href='ANA'>"] {
            assert!(html("Ana", &tag.repeat(TAGS / tag.matches('<').count())).is_some());
        }
        let wide = format!("{}<a href='ANA'>Ana</a>", "<b x=1><p>".repeat(240));
        check("Ana", &wide, "ANA");
        assert!(html(&"](".repeat(30_000), "<a").is_some());
        assert!(html(&"[](ANA)".repeat(1000), "<a href='ANA'>a</a").is_some());
    }

    proptest! {
        #[test]
        fn never_panic(
            body in "\\PC*",
            formatted in "(<a href='https://matrix.to/#/@a:b'>|</a>|<mx-reply>|</p>|é|a|<|&| |\\PC){0,30}",
            marks in "(\\[|\\]|\\(https://matrix.to/#/@a:b\\)|é|a|\n|> ){0,30}",
        ) {
            for body in [body, marks] {
                prop_assert!(html(&body, &formatted).is_some());
            }
        }
    }
}
