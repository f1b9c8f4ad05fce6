//! What `!suspend`, `!lock`, `!shadow-ban` and their opposites have in common.

use super::{
    Acting, Decision, Failure, World,
    crowd::{Crowd, Fate},
    delegated::{logins_are_in_reach, suspend, there},
    whom::{Aim, Meant, Person, Whom},
};
use crate::{
    lasting::Temporary,
    model::{Account, Authentication, Millis, Sanction, Switch},
    plan::Step,
    reply::Line,
};

/// What is asked for.
pub(super) struct Wish {
    pub(super) sanction: Sanction,
    pub(super) to: Switch,
    /// What it means for them, after “would”.
    pub(super) means: &'static str,
    pub(super) lasts: Option<Millis>,
    pub(super) acting: Acting,
}

/// What is found.
pub(super) struct Facts {
    meant: Meant,
    /// Who decides about logins, where that matters.
    authentication: Option<Authentication>,
}

/// Who is meant. A lock is refused where Synapse would accept it without effect.
pub(super) async fn gather(
    world: &World<'_>,
    whom: &Whom,
    sanction: Sanction,
    to: Switch,
) -> Result<Facts, Failure> {
    let authentication = if sanction == Sanction::Lock {
        let instead = if to == Switch::On { suspend } else { there };
        Some(logins_are_in_reach(world, instead).await?)
    } else {
        None
    };
    let mut meant = whom.read(world, if to == Switch::On { Aim::Against } else { Aim::For }).await?;
    if to == Switch::On {
        meant.temporary = Temporary::read(world.records, meant.people.iter().map(|person| &*person.id))?;
    }
    Ok(Facts { meant, authentication })
}

pub(super) fn decide(wish: &Wish, facts: Facts) -> Result<Decision, Failure> {
    let Wish { sanction, to, means, lasts, acting } = *wish;
    let Facts { mut meant, authentication } = facts;
    let temporary = std::mem::take(&mut meant.temporary);
    let held = |person: &Person| temporary.of(&Step::Sanction { user: person.id.clone(), sanction });
    let crowd = Crowd::sort(meant, |person, account| match fate(account, sanction, to) {
        // What ends by itself can be made to end later, or not at all.
        Fate::Already(_) if to == Switch::On && held(person).is_some() => Fate::Done,
        Fate::Already(words) if lasts.is_some() => {
            Fate::Already(words.text(" That was not for a time, and stays so."))
        }
        fate => fate,
    })?;
    if crowd.people.is_empty() {
        return Ok(Decision::Answer(crowd.nothing_to_do()));
    }
    let verb = if to == Switch::On { sanction.verb() } else { sanction.reverse_verb() };
    let heading = Line::new().strong(format!("To {verb}: ")).text(means);
    let preview = crowd.preview(heading, |person| match held(person) {
        Some(held) => person.line().text(format!(": {} {} so far", sanction.participle(), held.until())),
        None => person.line(),
    });
    let preview = match authentication {
        Some(Authentication::Mas) => preview.paragraph(
            "Synapse asks the authentication service (MAS) now and then: it takes up to two minutes.",
        ),
        Some(Authentication::Homeserver | Authentication::Elsewhere) | None => preview,
    };
    let step = |person: Person| match to {
        Switch::On => Step::Sanction { user: person.id, sanction },
        Switch::Off => Step::Lift { user: person.id, sanction },
    };
    Ok(crowd.propose(preview, step, lasts, acting))
}

fn fate(account: &Account, sanction: Sanction, to: Switch) -> Fate {
    match (account.is(sanction) == (to == Switch::On), to) {
        _ if account.deactivated => {
            Fate::Cannot(Line::new().text(" is deactivated: the account cannot be used at all."))
        }
        (false, _) => Fate::Done,
        (true, Switch::On) => {
            Fate::Already(Line::new().text(format!(" is already {}.", sanction.participle())))
        }
        (true, Switch::Off) => Fate::Already(Line::new().text(format!(" is not {}.", sanction.participle()))),
    }
}
