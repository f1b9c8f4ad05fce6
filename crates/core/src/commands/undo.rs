//! `!undo`: put a finished job right, or all that somebody asked for lately, as far as the steps can be reversed.

mod all;
mod one;
mod together;

use std::time::Duration;

use ruma::OwnedUserId;

use super::{Access, Acting, Command, Decision, Failure, Subject, World};
use crate::{
    plan::{PlanId, Wanted},
    reply::Line,
    text::{
        duration::parse_duration,
        target::{UserTarget, looks_like_user},
    },
};

/// So many of a kind are shown.
const SHOWN: usize = 20;

/// Put a finished job right, or all jobs of somebody, as far as that is possible
///
/// With a user and a time, such as `!undo @mod 10m`, it is about everything that they asked for in the last ten minutes (7
/// days at most): for an account that was stolen. One job puts all of it right, the newest first, and always asks before. What
/// somebody else did again later stays. What waits for a confirmation, or is at work, is named. The user need not be a
/// moderator any more.
///
/// A room that was shut down is joined again if another server still has it; otherwise another room is made in its place, with
/// the old name, topic, power levels and aliases. Its former members of this server are brought back without being asked.
/// Messages and files that only this server had are gone.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!undo <job|last|@user> [10m] [--anew] [--dry-run] [--yes]")]
pub(super) struct Undo {
    /// The number of the job, `last` for your own last one, or the user whose jobs are meant
    #[arg(value_name = "job|last|@user", value_parser = target)]
    target: Target,
    /// With a user: how far back, such as 10m
    #[arg(value_name = "time", value_parser = back)]
    back: Option<Duration>,
    /// With a job: make another room in the place of one that other servers still have, for when they are gone for good.
    /// It splits the room
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    acting: Acting,
}

#[derive(Clone, Debug)]
enum Target {
    Last,
    Job(PlanId),
    User(OwnedUserId),
}

/// How far back one can go.
const LONGEST: Duration = crate::keeping::SHORTEST;

fn target(word: &str) -> Result<Target, String> {
    if looks_like_user(word) {
        return word.parse().map(|UserTarget(user)| Target::User(user)).map_err(|error| error.to_string());
    }
    match word.to_lowercase().as_str() {
        "last" => Ok(Target::Last),
        _ => super::job::number(word).map(Target::Job),
    }
}

fn back(word: &str) -> Result<Duration, String> {
    match parse_duration(word).map_err(|error| error.to_string())? {
        Duration::ZERO => Err("Nothing was asked for in no time: write it like 10m, 2h or 1d.".to_owned()),
        back if back > LONGEST => {
            Err("I go 7 days back at most. What is older is undone job by job: !audit lists them.".to_owned())
        }
        back => Ok(back),
    }
}

pub(super) enum Facts {
    One(Box<one::Facts>),
    All(Box<all::Facts>),
}

impl Command for Undo {
    const NAME: &'static str = "undo";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Jobs;
    const EXAMPLE: &'static str = "!undo 12";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let one = |facts| Facts::One(Box::new(facts));
        match (&self.target, self.back) {
            (Target::Job(id), None) => one::gather(world, *id).map(one),
            (Target::Last, None) => one::gather_last(world).map(one),
            (Target::User(_), Some(_)) if self.anew => {
                let line = Line::new().code("--anew").text(" goes with one job: ").code("!undo 12 --anew");
                Err(Failure::told(line.text(".")))
            }
            (Target::User(user), Some(back)) => {
                all::gather(world, user, back).await.map(|facts| Facts::All(Box::new(facts)))
            }
            (Target::User(user), None) => {
                let line = Line::new().text("Say how far back: ").code(format!("!undo {user} 10m"));
                let line = line.text(" undoes all that they asked for in the last ten minutes. ");
                Err(Failure::told(line.text("It shows that first, and asks.")))
            }
            (Target::Job(_) | Target::Last, Some(_)) => {
                let line = Line::new().text("A time goes with a user: ").code("!undo @mod:example.org 10m");
                Err(Failure::told(line.text(". One job is undone as a whole, without a time.")))
            }
        }
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        match facts {
            Facts::One(facts) => {
                let wanted = if self.anew { Wanted::Anew } else { Wanted::Same };
                one::decide(*facts, wanted, self.acting, world)
            }
            Facts::All(facts) => all::decide(*facts, self.acting),
        }
    }
}
