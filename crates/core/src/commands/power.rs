//! `!power`: give a user a power level in a room.

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    facts::known_room,
    in_rooms::{standing, who},
    whom::{Person, Who, people},
};
use crate::{
    plan::Step,
    power::{self, Ground},
    reply::{Line, Reply},
    rules::{
        can::{Action, Answer},
        power::Level,
        safety,
    },
    text::target::{RoomTarget, UserTarget},
};

/// The largest whole number of canonical JSON.
/// <https://spec.matrix.org/v1.19/appendices/#canonical-json>
const MOST: i64 = 9_007_199_254_740_991;

/// Give a user a power level in a room
///
/// With my own power there: nobody can give more than they have, or take from those who have as much. Where I lack it,
/// !room-admin helps. Usual levels: 0 everybody, 50 moderators, 100 admins. In rooms of version 12, creators stand above
/// all levels, and cannot be given one. Nothing else in the power levels is changed.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!power <room> <@user> <level> [--dry-run] [--yes]")]
pub(super) struct Power {
    /// The room: ID, alias or link
    #[arg(value_name = "room")]
    room: RoomTarget,
    /// Who
    #[arg(value_name = "@user")]
    user: UserTarget,
    /// The level
    #[arg(value_name = "level", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-MOST..=MOST))]
    level: i64,
    #[command(flatten)]
    acting: Acting,
}

pub(super) struct Facts {
    ground: Ground,
    person: Person,
}

impl Command for Power {
    const NAME: &'static str = "power";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!power #lounge:example.org @helper:example.org 50";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let (room, _) = known_room(world, &self.room).await?;
        let person = people(world, vec![self.user.0.clone()]).await?.pop();
        let person = person.unwrap_or_else(|| Person { id: self.user.0.clone(), who: Who::Remote });
        if world.is_management(&room.id) || world.lookup.joined_rooms().await?.contains(&room.id) {
            let ground = Ground::read(world.lookup, &room, [&*person.id]).await?;
            return Ok(Facts { ground, person });
        }
        Err(Failure::told(power::outside(world.lookup.me(), &room)))
    }

    fn decide(self, Facts { ground, person }: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let (user, me, to) = (&person.id, world.lookup.me(), self.level);
        let (room, levels) = (&ground.room, ground.levels());
        let now = levels.level(user.as_str());
        let was = match now {
            Level::Of(level) => level,
            Level::Creator => 0,
        };
        let step = Step::SetPower { room: room.clone(), user: user.clone(), was, to: Some(to) };
        if let Some(why) = safety::forbidden(&step, &world.settings.management) {
            return Err(Failure::told(Line::from(why)));
        }
        if now == Level::Of(to) {
            let line = who(&person, &ground).text(format!(" has power {to} already in "));
            return Ok(Decision::Answer(Reply::text(line.append(room.line()).text("."))));
        }
        if let Some(why) = unfit(&person).filter(|_| Level::Of(to) > now) {
            return Err(Failure::told(why));
        }
        let wish = Action::ChangePower { of: Some(user.clone()), to: Some(to) };
        let verdict = ground.may(me, &wish);
        if verdict.answer != Answer::Yes {
            return Err(Failure::told(power::without(me, &verdict, &wish, room)));
        }
        let preview = Reply::new()
            .paragraph(
                Line::new().strong("Power: ").append(who(&person, &ground)).text(" in ").append(room.line()),
            )
            .fact("Level", format!("{was} → {to}"))
            .fact("Now", standing(&person, &ground));
        let own = levels.level(me.as_str());
        let change =
            ruma::events::room::power_levels::PowerLevelAction::SendState("m.room.power_levels".into());
        let caution = if Level::Of(to) >= own {
            let own = match own {
                Level::Of(own) => format!("{own}, as much as I have"),
                Level::Creator => to.to_string(),
            };
            Some(format!("They would have power {own}: I could not take it away again."))
        } else if to >= levels.needed(&change) {
            Some("They could change the power levels themselves.".to_owned())
        } else {
            None
        };
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![step],
            because: None,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            caution,
            acting: self.acting,
        })))
    }
}

/// Why somebody cannot use any power.
fn unfit(person: &Person) -> Option<Line> {
    match &person.who {
        Who::Nobody => super::in_rooms::typo(person),
        Who::Local(account) if account.deactivated => {
            Some(person.line().text(" is deactivated, and cannot use any power."))
        }
        Who::Local(_) | Who::Remote => None,
    }
}
