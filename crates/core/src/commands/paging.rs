//! Lists that are longer than a message: which part of them is shown, and how it is spoken of.

use super::{Failure, Pages, World, sheet::cut};
use crate::{
    reply::Line,
    text::number::{counted, grouped},
};

/// The part of a list that a message shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// So many entries are passed over.
    pub(super) from: u64,
    /// At most so many are shown.
    pub(super) size: u64,
}

/// At most so many entries are shown, even if more of them fit.
pub(super) const MOST: u64 = 100;

impl Part {
    /// Where a page was turned to; otherwise the page of this number, counted from 1, of what begins after `skip`.
    pub(super) fn of(world: &World<'_>, page: Option<u32>, skip: u64, size: u32) -> Self {
        let size = u64::from(size).clamp(1, MOST);
        let typed =
            || skip.saturating_add(u64::from(page.unwrap_or(1)).saturating_sub(1).saturating_mul(size));
        Self { from: world.at.and_then(|at| at.parse().ok()).unwrap_or_else(typed), size }
    }

    /// This part of a list.
    pub(super) fn cut<T>(self, list: Vec<T>) -> Vec<T> {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        list.into_iter().skip(number(self.from)).take(number(self.size)).collect()
    }

    /// Whether it lies behind the end of a list that has entries.
    pub(super) fn is_beyond(self, total: u64) -> bool {
        total > 0 && self.from >= total
    }

    /// Refuses a part that lies behind the end: “There are only 45 `what`.”
    pub(super) fn beyond(self, total: u64, what: &str) -> Failure {
        let last = (total - 1) / self.size + 1;
        let pages = counted(last, "page");
        let there = if total == 1 { "is" } else { "are" };
        Failure::told(Line::new().text(format!(
            "There {there} only {} {what}, on {pages} of {}; what was asked for begins after the first {}.",
            grouped(total),
            self.size,
            grouped(self.from)
        )))
    }

    /// The neighbours of a page of `shown` entries.
    pub(super) fn pages(self, shown: usize, total: u64) -> Pages {
        let end = self.from.saturating_add(shown as u64);
        Pages {
            left: (self.from > 0).then(|| self.from.saturating_sub(self.size).to_string()),
            right: (shown > 0 && end < total).then(|| end.to_string()),
        }
    }

    /// “Rooms 21–40 of 20,113”, or “3 rooms” when that is all. The words for one and for several of them begin with a
    /// small letter.
    pub(super) fn in_words(self, shown: usize, total: u64, (one, several): (&str, &str)) -> String {
        let last = self.from.saturating_add(shown as u64);
        match (self.from, shown) {
            (0, _) if last >= total => {
                format!("{} {}", grouped(total), if total == 1 { one } else { several })
            }
            (before, 1) => format!("{} {} of {}", capital(one), grouped(before + 1), grouped(total)),
            (before, _) => {
                let (first, last) = (grouped(before + 1), grouped(last));
                format!("{} {first}–{last} of {}", capital(several), grouped(total))
            }
        }
    }
}

/// As many of the lines, from the first on, as fit into a message, but one at least.
pub(super) fn fitting(mut lines: Vec<Line>) -> Vec<Line> {
    let first = cut(&lines, lines.len()).first().map_or(0, ExactSizeIterator::len);
    lines.truncate(first);
    lines
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMS: (&str, &str) = ("room", "rooms");

    #[test]
    fn parts_in_words_with_their_neighbours() {
        let turned = |left: Option<&str>, right: Option<&str>| Pages {
            left: left.map(str::to_owned),
            right: right.map(str::to_owned),
        };
        for (from, shown, total, words, pages) in [
            (0, 3, 3, "3 rooms", turned(None, None)),
            (0, 1, 1, "1 room", turned(None, None)),
            (0, 20, 20_113, "Rooms 1–20 of 20,113", turned(None, Some("20"))),
            (20, 20, 20_113, "Rooms 21–40 of 20,113", turned(Some("0"), Some("40"))),
            (20, 7, 45, "Rooms 21–27 of 45", turned(Some("0"), Some("27"))),
            (7, 20, 27, "Rooms 8–27 of 27", turned(Some("0"), None)),
            (40, 1, 41, "Room 41 of 41", turned(Some("20"), None)),
        ] {
            let part = Part { from, size: 20 };
            assert_eq!(part.in_words(shown, total, ROOMS), words);
            assert_eq!(part.pages(shown, total), pages, "{words}");
        }
        assert!(Part { from: 20, size: 20 }.is_beyond(20) && !Part { from: 20, size: 20 }.is_beyond(0));
    }

    #[test]
    fn a_page_ends_where_the_message_does() {
        let lines =
            |length: usize| (0..100).map(|_| Line::new().text("x".repeat(length))).collect::<Vec<_>>();
        assert_eq!(fitting(lines(10)).len(), 100);
        assert_eq!(fitting(lines(1996)).len(), 4);
        let tags: Vec<Line> = (0..100).map(|_| Line::new().text("<".repeat(1990))).collect();
        assert_eq!(fitting(tags).len(), 1);
    }
}
