//! What `!mute` and `!unmute` have in common: a power level below what writing takes, and none at all.

use super::{
    Acting, Decision, Draft, Failure, World,
    in_rooms::{Facts, Preview, Sorted, refuse, standing, typo, who},
    whom::Person,
};
use crate::{
    model::{Millis, Switch},
    plan::Step,
    power::{self, Ground, writing_takes},
    reply::Line,
    rules::{
        can::{Action, Answer, Levels},
        power::Level,
        safety,
    },
};

/// What is asked for.
pub(super) struct Wish {
    /// Whether they are to be mute.
    pub(super) to: Switch,
    pub(super) lasts: Option<Millis>,
    pub(super) acting: Acting,
}

pub(super) fn decide(wish: &Wish, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
    if wish.to == Switch::On {
        refuse(facts.people.iter().filter_map(typo).collect())?;
    }
    let mut sorted = Sorted::default();
    for ground in &facts.grounds {
        for person in &facts.people {
            sort(wish, person, ground, &facts, world, &mut sorted)?;
        }
    }
    let heading = match wish.to {
        Switch::On => Line::new().strong("To mute: ").text("they can read, and no longer write."),
        Switch::Off => Line::new().strong("To unmute: ").text("they get the power of everybody again."),
    };
    let preview = match sorted.preview(&facts, world, heading)? {
        Preview::Nothing(answer) => return Ok(Decision::Answer(answer)),
        Preview::Of(preview) => preview,
    };
    Ok(Decision::Propose(Box::new(Draft {
        steps: sorted.steps,
        because: facts.reason,
        preview,
        undoes: None,
        case: None,
        lasts: wish.lasts,
        caution: None,
        acting: wish.acting,
    })))
}

/// What becomes of somebody's power.
enum Becomes {
    To(Option<i64>, i64),
    Not(&'static str),
}

fn sort(
    wish: &Wish,
    person: &Person,
    ground: &Ground,
    facts: &Facts,
    world: &World<'_>,
    sorted: &mut Sorted,
) -> Result<(), Failure> {
    let (user, room, levels, to) = (&person.id, &ground.room, ground.levels(), wish.to);
    if facts.everywhere && to == Switch::On && ground.membership(user) != Some("join") {
        return Ok(());
    }
    let (to_level, was) = match becomes(to, user.as_str(), &levels) {
        Becomes::To(to, was) => (to, was),
        Becomes::Not(why) => {
            if let (Switch::On, Level::Of(has)) = (to, levels.level(user.as_str())) {
                let step = Step::SetPower { room: room.clone(), user: user.clone(), was: has, to: Some(has) };
                if let Some(held) = facts.temporary.of(&step) {
                    let line = who(person, ground).text(" in ").append(room.line());
                    sorted.shown.push(line.text(format!(": muted {} so far.", held.until())));
                    sorted.steps.push(step);
                    return Ok(());
                }
            }
            if !facts.everywhere || to == Switch::On {
                sorted.already.push(who(person, ground).text(why).append(room.line()).text("."));
            }
            return Ok(());
        }
    };
    let step = Step::SetPower { room: room.clone(), user: user.clone(), was, to: to_level };
    if let Some(why) = safety::forbidden(&step, &world.settings.management) {
        return Err(Failure::told(Line::from(why)));
    }
    let action = Action::ChangePower { of: Some(user.clone()), to: to_level };
    let me = world.lookup.me();
    let verdict = ground.may(me, &action);
    if verdict.answer != Answer::Yes {
        let action =
            if power::is_for_all(&verdict) { Action::ChangePower { of: None, to: None } } else { action };
        sorted.lacks(room, power::without(me, &verdict, &action, room));
        return Ok(());
    }
    let now = to_level.map_or_else(|| levels.default_level(), Level::Of);
    let line = who(person, ground).text(" in ").append(room.line());
    let line =
        line.text(format!(": power {was} → {}; ", number(now))).append(standing(person, ground)).text(".");
    sorted.shown.push(match to {
        Switch::On => line.append(still(ground, &levels, now)),
        Switch::Off if now < Level::Of(writing_takes(&levels)) => {
            line.text(format!(" They can write as little as everybody: it takes {}.", writing_takes(&levels)))
        }
        Switch::Off => line,
    });
    sorted.steps.push(step);
    Ok(())
}

fn becomes(to: Switch, user: &str, levels: &Levels) -> Becomes {
    let Level::Of(has) = levels.level(user) else {
        return Becomes::Not(" is a creator of the room, above all levels, and cannot be muted in ");
    };
    let needed = writing_takes(levels);
    match to {
        Switch::On if has < needed => Becomes::Not(" cannot write already in "),
        Switch::On => Becomes::To(Some(needed.min(0).saturating_sub(1)), has),
        Switch::Off if levels.names(user) && (has < 0 || Level::Of(has) < levels.default_level()) => {
            Becomes::To(None, has)
        }
        Switch::Off => Becomes::Not(" is not muted in "),
    }
}

fn number(level: Level) -> String {
    match level {
        Level::Of(level) => level.to_string(),
        Level::Creator => "above all levels".to_owned(),
    }
}

/// How many types of events are named.
const NAMED: usize = 5;

/// What they can send all the same: types of events with a low level of their own.
fn still(ground: &Ground, levels: &Levels, now: Level) -> Line {
    let event = ground.state.the("m.room.power_levels");
    let own = event.and_then(|event| event.content().get("events")?.as_object());
    let is_open = |kind: &&String| {
        let action = ruma::events::room::power_levels::PowerLevelAction::SendMessage(kind.as_str().into());
        Level::Of(levels.needed(&action)) <= now
    };
    let kinds: Vec<&String> = own.into_iter().flat_map(|own| own.keys()).filter(is_open).collect();
    if kinds.is_empty() {
        return Line::new();
    }
    let line = kinds
        .iter()
        .take(NAMED)
        .enumerate()
        .fold(Line::from(" They can still send what takes so little there: "), |line, (at, kind)| {
            line.text(if at == 0 { "" } else { ", " }).code(kind.as_str())
        });
    line.text(if kinds.len() > NAMED { ", …" } else { "." })
}
