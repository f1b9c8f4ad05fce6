//! “Did you mean …?” for commands and options.

/// Words longer than this are no typing errors, and comparing them costs the square of their length.
const LONGEST: usize = 64;

/// Of `among`, the one that `word` was probably meant to be: it differs by at most a third of its letters, or `word` is
/// the beginning of it. None if nothing is plausible.
pub fn nearest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    if length > LONGEST {
        return None;
    }
    among
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let longer = lower.chars().count().max(length);
            let distance = strsim::osa_distance(&word, &lower);
            let is_beginning = length >= 3 && lower.starts_with(&word);
            (longer <= LONGEST && (distance * 3 <= longer || is_beginning)).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let commands = [
            "ban",
            "block",
            "blocked",
            "context",
            "deactivate",
            "help",
            "room",
            "rooms",
            "shutdown",
            "unblock",
        ];
        for (word, want) in [
            ("blok", Some("block")),
            ("bolck", Some("block")),
            ("Block", Some("block")),
            ("shutdwon", Some("shutdown")),
            ("shut", Some("shutdown")),
            ("deact", Some("deactivate")),
            ("unblok", Some("unblock")),
            ("hlep", Some("help")),
            ("bna", Some("ban")),
            ("rooms", Some("rooms")),
            ("x", None),
            ("", None),
            ("hello", None),
            ("weather", None),
        ] {
            assert_eq!(nearest(word, commands), want, "{word:?}");
        }
        assert_eq!(nearest(&"b".repeat(100_000), commands), None);
        assert_eq!(nearest("ban", []), None);
    }
}
