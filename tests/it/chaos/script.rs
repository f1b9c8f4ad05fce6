//! What happens in a round: strands beside each other, each about something of its own.

mod people;
mod places;
mod reported;
mod watched;

use futures_util::future::{LocalBoxFuture, join_all};
use rand::RngExt as _;

use super::strand::{Dice, Ends, Notes, Stage, Strand};

/// Plays a round, and says what is to come of it.
pub(super) async fn play(stage: &Stage<'_>, mut dice: Dice) -> Notes {
    let mut number = 0;
    let mut strand = || {
        number += 1;
        Strand::new(stage, dice.fork(), number)
    };
    let all: Vec<LocalBoxFuture<'_, Notes>> = vec![
        Box::pin(people::sanctions(strand())),
        Box::pin(people::sanctions(strand())),
        Box::pin(people::for_a_time(strand())),
        Box::pin(people::memberships(strand())),
        Box::pin(people::powers(strand())),
        Box::pin(people::redactions(strand())),
        Box::pin(people::files(strand())),
        Box::pin(places::blocks(strand())),
        Box::pin(places::directory(strand())),
        Box::pin(places::shutdowns(strand())),
        Box::pin(places::of_another_moderator(strand())),
        Box::pin(reported::cases(strand())),
        Box::pin(reported::by_rule(strand())),
        Box::pin(watched::changes(strand())),
        Box::pin(watched::visitors(strand())),
        Box::pin(readings(strand())),
    ];
    let mut notes = Notes::default();
    for played in join_all(all).await {
        notes.extend(played);
    }
    notes
}

/// What changes nothing, and what is no command.
async fn readings(mut s: Strand<'_>) -> Notes {
    let m = s.moderator();
    let room = s.stage.rooms[0].id.clone();
    for _ in 0..6 {
        let (line, ends) = match s.dice.random_range(0..11) {
            0 => ("!version".to_owned(), Ends::Answered),
            1 => ("!status".to_owned(), Ends::Answered),
            2 => ("!help block".to_owned(), Ends::Answered),
            3 => (format!("!room {room}"), Ends::Answered),
            4 => ("!rooms --limit 3".to_owned(), Ends::Answered),
            5 => ("!audit --limit 3".to_owned(), Ends::Answered),
            6 => (format!("!explain {} {room}", s.stage.owner.user_id), Ends::Answered),
            7 => ("!blcok !typing:error.test".to_owned(), Ends::Refused),
            8 => (format!("!shutdown {room} \"never closed"), Ends::Refused),
            9 => ("!suspend @nobody:hs.test".to_owned(), Ends::Refused),
            _ => ("!undo 99999".to_owned(), Ends::Refused),
        };
        s.say(&line, ends).await;
        m.say("is !version a command?").await;
    }
    s.notes
}
