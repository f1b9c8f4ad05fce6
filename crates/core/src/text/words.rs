//! A line that a moderator typed, as words: with quotes of every keyboard, code spans, and the dashes that phones make
//! of `--`.

use super::clean::is_invisible;

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word without its quotes or backticks, and with `--` where a dash was meant as one.
    pub text: String,
    /// Where it starts in the line, in characters, its quote included.
    pub start: usize,
    /// Where it ends in the line, in characters; the first one behind it.
    pub end: usize,
    /// Whether it stood in quotes: such a word is never an option.
    pub quoted: bool,
}

/// A double quote was opened and not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The quote that opens at character {} is never closed.", .at + 1)]
pub struct Unclosed {
    /// Where the quote is in the line, in characters from 0.
    pub at: usize,
}

/// Splits a line into words.
///
/// White space of every kind separates. A quote opens at a word's start (or behind the `=` of an option) and closes
/// before white space or the end, so that `don't` is a word; a single quote that never closes is an apostrophe.
pub fn words(line: &str) -> Result<Vec<Word>, Unclosed> {
    let chars: Vec<(usize, char)> = line.chars().enumerate().filter(|(_, c)| !is_dropped(*c)).collect();
    let mut reader = Reader { chars: &chars, at: 0, single_closes: true };
    let mut words = Vec::new();
    while let Some(word) = reader.word()? {
        if words.is_empty() && !word.quoted {
            words.push(Word { text: ascii_exclamation(word.text), ..word });
        } else {
            words.push(word);
        }
    }
    Ok(words)
}

struct Reader<'a> {
    /// The visible characters and the white space of the line, with their places in it.
    chars: &'a [(usize, char)],
    at: usize,
    /// Whether a single quote that closes may still come: keeps lines full of apostrophes from costing a square.
    single_closes: bool,
}

impl Reader<'_> {
    fn word(&mut self) -> Result<Option<Word>, Unclosed> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        if let Some(text) = self.quotation()? {
            return Ok(Some(self.finish(start, text, Quoted::Yes)));
        }
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace()) {
            self.at += 1;
            text.push(c);
            if c == '=' && text.starts_with(is_dash) && text.find('=') == Some(text.len() - 1) {
                text.push_str(&self.quotation()?.unwrap_or_default());
            }
        }
        if self.at == start {
            return Ok(None);
        }
        let text = typed_dashes(without_backticks(&text));
        Ok(Some(self.finish(start, text, Quoted::No)))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).map(|(_, c)| *c)
    }

    fn finish(&self, start: usize, text: String, quoted: Quoted) -> Word {
        let (first, last) = (self.chars[start].0, self.chars[self.at - 1].0);
        Word { text, start: first, end: last + 1, quoted: quoted == Quoted::Yes }
    }

    /// What stands between the quote here and the one that closes it, if there are such. Ends behind the latter.
    fn quotation(&mut self) -> Result<Option<String>, Unclosed> {
        let Some(quote) = self.peek().and_then(Quote::of) else { return Ok(None) };
        if quote == Quote::Single && !self.single_closes {
            return Ok(None);
        }
        let inside = self.at + 1;
        let closing = (inside..self.chars.len()).find(|at| {
            Quote::of(self.chars[*at].1) == Some(quote)
                && self.chars.get(at + 1).is_none_or(|(_, next)| next.is_whitespace())
        });
        match (closing, quote) {
            (Some(closing), _) => {
                self.at = closing + 1;
                Ok(Some(self.chars[inside..closing].iter().map(|(_, c)| *c).collect()))
            }
            (None, Quote::Single) => {
                self.single_closes = false;
                Ok(None)
            }
            (None, Quote::Double) => Err(Unclosed { at: self.chars[self.at].0 }),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoted {
    Yes,
    No,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Single,
    Double,
}

impl Quote {
    fn of(c: char) -> Option<Self> {
        match c {
            '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '＂' => Some(Self::Double),
            '\'' | '‘' | '’' | '‚' | '‛' => Some(Self::Single),
            _ => None,
        }
    }
}

/// Zero-width, direction and control characters come along with a copied text and belong to no word. The emoji
/// selector stays: aliases such as `#❤️:example.org` need it.
fn is_dropped(c: char) -> bool {
    !c.is_whitespace() && c != '\u{fe0f}' && is_invisible(c)
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—')
}

/// Code spans: backticks around a word, or around several. A word of nothing else is kept.
fn without_backticks(word: &str) -> &str {
    match word.trim_matches('`') {
        "" => word,
        inside => inside,
    }
}

/// Phones and editors turn `--yes` into `—yes` or `–yes`, and `-y` into `–y`.
fn typed_dashes(word: &str) -> String {
    let name = word.trim_start_matches(is_dash);
    let letters = name.chars().take_while(char::is_ascii_alphabetic).count();
    let behind = name[letters..].chars().next();
    match (word.chars().next(), letters, behind) {
        (Some('–' | '—'), 1, None | Some('=')) => format!("-{name}"),
        (Some('–' | '—'), 2.., _) => format!("--{name}"),
        _ => word.to_owned(),
    }
}

/// East Asian keyboards type the exclamation mark in full width.
fn ascii_exclamation(word: String) -> String {
    match word.strip_prefix('！') {
        Some(rest) => format!("!{rest}"),
        None => word,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(line: &str, want: &[&str]) {
        let words = words(line).unwrap();
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, want, "{line:?}");
    }

    #[test]
    fn white_space() {
        check("", &[]);
        check(" \u{a0}\n", &[]);
        check(
            "!block  !x:hs\tspam\nroom\u{a0}here\u{3000}now ",
            &["!block", "!x:hs", "spam", "room", "here", "now"],
        );
        check("!blo\u{200b}ck\u{202e} \u{200b} x\u{feff}", &["!block", "x"]);
        check("！block ！x", &["!block", "！x"]);
    }

    #[test]
    fn quotes() {
        for line in [
            "a \"b c\" d",
            "a “b c” d",
            "a „b c“ d",
            "a «b c» d",
            "a »b c« d",
            "a 'b c' d",
            "a ‘b c’ d",
            "a ”b c” d",
        ] {
            check(line, &["a", "b c", "d"]);
        }
        check("don't 'tis rock'n'roll", &["don't", "'tis", "rock'n'roll"]);
        check("5\" disk", &["5\"", "disk"]);
        check("\"it's fine\"", &["it's fine"]);
        check("\"a\"b c\"", &["a\"b c"]);
        check("\"\" x", &["", "x"]);
        check("'a' 'b", &["a", "'b"]);
        check("'", &["'"]);
        check("\"--yes\" --no", &["--yes", "--no"]);
        check(
            "--reason=\"two words\" —reason=“two words” --reason='it",
            &["--reason=two words", "--reason=two words", "--reason='it"],
        );
        check("a=\"b c\"", &["a=\"b", "c\""]);
        check("“a\u{200b}”\u{200b} b", &["a", "b"]);
        assert!(words("\"—yes\"").unwrap()[0].quoted);
        assert_eq!(words("\"—yes\"").unwrap()[0].text, "—yes");
        assert!(!words("--x=\"y\"").unwrap()[0].quoted);
    }

    #[test]
    fn unclosed() {
        for (line, at) in [("\"a", 0), ("ä “b c", 2), ("x \"", 2), ("a «b»c", 2), ("--r=\"x", 4)] {
            assert_eq!(words(line), Err(Unclosed { at }), "{line:?}");
        }
        assert_eq!(Unclosed { at: 2 }.to_string(), "The quote that opens at character 3 is never closed.");
    }

    #[test]
    fn code_spans() {
        check("`!block` `!x:hs` ``#a:hs``", &["!block", "!x:hs", "#a:hs"]);
        check("`!block !x:hs`", &["!block", "!x:hs"]);
        check("``` a`b `", &["```", "a`b", "`"]);
    }

    #[test]
    fn dashes() {
        for (word, want) in [
            ("—yes", "--yes"),
            ("–dry-run", "--dry-run"),
            ("—reason=x", "--reason=x"),
            ("––yes", "--yes"),
            ("–-yes", "--yes"),
            ("`—yes`", "--yes"),
            ("—y", "-y"),
            ("–r=x", "-r=x"),
            ("—", "—"),
            ("—1", "—1"),
            ("—é", "—é"),
            ("–x-ray", "–x-ray"),
            ("a—b", "a—b"),
            ("--yes", "--yes"),
            ("-y", "-y"),
            ("-–yes", "-–yes"),
        ] {
            check(word, &[want]);
        }
    }

    #[test]
    fn offsets() {
        let found: Vec<(usize, usize, bool)> = words("ä “b c”\u{200b} \u{200b}—yes `x`")
            .unwrap()
            .iter()
            .map(|w| (w.start, w.end, w.quoted))
            .collect();
        assert_eq!(found, [(0, 1, false), (2, 7, true), (10, 14, false), (15, 18, false)]);
    }

    #[test]
    fn long_lines_are_cheap() {
        assert_eq!(words(&"'a ".repeat(50_000)).unwrap().len(), 50_000);
        assert_eq!(words(&"—".repeat(100_000)).unwrap().len(), 1);
        assert_eq!(words(&"-=".repeat(100_000)).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn offsets_point_into_the_line(line in any::<String>(), typed in "[a\"'“«`— \u{200b}\u{a0}=!-]{0,40}") {
            for line in [line, typed] {
                let length = line.chars().count();
                match words(&line) {
                    Err(Unclosed { at }) => prop_assert!(at < length),
                    Ok(words) => {
                        let mut before = 0;
                        for word in words {
                            prop_assert!(before <= word.start && word.start < word.end && word.end <= length);
                            prop_assert!(word.quoted || !word.text.is_empty());
                            before = word.end;
                        }
                    }
                }
            }
        }
    }
}
