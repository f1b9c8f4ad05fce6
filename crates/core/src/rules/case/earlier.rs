//! Earlier cases of the same author and of the same room, and what was done then.

use super::{jobs::achieved, reporters};
use crate::{
    plan::{Plan, PlanState},
    ports::Case,
    reply::{Line, Reply},
    text::duration::date,
};

/// So many earlier cases are counted; the card says when there are more.
pub const COUNTED: usize = 10;
/// So many of them are named.
const NAMED: usize = 3;

/// What is remembered of an author and a room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Earlier {
    /// Cases of the same author, newest first, [`COUNTED`] and one more at most.
    pub of_author: Vec<Case>,
    /// The jobs about them.
    pub jobs: Vec<Plan>,
    /// Cases of the same room, as many at most.
    pub of_room: Vec<Case>,
}

impl Earlier {
    /// Adds what there is to say.
    pub(super) fn tell(&self, reply: Reply) -> Reply {
        let reply = if self.of_author.is_empty() {
            reply
        } else {
            let count = counted_or_more(self.of_author.len());
            let acted = self.of_author.iter().filter(|case| self.done(case).next().is_some()).count();
            let acted = match acted {
                0 => "nothing was done then".to_owned(),
                1 => "something was done about one of them".to_owned(),
                acted => format!("something was done about {acted} of them"),
            };
            let heading = format!("Earlier cases of the same author: {count}; {acted}.");
            let lines = self.of_author.iter().take(NAMED).map(|case| self.line(case));
            reply.paragraph(heading).list(lines)
        };
        match self.of_room.len() {
            0 => reply,
            count => reply.paragraph(
                Line::new()
                    .text(format!("Earlier cases of the same room: {}; the last is ", counted_or_more(count)))
                    .code(format!("!case {}", self.of_room[0].id))
                    .text("."),
            ),
        }
    }

    /// What was done about a case and not undone.
    fn done<'a>(&'a self, case: &'a Case) -> impl Iterator<Item = (&'a Plan, String)> {
        let of = self.jobs.iter().filter(|plan| plan.case == Some(case.id) && plan.state == PlanState::Done);
        let stands = |plan: &&Plan| super::jobs::undone_by(&self.jobs, plan.id).is_none();
        of.filter(stands).filter_map(|plan| Some((plan, achieved(case, plan)?)))
    }

    /// “`!case 9`, 2026-11-20 12:00:00 UTC, reported once: resolved; message redacted (job 8)”
    fn line(&self, case: &Case) -> Line {
        let line = Line::new().code(format!("!case {}", case.id)).text(format!(
            ", {}, {}: {}",
            date(case.opened_at),
            reporters::how_often(&case.reports),
            case.state.word()
        ));
        self.done(case)
            .take(NAMED)
            .fold(line, |line, (plan, done)| line.text(format!("; {done} (job {})", plan.id)))
    }
}

fn counted_or_more(count: usize) -> String {
    if count > COUNTED { format!("more than {COUNTED}") } else { count.to_string() }
}
