//! What `!suspend`, `!lock`, `!shadow-ban` and their opposites have in common.

use super::{
    Acting, Decision, Draft, Failure, World,
    whom::{Person, Who, Whom, people},
};
use crate::{
    model::{Millis, Sanction, Switch},
    plan::Step,
    reply::{Line, Reply},
};

/// Users, why, and for how long.
pub(super) struct Facts {
    people: Vec<Person>,
    reason: Option<String>,
}

pub(super) async fn gather(world: &World<'_>, whom: &Whom) -> Result<Facts, Failure> {
    let (users, reason) = whom.users_and_reason()?;
    Ok(Facts { people: people(world, users).await?, reason })
}

/// What is asked for.
pub(super) struct Wish {
    pub(super) sanction: Sanction,
    pub(super) to: Switch,
    /// What it means for them, after “would”.
    pub(super) means: &'static str,
    pub(super) lasts: Option<Millis>,
    pub(super) acting: Acting,
}

pub(super) fn decide(wish: &Wish, facts: Facts) -> Result<Decision, Failure> {
    let Wish { sanction, to, means, lasts, acting } = *wish;
    let mistakes: Vec<Line> = facts.people.iter().filter_map(mistake).collect();
    if !mistakes.is_empty() {
        let reply = Reply::new().paragraph("Nothing was done.").list(mistakes);
        return Err(Failure::Told(Box::new(reply)));
    }
    let is_so = |person: &Person| match &person.who {
        Who::Local(account) => account.is(sanction) == (to == Switch::On),
        Who::Nobody | Who::Remote => true,
    };
    let (so, other): (Vec<Person>, Vec<Person>) = facts.people.into_iter().partition(is_so);
    let already = |person: &Person| {
        let words = if to == Switch::On { " is already " } else { " is not " };
        person.line().text(words).text(sanction.participle()).text(".")
    };
    if other.is_empty() {
        return Ok(Decision::Answer(Reply::new().list(so.iter().map(already))));
    }
    let verb = if to == Switch::On { sanction.verb() } else { sanction.reverse_verb() };
    let mut preview = Reply::new()
        .paragraph(Line::new().strong(format!("To {verb}: ")).text(means))
        .list(other.iter().map(Person::line));
    if !so.is_empty() {
        preview = preview.paragraph("Left alone:").list(so.iter().map(already));
    }
    let step = |person: Person| match to {
        Switch::On => Step::Sanction { user: person.id, sanction },
        Switch::Off => Step::Lift { user: person.id, sanction },
    };
    Ok(Decision::Propose(Box::new(Draft {
        steps: other.into_iter().map(step).collect(),
        because: facts.reason,
        preview,
        undoes: None,
        case: None,
        lasts,
        caution: None,
        acting,
    })))
}

/// Why nothing can be done to somebody here. Writing to an account that does not exist would make it.
fn mistake(person: &Person) -> Option<Line> {
    match &person.who {
        Who::Local(account) if account.deactivated => {
            Some(person.line().text(" is deactivated: the account cannot be used at all."))
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
                .text(" is of another server; only that server can do this. Here ")
                .code("!ban")
                .text(" keeps them out of rooms."),
        ),
    }
}
