//! What `!kick`, `!ban`, `!unban` and `!invite` have in common.

use super::{
    Acting, Decision, Draft, Failure, World,
    in_rooms::{Facts, Preview, Reach, Sorted, refuse, standing, typo, who},
    listed::Listed,
    whom::{Person, Who},
};
use crate::{
    model::{MemberChange, Millis},
    plan::Step,
    power::{self, Ground},
    reply::Line,
    rules::{
        can::{Action, Answer, Reason, Verdict},
        safety,
    },
};

/// What is asked for.
pub(super) struct Wish {
    pub(super) change: MemberChange,
    /// What it means, a sentence.
    pub(super) means: &'static str,
    pub(super) lasts: Option<Millis>,
    pub(super) acting: Acting,
}

/// Where there is something to do, of all rooms.
pub(super) fn reach(change: MemberChange) -> Reach {
    match change {
        MemberChange::Kick => Reach::Where(&["join", "invite", "knock"]),
        MemberChange::Ban | MemberChange::Invite => Reach::All,
        MemberChange::Unban => Reach::Where(&["ban"]),
    }
}

pub(super) fn decide(wish: &Wish, mut facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
    let change = wish.change;
    refuse(facts.people.iter().filter_map(|person| mistake(change, person)).collect())?;
    let mut sorted = Sorted::default();
    let mut listed = facts.listed.take();
    for ground in &facts.grounds {
        for person in &facts.people {
            if let Some(cannot) = sort(wish, person, ground, &facts, world, &mut sorted)? {
                // Of one of a list, who they are there stands in the way of them only.
                match &mut listed {
                    Some(listed) if !cannot.is_for_all => listed.cannot.push(cannot.why),
                    _ => sorted.lacks(&ground.room, cannot.why),
                }
            }
        }
    }
    let heading = Line::new().strong(format!("To {}: ", change.verb())).text(wish.means);
    let preview = sorted.preview(&facts, world, heading)?;
    let told = |preview| match &listed {
        Some(listed) => listed.preview(&sorted.steps, preview),
        None => preview,
    };
    let preview = match preview {
        Preview::Nothing(answer) => return Ok(Decision::Answer(told(answer))),
        Preview::Of(preview) => told(preview),
    };
    let (caution, acting) = match listed {
        Some(_) => Listed::asks(wish.acting),
        None => (None, wish.acting),
    };
    Ok(Decision::Propose(Box::new(Draft {
        steps: sorted.steps,
        because: facts.reason,
        preview,
        undoes: None,
        case: None,
        lasts: wish.lasts,
        caution,
        acting,
    })))
}

/// Why it would be a mistake, whatever the room.
fn mistake(change: MemberChange, person: &Person) -> Option<Line> {
    match (change, &person.who) {
        // Who was banned may be gone since.
        (MemberChange::Unban, _) => None,
        (MemberChange::Invite, Who::Local(account)) if account.deactivated => {
            Some(person.line().text(" is deactivated, and cannot join anything."))
        }
        _ => typo(person),
    }
}

/// Why something cannot be done to somebody in a room.
struct Cannot {
    why: Line,
    /// Whether it could be done to nobody there.
    is_for_all: bool,
}

fn sort(
    wish: &Wish,
    person: &Person,
    ground: &Ground,
    facts: &Facts,
    world: &World<'_>,
    sorted: &mut Sorted,
) -> Result<Option<Cannot>, Failure> {
    let (user, room, change) = (&person.id, &ground.room, wish.change);
    let step = Step::Member { room: room.clone(), user: user.clone(), change, reason: facts.reason.clone() };
    if let Some(why) = safety::forbidden(&step, &world.settings.management) {
        return Err(Failure::told(Line::from(why)));
    }
    let membership = ground.membership(user);
    let (_, end) = words(change);
    if let Some(held) = facts.temporary.of(&step).filter(|_| change.is_done(membership)) {
        let line = Line::new().text(format!("{} ", change.verb())).append(who(person, ground)).text(end);
        sorted.shown.push(line.append(room.line()).text(format!(": banned {} so far.", held.until())));
        sorted.steps.push(step);
        return Ok(None);
    }
    if change.is_done(membership) {
        // Of all rooms, those are of no interest in which some of several users are not.
        if !facts.everywhere || matches!(change, MemberChange::Ban | MemberChange::Invite) {
            let line = already(change, membership, who(person, ground)).append(room.line()).text(".");
            sorted.already.push(match wish.lasts {
                Some(_) => line.text(" That was not for a time, and stays so."),
                None => line,
            });
        }
        return Ok(None);
    }
    let me = world.lookup.me();
    let action = action(change, Some(user.clone()));
    let verdict = ground.may(me, &action);
    if verdict.answer != Answer::Yes {
        return Ok(Some(Cannot {
            why: lack(change, &verdict, &action, person, ground, world),
            is_for_all: power::is_for_all(&verdict),
        }));
    }
    let line = Line::new().text(format!("{} ", change.verb())).append(who(person, ground)).text(end);
    sorted.shown.push(line.append(room.line()).text(": ").append(standing(person, ground)).text("."));
    sorted.steps.push(step);
    Ok(None)
}

fn lack(
    change: MemberChange,
    verdict: &Verdict,
    wish: &Action,
    person: &Person,
    ground: &Ground,
    world: &World<'_>,
) -> Line {
    let me = world.lookup.me();
    if let (MemberChange::Invite, Reason::TargetBanned(_)) = (change, &verdict.reason) {
        let line = who(person, ground).text(" is banned from ").append(ground.room.line());
        return line
            .text(": ")
            .code(format!("!unban {} {}", person.id, ground.room.id))
            .text(" lifts that first.");
    }
    if power::is_for_all(verdict) {
        return power::without(me, verdict, &action(change, None), &ground.room);
    }
    power::without(me, verdict, wish, &ground.room)
}

fn action(change: MemberChange, user: Option<ruma::OwnedUserId>) -> Action {
    match change {
        MemberChange::Kick => Action::Kick(user),
        MemberChange::Ban => Action::Ban(user),
        MemberChange::Unban => Action::Unban(user),
        MemberChange::Invite => Action::Invite(user),
    }
}

/// What stands between the user and the room: when it is so already, and when it is to be done.
fn words(change: MemberChange) -> (&'static str, &'static str) {
    match change {
        MemberChange::Kick => (" is not in ", " from "),
        MemberChange::Ban => (" is banned already from ", " from "),
        MemberChange::Unban => (" is not banned from ", " in "),
        MemberChange::Invite => (" is invited already to ", " to "),
    }
}

fn already(change: MemberChange, membership: Option<&str>, line: Line) -> Line {
    match (change, membership) {
        (MemberChange::Invite, Some("join")) => line.text(" is already in "),
        (MemberChange::Kick, Some("ban")) => line.text(" is banned, and so not in "),
        _ => line.text(words(change).0),
    }
}
