//! Makes text that a server sent fit for a message: short, on one line, without control or direction characters.

/// At most `max` characters of `text` on one line; a cut is marked with `…`.
pub(crate) fn clean(text: &str, max: usize) -> String {
    let spaced = text.replace(|c: char| c.is_control() || is_invisible(c), " ");
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

/// The beginning of a body that is not what it should be.
pub(crate) fn beginning(body: &[u8]) -> String {
    const BYTES: usize = 512;
    let start = String::from_utf8_lossy(&body[..body.len().min(BYTES)]);
    match clean(&start, 120) {
        line if line.is_empty() => "an empty body".to_owned(),
        line => format!("not what was expected, beginning “{line}”"),
    }
}

/// Zero-width and direction characters, which can make a text show as something else.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{beginning, clean};

    #[test]
    fn text_is_one_short_line() {
        for (text, want) in [
            ("Room not found", "Room not found"),
            ("a\r\n\tb\0c", "a b c"),
            ("evil\u{202e}txt.exe", "evil txt.exe"),
            ("\u{feff}", ""),
            ("äöüäöüäöüäöüäö", "äöüäöüäöüäöüäö"),
            ("äöüäöüäöüäöüäöü", "äöüäöüäöüäöüäö…"),
        ] {
            assert_eq!(clean(text, 14), want, "{text:?}");
        }
    }

    #[test]
    fn a_beginning_says_what_came() {
        assert_eq!(beginning(b""), "an empty body");
        assert_eq!(beginning(b" \n "), "an empty body");
        assert_eq!(beginning(b"<html>\n <b>\xff"), "not what was expected, beginning “<html> <b>\u{fffd}”");
        assert_eq!(beginning(&[b'x'; 9000]).chars().filter(|c| *c == 'x').count(), 121);
    }
}
