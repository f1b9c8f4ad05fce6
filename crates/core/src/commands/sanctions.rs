//! What `!suspend`, `!lock`, `!shadow-ban` and their opposites have in common.

use super::{
    Acting, Decision, Failure, World,
    crowd::{Crowd, Fate},
    delegated::{logins_are_in_reach, suspend, there},
    whom::{Aim, Meant, Person, Whom},
};
use crate::{
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
    let meant = whom.read(world, if to == Switch::On { Aim::Against } else { Aim::For }).await?;
    Ok(Facts { meant, authentication })
}

pub(super) fn decide(wish: &Wish, facts: Facts) -> Result<Decision, Failure> {
    let Wish { sanction, to, means, lasts, acting } = *wish;
    let Facts { meant, authentication } = facts;
    let crowd = Crowd::sort(meant, |_, account| fate(account, sanction, to))?;
    if crowd.people.is_empty() {
        return Ok(Decision::Answer(crowd.nothing_to_do()));
    }
    let verb = if to == Switch::On { sanction.verb() } else { sanction.reverse_verb() };
    let preview = crowd.preview(Line::new().strong(format!("To {verb}: ")).text(means), Person::line);
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
