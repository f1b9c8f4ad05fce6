//! `!notice`: write to local users.

use ruma::OwnedUserId;

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Found, Subject, World,
    whom::{Person, Who, people},
};
use crate::{
    plan::Step,
    reply::{Line, Reply},
    text::{
        target::{UserTarget, looks_like_user},
        words::Word,
    },
};

/// Write to local users
///
/// Each gets the text as it is typed, line breaks included and without formatting: as a server notice where the server has them on, in a direct chat with me otherwise. All users in front of the text get it, so a text that begins with a user goes in quotes. What is written cannot be taken back, so I ask first.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!notice <@user>... <text> [--dry-run] [--yes]")]
pub(super) struct Notice {
    /// The users, followed by the text
    #[arg(value_name = "@user and text", required = true, num_args = 1..)]
    words: Vec<String>,
    #[command(flatten)]
    acting: Acting,
}

/// To whom, and what.
pub(super) struct Facts {
    people: Vec<Person>,
    text: String,
    /// What the messages of this command are known by, before the user.
    occasion: String,
}

/// How many characters a text may have: with more the preview would not hold all of it.
const LONGEST: usize = 4_000;
/// The options, which belong to no text.
const OPTIONS: [&str; 2] = ["--dry-run", "--yes"];
/// Lines of the preview are broken here, so that it shows all of them.
const WIDTH: usize = 500;

impl Command for Notice {
    const NAME: &'static str = "notice";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!notice @user:example.org Please choose another display name.";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (users, text) = match world.typed {
            Some(found) => users_and_text(found)?,
            None => return Err(missing_text()),
        };
        // Numbers of jobs are given once; a job that was dropped without having been one sends nothing.
        let occasion = format!("notice-{}-{}", world.records.next_plan_id()?, world.now);
        Ok(Facts { people: people(world, users).await?, text, occasion })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { people, text, occasion } = facts;
        let mistakes: Vec<Line> = people.iter().filter_map(|person| mistake(person, world)).collect();
        if !mistakes.is_empty() {
            let reply = Reply::new().paragraph("Nothing was written.").list(mistakes);
            return Err(Failure::Told(Box::new(reply)));
        }
        let preview = Reply::new()
            .paragraph(Line::new().strong("To write to:"))
            .list(people.iter().map(Person::line))
            .paragraph("This text:")
            .preformatted(broken(&text))
            .paragraph(
                "It comes as a server notice where the server has them on, and in a direct chat with me otherwise.",
            );
        let step = |person: Person| Step::Tell {
            key: format!("{occasion}-{}", person.id),
            user: person.id,
            text: text.clone(),
        };
        Ok(Decision::Propose(Box::new(Draft {
            steps: people.into_iter().map(step).collect(),
            because: None,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            caution: Some("What is written cannot be taken back.".to_owned()),
            acting: self.acting,
        })))
    }
}

/// The users that lead the words, each once, and the text behind them as it was typed. A text that is wholly in quotes is
/// what is in them.
fn users_and_text(found: &Found) -> Result<(Vec<OwnedUserId>, String), Failure> {
    let is_option = |word: &Word| !word.quoted && OPTIONS.contains(&word.text.as_str());
    let mut users: Vec<OwnedUserId> = Vec::new();
    let mut words = &found.words[..];
    while let [word, rest @ ..] = words {
        if is_option(word) {
            words = rest;
            continue;
        }
        // The first one has to be a user.
        if !users.is_empty() && (word.quoted || !looks_like_user(&word.text)) {
            break;
        }
        let UserTarget(user) = word.text.parse().map_err(|error| {
            let line = Line::new().name_long(format!("{error}"));
            Failure::told(match users.len() {
                0 => line,
                _ => line.text(" If the text begins here, put the whole text in quotes."),
            })
        })?;
        if !users.contains(&user) {
            users.push(user);
        }
        words = rest;
    }
    while let [rest @ .., word] = words
        && is_option(word)
    {
        words = rest;
    }
    if let Some(word) = words.iter().find(|word| is_option(word)) {
        return Err(Failure::told(
            Line::new()
                .text("Is ")
                .code(&word.text)
                .text(" part of the text? Then put the whole text in quotes; otherwise put it at the end."),
        ));
    }
    let text = match words {
        [] => return Err(missing_text()),
        [only] if only.quoted => only.text.clone(),
        [first, .., last] => typed(&found.line, first.start, last.end),
        [only] => typed(&found.line, only.start, only.end),
    };
    match text.chars().count() {
        _ if text.trim().is_empty() => Err(missing_text()),
        0..=LONGEST => Ok((users, text)),
        count => Err(Failure::told(Line::new().text(format!(
            "The text has {count} characters; {LONGEST} are the most that I write at once. Make it shorter, or several."
        )))),
    }
}

/// A part of a line, in characters.
fn typed(line: &str, start: usize, end: usize) -> String {
    line.chars().skip(start).take(end.saturating_sub(start)).collect()
}

fn missing_text() -> Failure {
    Failure::told(
        Line::new()
            .text("What shall I write? Put the text behind the users: ")
            .code(Notice::EXAMPLE)
            .text("."),
    )
}

/// The text with its longest lines broken.
fn broken(text: &str) -> String {
    let lines = text.lines().flat_map(|line| {
        let chars: Vec<char> = line.chars().collect();
        match chars.len() {
            0 => vec![String::new()],
            _ => chars.chunks(WIDTH).map(|part| part.iter().collect()).collect(),
        }
    });
    lines.collect::<Vec<String>>().join("\n")
}

/// Why somebody cannot be written to.
fn mistake(person: &Person, world: &World<'_>) -> Option<Line> {
    match &person.who {
        Who::Local(_) if person.id == world.lookup.me() => {
            Some(person.line().text(" is me: I do not write to myself."))
        }
        Who::Local(account) if account.deactivated => {
            Some(person.line().text(" is deactivated: nobody would read it."))
        }
        Who::Local(_) => None,
        Who::Nobody => Some(
            Line::new()
                .text("There is no account ")
                .code(person.id.as_str())
                .text(" on this server. Check its spelling."),
        ),
        Who::Remote => Some(
            Line::new()
                .code(person.id.as_str())
                .text(" is of another server, and a server sends notices to its own users only."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;
    use crate::commands::line::{Read, read};

    fn of(line: &str) -> Result<(Vec<OwnedUserId>, String), Failure> {
        match read(line, user_id!("@bot:hs.test")) {
            Read::Found(found) => users_and_text(&found),
            _ => panic!("{line} is no command"),
        }
    }

    #[test]
    fn the_text_is_kept_as_it_was_typed() {
        for (line, users, text) in [
            ("!notice @a:x hello", 1, "hello"),
            ("!notice @a:x @b:x, @a:x hello  you", 2, "hello  you"),
            ("!notice @a:x hello\n\n  - one\n  - two", 1, "hello\n\n  - one\n  - two"),
            ("!notice @a:x\nhello", 1, "hello"),
            ("!notice @a:x \"@b:x is not nice\"", 1, "@b:x is not nice"),
            ("!notice @a:x \" two\nlines \"", 1, " two\nlines "),
            ("!notice @a:x he said \"no  way\" twice", 1, "he said \"no  way\" twice"),
            ("!notice @a:x \"no\" she said", 1, "\"no\" she said"),
            ("!notice --dry-run @a:x hi --yes", 1, "hi"),
            ("!notice @a:x —dry-run hi", 1, "hi"),
            ("!notice @a:x \"--dry-run does nothing\"", 1, "--dry-run does nothing"),
            ("!gleipnir notice @a:x `code` *and* <b>more</b>", 1, "`code` *and* <b>more</b>"),
            ("@bot:hs.test: notice @a:x don't — really", 1, "don't — really"),
            ("！notice @a:x 𝕳ello\u{200b} wörld", 1, "𝕳ello\u{200b} wörld"),
        ] {
            let (found, got) = of(line).unwrap_or_else(|failure| panic!("{line}: {failure:?}"));
            assert_eq!((found.len(), got.as_str()), (users, text), "{line}");
        }
    }

    #[test]
    fn what_is_no_notice() {
        for line in [
            "!notice",
            "!notice hello",
            "!notice @a:x",
            "!notice @a:x --dry-run",
            "!notice @a:x \" \"",
            "!notice @a:x @b hello",
            "!notice @a:x please --yes do",
            &format!("!notice @a:x {}", "x".repeat(LONGEST + 1)),
        ] {
            assert!(of(line).is_err(), "{line}");
        }
    }

    #[test]
    fn long_lines_are_broken_and_nothing_is_lost() {
        let text = format!("{}\n\nend", "x".repeat(2 * WIDTH + 1));
        let got = broken(&text);
        assert!(got.lines().all(|line| line.len() <= WIDTH), "{got}");
        assert_eq!(got.replace('\n', ""), text.replace('\n', ""));
        assert_eq!(broken("a\n\nb"), "a\n\nb");
    }
}
