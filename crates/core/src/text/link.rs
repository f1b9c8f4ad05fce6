//! `matrix.to` links and `matrix:` URIs, as people paste them: not always percent-encoded, with any query.

use ruma::{MatrixToUri, MatrixUri, matrix_uri::MatrixId};

/// What a word is, seen as a link.
#[derive(Debug)]
pub(super) enum Link {
    /// No Matrix link at all.
    None,
    /// One that leads nowhere.
    Broken,
    /// One to a room, a user or an event. The IDs are as lenient as ruma reads them.
    To(MatrixId),
}

const MATRIX_TO: [&str; 4] =
    ["https://matrix.to/#/", "http://matrix.to/#/", "https://www.matrix.to/#/", "matrix.to/#/"];

/// Reads a link; queries such as `?via=…` are left aside.
pub(super) fn parse(word: &str) -> Link {
    let id = if let Some(rest) = MATRIX_TO.iter().find_map(|prefix| after(word, prefix)) {
        matrix_to(rest)
    } else if let Some(rest) = after(word, "matrix:") {
        matrix_uri(rest)
    } else {
        return Link::None;
    };
    id.map_or(Link::Broken, Link::To)
}

/// Whether a link leads somewhere and is one word: fit to stand in a command for the text that was linked.
pub(super) fn is_one_word(href: &str) -> bool {
    matches!(parse(href), Link::To(_)) && !href.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn after<'a>(word: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = word.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The slashes of aliases, user IDs and event IDs (room version 3) are often not encoded; ruma takes each slash for a
/// separator, and indexes into the empty part between two of them.
fn matrix_to(rest: &str) -> Option<MatrixId> {
    let path = without_query(rest).trim_matches('/');
    let encoded = match path.split_once('/') {
        Some((room, event)) if event.starts_with('$') || event.starts_with("%24") => {
            format!("{}/{}", slashes_encoded(room), slashes_encoded(event))
        }
        _ => slashes_encoded(path),
    };
    let uri = MatrixToUri::parse(&format!("https://matrix.to/#/{encoded}")).ok()?;
    Some(uri.id().clone())
}

fn matrix_uri(rest: &str) -> Option<MatrixId> {
    let path = without_query(rest).trim_matches('/');
    let encoded = match path.split_once("/e/").or_else(|| path.split_once("/event/")) {
        Some((room, event)) => format!("{room}/e/{}", slashes_encoded(event)),
        None => path.to_owned(),
    };
    let uri = MatrixUri::parse(&format!("matrix:{encoded}")).ok()?;
    Some(uri.id().clone())
}

fn without_query(rest: &str) -> &str {
    rest.split_once('?').map_or(rest, |(path, _)| path)
}

fn slashes_encoded(part: &str) -> String {
    part.replace('/', "%2F")
}
