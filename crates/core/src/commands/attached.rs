//! The users in the file of the message that a command replies to.

use super::{Failure, World};
use crate::{
    model::Attached,
    reply::{Line, Reply},
    text::{
        number::grouped,
        user_list::{BadList, MOST_USERS, NAMED, UserList, read_user_list},
    },
};

/// The users in the attached file. Refused, with how it is done, when there is none or something else is in it.
pub(super) async fn attached(world: &World<'_>) -> Result<UserList, Failure> {
    let Some(event) = world.reply_to else {
        return Err(refused(
            "With --attached the users come from a file, and this command is no reply to one.",
        ));
    };
    match world.lookup.attached(event).await? {
        Attached::File(bytes) => read_user_list(&bytes).map_err(bad),
        Attached::Nothing => {
            Err(refused("The message that you reply to has no file, or is not there any more."))
        }
        Attached::TooLarge => Err(refused("That file is larger than 1 MiB, and a list of users never is.")),
    }
}

fn how() -> Line {
    Line::new()
        .text("Send a file into this room that has one user ID on each line, or a table (CSV) with a column ")
        .code("user_id")
        .text("; then send the command as a reply to the file.")
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::Told(Box::new(Reply::text(Line::new().text(why)).paragraph(how())))
}

fn bad(list: BadList) -> Failure {
    match list {
        BadList::NotText => refused("That file is no text in UTF-8. Save it as UTF-8, and send it again."),
        BadList::Empty => refused("There is no user in that file."),
        BadList::TooMany(users) => Failure::told(Line::new().text(format!(
            "There are {} users in that file, and I take {} at most in one job. Split it. Nothing was done.",
            grouped(users as u64),
            grouped(MOST_USERS as u64)
        ))),
        BadList::NotUsers { named, count } => {
            let heading = match count {
                1 => "One line of that file has something else than a user ID. Nothing was done.".to_owned(),
                n => format!(
                    "{} lines of that file have something else than a user ID. Nothing was done.",
                    grouped(n as u64)
                ),
            };
            let line = |(at, word): (usize, String)| {
                let line = Line::new().text(format!("line {}: ", grouped(at as u64)));
                if word.is_empty() { line.text("nothing") } else { line.user(word) }
            };
            let reply = Reply::text(heading).list(named.into_iter().map(line));
            Failure::Told(Box::new(reply.more(count.saturating_sub(NAMED), "such lines").paragraph(how())))
        }
    }
}
