//! Lists that are longer than a message, cut into pages that fit into one.

use std::ops::Range;

use super::{Decision, Failure, Pages};
use crate::reply::{Line, Reply};

/// What the lines of a page may take; the rest of a message is for what stands around them.
const MOST_TEXT: usize = 8_000;
const MOST_HTML: usize = 14_000;

/// Cuts lines into pages of at most `most` lines (1 at least) that fit into a message each.
pub(super) fn cut(lines: &[Line], most: usize) -> Vec<Range<usize>> {
    let mut pages = Vec::new();
    let (mut start, mut text, mut html) = (0, 0, 0);
    for (n, line) in lines.iter().enumerate() {
        let size = Reply::text(line.clone()).render();
        (text, html) = (text + size.text.len(), html + size.html.len());
        if n > start && (n - start >= most || text > MOST_TEXT || html > MOST_HTML) {
            pages.push(start..n);
            (start, text, html) = (n, size.text.len(), size.html.len());
        }
    }
    if start < lines.len() {
        pages.push(start..lines.len());
    }
    pages
}

/// A page of a list.
pub(super) struct Sheet {
    /// What is on it.
    pub(super) lines: Vec<Line>,
    /// Its number, from 0.
    number: usize,
    /// How many there are.
    of: usize,
}

impl Sheet {
    /// The page that was turned to (`at`), or else the typed one, from 1.
    pub(super) fn of(
        lines: Vec<Line>,
        at: Option<&str>,
        typed: Option<u32>,
        most: usize,
    ) -> Result<Self, Failure> {
        let pages = cut(&lines, most);
        let of = pages.len().max(1);
        let number = match (at, typed) {
            // The list may have become shorter since.
            (Some(at), _) => at.parse::<usize>().unwrap_or_default().min(of - 1),
            (None, typed) => typed.map_or(0, |typed| (typed as usize).saturating_sub(1)),
        };
        if number >= of {
            let pages = if of == 1 { "is only one page".to_owned() } else { format!("are only {of} pages") };
            return Err(Failure::told(Line::new().text(format!("There {pages}."))));
        }
        let range = pages.get(number).cloned().unwrap_or_default();
        Ok(Self { lines: lines.into_iter().skip(range.start).take(range.len()).collect(), number, of })
    }

    /// “, page 2 of 7”; nothing if there is only one.
    pub(super) fn words(&self) -> String {
        match self.of {
            1 => String::new(),
            of => format!(", page {} of {of}", self.number + 1),
        }
    }

    /// The answer, with its neighbours when it has any.
    pub(super) fn decide(&self, reply: Reply) -> Decision {
        let left = self.number.checked_sub(1).map(|number| number.to_string());
        let right = (self.number + 1 < self.of).then(|| (self.number + 1).to_string());
        match self.of {
            1 => Decision::Answer(reply),
            _ => Decision::Page(reply, Pages { left, right }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_by_number_and_by_size() {
        let short = vec![Line::from("x"); 7];
        assert_eq!(cut(&short, 3), [0..3, 3..6, 6..7]);
        assert_eq!(cut(&short, 7).first(), Some(&(0..7)));
        assert_eq!(cut(&[], 3), Vec::<Range<usize>>::new());
        let long = vec![Line::new().user_long("<".repeat(600)); 30];
        let pages = cut(&long, 30);
        assert!(pages.len() > 1);
        assert_eq!(pages.iter().map(ExactSizeIterator::len).sum::<usize>(), 30);
        for page in pages {
            let reply = Reply::text("x".repeat(1000)).list(long[page].to_vec());
            assert!(!reply.render().text.contains("do not fit"), "all of a page is shown");
        }
    }

    #[test]
    fn sheets() {
        let sheet = |at, typed| Sheet::of(vec![Line::from("x"); 7], at, typed, 3);
        let told = |sheet: Result<Sheet, Failure>| match sheet {
            Err(Failure::Told(reply)) => reply.render().text,
            _ => String::new(),
        };
        let first = sheet(None, None).ok().unwrap();
        assert_eq!((first.lines.len(), first.words().as_str()), (3, ", page 1 of 3"));
        let last = sheet(Some("9"), Some(1)).ok().unwrap();
        assert_eq!((last.lines.len(), last.words().as_str()), (1, ", page 3 of 3"));
        assert_eq!(sheet(None, Some(2)).ok().unwrap().words(), ", page 2 of 3");
        assert_eq!(told(sheet(None, Some(4))), "There are only 3 pages.");
        assert_eq!(told(Sheet::of(Vec::new(), None, Some(2), 3)), "There is only one page.");
        let decided = first.decide(Reply::new());
        assert!(
            matches!(decided, Decision::Page(_, Pages { left: None, right: Some(right) }) if right == "1")
        );
    }
}
