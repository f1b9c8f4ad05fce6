//! Replies of every block, with words of strangers in every place that is for them: they stay there.

use ruma::{OwnedUserId, owned_user_id};

use super::{
    MOST_BYTES,
    harmless::{self, Place, invites, pieces},
    input::Input,
};
use crate::reply::{Block, Line, Reply, csv_attachment};

/// A reply is built as the bytes say, and rendered.
///
/// # Panics
///
/// When anything that a stranger wrote left its place.
pub fn rendering(data: &[u8]) {
    if data.len() > MOST_BYTES {
        return;
    }
    let mut input = Input(data);
    if input.yes() {
        anything(&mut input);
    } else {
        strangers(&mut input);
    }
    let cells = (0..input.below(4)).map(|_| vec![input.words(), input.words()]).collect::<Vec<_>>();
    table(&cells);
}

/// Hostile words even where only ours are expected: bounds and HTML hold all the same.
fn anything(input: &mut Input<'_>) {
    let mut reply = Reply::new();
    let mut wanted: Vec<OwnedUserId> = Vec::new();
    for _ in 0..input.below(8) {
        let line = any_line(input);
        reply = match input.below(10) {
            0 => reply.heading(line),
            1 => reply.paragraph(line),
            2 => reply.list(vec![line; 1 << input.below(9)]),
            3 => reply.fact(input.words(), line),
            4 => reply.quote([line.clone(), any_line(input), line]),
            5 => reply.preformatted(input.words()),
            6 => reply.more(input.below(3), input.words()),
            7 => reply.append(Reply::text(line)),
            8 => (0..=input.byte()).fold(reply, |reply, _| reply.paragraph(line.clone())),
            _ => {
                let user = [owned_user_id!("@mod:hs.test"), owned_user_id!("@other:hs.test")];
                let user = user[input.below(2)].clone();
                let mentioning = reply.mention(&user);
                if !wanted.contains(&user) {
                    wanted.push(user);
                }
                mentioning
            }
        };
    }
    let rendered = reply.render();
    pieces(&rendered);
    assert_eq!(rendered.mentions, wanted);
    assert_eq!(reply.render(), rendered, "it is the same each time");
}

fn any_line(input: &mut Input<'_>) -> Line {
    (0..input.below(6)).fold(Line::new(), |line, _| {
        let words = input.words();
        match input.below(11) {
            0 => line.text(words),
            1 => line.strong(words),
            2 => line.emphasis(words),
            3 => line.code(words),
            4 => line.user(words),
            5 => line.user_long(words),
            6 => line.name(words),
            7 => line.name_long(words),
            8 => line.spoiler(words),
            9 => line.link(input.words(), words),
            _ => line.link(words, format!("https://matrix.to/#/{}", input.words())),
        }
    })
}

/// Hostile words only where strangers' words belong: they make no line, no link and no mention, and text and HTML say
/// the same.
fn strangers(input: &mut Input<'_>) {
    let mut reply = Reply::new();
    for _ in 0..input.below(6) {
        let line = strangers_line(input);
        say_the_same(&line);
        reply = match input.below(6) {
            0 => reply.block(Block::Heading(line)),
            1 => reply.paragraph(line),
            2 => reply.list(vec![line; 1 << input.below(7)]),
            3 => reply.fact("Say", line),
            4 => reply.quote([line.clone(), strangers_line(input)]),
            _ => reply.paragraph(line).more(input.below(3), "words"),
        };
    }
    let rendered = reply.render();
    assert!(rendered.mentions.is_empty());
    harmless::check(&rendered);
    for line in rendered.text.lines().filter(|line| !line.is_empty()) {
        let inside = ["• ", "> ", "Say: "].iter().find_map(|begin| line.strip_prefix(begin)).unwrap_or(line);
        assert!(inside.starts_with("say") || inside.starts_with("… and "), "{line:?} in {:?}", rendered.text);
    }
    let mut outside_code = rendered.text.split('`').step_by(2);
    assert_eq!(outside_code.find_map(invites), None, "{}", rendered.text);
}

/// A line that begins with a word of ours, and has one between any two of a stranger.
fn strangers_line(input: &mut Input<'_>) -> Line {
    (0..input.below(5)).fold(Line::new().text("say "), |line, _| {
        let words = input.words();
        let line = match input.below(6) {
            0 => line.code(words),
            1 => line.user(words),
            2 => line.user_long(words),
            3 => line.name(words),
            4 => line.name_long(words),
            _ => line.spoiler(words),
        };
        line.text(input.one_of(&[" ", ", ", " (", ") ", ": ", ". ", "; "]))
    })
}

/// The plain text of a line is its HTML without elements, but for the backticks around code.
fn say_the_same(line: &Line) {
    let rendered = Reply::text(line.clone()).render();
    assert!(line.bytes() + "<p></p>".len() >= rendered.html.len().max(rendered.text.len()));
    let html: String = pieces(&rendered).into_iter().map(|piece| piece.words).collect();
    assert_eq!(html.replace('`', "'"), rendered.text.replace('`', ""));
    let code = pieces(&rendered).into_iter().filter(|piece| piece.place == Place::Code).count();
    assert!(rendered.text.matches('`').count() >= 2 * code, "{}", rendered.text);
}

/// No cell of a table is a formula, and each is where it was put.
fn table(cells: &[Vec<String>]) {
    let file = csv_attachment("x.csv", &["a", "b"], cells.iter().cloned());
    let mut reader = csv::Reader::from_reader(file.bytes.as_slice());
    let mut rows = 0;
    for (row, wanted) in reader.records().zip(cells) {
        let row = row.expect("it is a table");
        for (cell, wanted) in row.iter().zip(wanted) {
            assert!(cell == wanted || cell.strip_prefix('\'') == Some(wanted), "{cell:?} {wanted:?}");
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
        rows += 1;
    }
    assert_eq!(rows, cells.len());
}
