//! Makes anything that a user wrote fit for one line of a message: no control, direction or invisible characters, no
//! floods of combining marks, a bounded length.

/// How many combining marks may follow one another.
const MARKS: usize = 4;

/// One clean line of at most `max_chars` characters, with “…” as the last one if it was cut. Empty when nothing of
/// the text is visible.
pub fn clean(text: &str, max_chars: usize) -> String {
    // One blank at each end may go.
    let line = filtered(text, max_chars.saturating_add(2));
    cut(line.trim(), max_chars)
}

/// Like [`clean`], but blanks at both ends stay: for our own words, which are joined to others.
pub(crate) fn one_line(text: &str, max_chars: usize) -> String {
    cut(&filtered(text, max_chars), max_chars)
}

/// Like [`clean`], but runs of blanks stay as they are, for text in a fixed pitch.
pub(crate) fn fixed_pitch(line: &str, max_chars: usize) -> String {
    let kept: String = visible(line.chars().map(|c| if c.is_whitespace() { ' ' } else { c })).collect();
    cut(kept.trim_end(), max_chars)
}

/// Whether a character shows nothing or only steers what is beside it: controls, format characters (bidi, zero
/// width, tags), variation selectors, private use, unassigned code points, blanks that are letters.
pub(crate) fn is_invisible(c: char) -> bool {
    match c {
        ' '..='~' => false,
        // Invisible though “printable”: grapheme joiner, Hangul and Khmer fillers, Mongolian selectors, blank Braille
        // pattern, variation selectors, object replacement.
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2800}' => true,
        '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fffc}' | '\u{e0100}'..='\u{e01ef}' => true,
        // Not the space: that one is visible as what it is.
        c if c.is_whitespace() => false,
        c => is_escaped_after_a_letter(c),
    }
}

/// Whether `escape_debug` would escape it, which it does for exactly the general categories Cc, Cf, Cs, Co, Cn, Zl,
/// Zp and Zs, and spares the dependency on another table. Combining marks are escaped at the start of a string only.
fn is_escaped_after_a_letter(c: char) -> bool {
    let mut buffer = [b'a', 0, 0, 0, 0];
    let length = 1 + c.encode_utf8(&mut buffer[1..]).len();
    str::from_utf8(&buffer[..length])
        .is_ok_and(|text| !matches!(c, '\\' | '"' | '\'') && text.escape_debug().nth(1) == Some('\\'))
}

/// A mark that combines with the character before it (`Grapheme_Extend`).
fn is_combining(c: char) -> bool {
    !c.is_ascii() && c.escape_debug().next() == Some('\\') && !is_escaped_after_a_letter(c)
}

/// Runs of white space become one space, and what [`visible`] drops is gone. What is longer than `enough` characters is
/// longer than that here too, but need not be whole: texts of strangers can be as long as an event.
fn filtered(text: &str, enough: usize) -> String {
    let mut before = None;
    visible(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }))
        .filter(|c| before.replace(*c) != Some(' ') || *c != ' ')
        .take(enough.saturating_add(1))
        .collect()
}

/// Drops invisible characters, and marks that have no base or too many before them. One emoji selector (U+FE0F) is
/// kept behind a character that can carry it.
fn visible(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut marks = MARKS;
    chars.filter(move |c| {
        let is_mark = *c == '\u{fe0f}' || is_combining(*c);
        if *c != '\u{fe0f}' && is_invisible(*c) {
            return false;
        }
        marks = match (is_mark, *c) {
            // One selector is enough, and nothing combines with a blank.
            (true, '\u{fe0f}') if marks > 0 => return false,
            (true, _) => marks + 1,
            (false, ' ') => MARKS,
            (false, _) => 0,
        };
        !is_mark || marks <= MARKS
    })
}

/// At most `max_chars` characters, the last one “…” if any were dropped.
fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().nth(max_chars).is_none() {
        return text.to_owned();
    }
    let Some(kept) = max_chars.checked_sub(1) else { return String::new() };
    let start: String = text.chars().take(kept).collect();
    format!("{}…", start.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn table() {
        for (given, want) in [
            ("plain words", "plain words"),
            ("", ""),
            ("  two \t\r\n lines \u{2028}more\u{a0}\u{3000}x ", "two lines more x"),
            ("a\u{0}b\u{7}c\u{1b}[31md\u{7f}e\u{9b}f", "abc[31mdef"),
            ("\u{202e}evil\u{202c} \u{2066}x\u{2069}\u{200e}\u{200f}\u{61c}", "evil x"),
            ("zero\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}width\u{ad}", "zerowidth"),
            ("\u{200b}\u{2062}\u{3164}\u{2800}\u{115f}\u{34f}", ""),
            ("flag\u{e0067}\u{e0062}\u{e007f}", "flag"),
            ("private\u{e000}\u{f8ff}\u{f0000}\u{10fffd}", "private"),
            ("not\u{fffe}\u{ffff}\u{fdd0}\u{1fffe}characters", "notcharacters"),
            ("unassigned\u{378}\u{50000}", "unassigned"),
            ("❤\u{fe0f}!", "❤\u{fe0f}!"),
            ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("❤\u{fe0f}\u{fe0f}\u{fe0e}\u{fe00}\u{e0100}\u{fe0f}", "❤\u{fe0f}"),
            ("é e\u{301} naïve", "é e\u{301} naïve"),
            (
                "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}x\u{300}",
                "z\u{300}\u{301}\u{302}\u{303}x\u{300}",
            ),
            ("\u{301}\u{302}start", "start"),
            ("a \u{301}b", "a b"),
            ("“quotes” «и» ‘so’ \\ \"on\" 'x'", "“quotes” «и» ‘so’ \\ \"on\" 'x'"),
            ("日本語 العربية हिन्दी 😀👍🏽", "日本語 العربية हिन्दी 😀👍🏽"),
        ] {
            assert_eq!(clean(given, 100), want, "{given:?}");
        }
    }

    #[test]
    fn length() {
        for (given, max, want) in [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 5, "abcd…"),
            ("ab cdef", 4, "ab…"),
            ("日本語文", 3, "日本…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
            ("", 0, ""),
            ("\u{200b}\u{200b}ab\u{200b}", 2, "ab"),
        ] {
            assert_eq!(clean(given, max), want, "{given:?} {max}");
        }
    }

    #[test]
    fn ends_and_columns_stay_where_asked() {
        assert_eq!(one_line(" a \n b ", 100), " a b ");
        assert_eq!(fixed_pitch("    ^  ^ \u{202e}x\t", 100), "    ^  ^ x");
    }

    proptest! {
        #[test]
        fn stopping_where_the_line_is_full_changes_nothing(text in "( |\n|\u{200b}|\u{301}|a|\\PC){0,20}", max in 0_usize..12) {
            let whole = filtered(&text, usize::MAX);
            prop_assert_eq!(clean(&text, max), cut(whole.trim(), max));
            prop_assert_eq!(one_line(&text, max), cut(&whole, max));
        }

        #[test]
        fn always_one_bounded_visible_line(text in any::<String>(), max in 0_usize..50) {
            let cleaned = clean(&text, max);
            prop_assert!(cleaned.chars().count() <= max);
            let bad = cleaned.chars().find(|c| c.is_control() || *c != '\u{fe0f}' && is_invisible(*c));
            prop_assert_eq!(bad, None);
            prop_assert!(!cleaned.contains("  "));
            prop_assert_eq!(clean(&cleaned, max), cleaned);
        }
    }
}
