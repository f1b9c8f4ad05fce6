//! The two-person rule: what `safety.second_moderator` names is confirmed by another moderator than who asked.

use futures_util::{StreamExt as _, stream};
use ruma::{OwnedUserId, UserId};

use super::Desk;
use crate::{
    model::Standing,
    plan::{Plan, PlanId, Step},
    ports::{Asked, Fault},
    reply::{Line, Reply},
    rules::case::again,
};

/// How many members are asked about at once.
const AT_ONCE: usize = 4;
/// How many of those who can confirm are named.
const NAMED: usize = 5;

/// A second moderator has to confirm a job.
pub(super) struct Second {
    /// Because of these commands.
    names: Vec<String>,
    /// The power level that confirming needs.
    level: i64,
    /// Who can, of the members of the management room.
    others: Vec<OwnedUserId>,
}

impl Second {
    /// Why it is asked for, and who can confirm it.
    pub(super) fn line(&self) -> Line {
        let line = self.commands().text(" needs a second moderator (").code("safety.second_moderator");
        line.text("): who asks cannot confirm it. ").append(self.who())
    }

    fn commands(&self) -> Line {
        self.names.iter().enumerate().fold(Line::new(), |line, (n, name)| {
            line.text(if n == 0 { "" } else { ", " }).code(format!("!{name}"))
        })
    }

    fn who(&self) -> Line {
        if self.others.is_empty() {
            return Line::new()
                .strong("Nobody else in this room can. ")
                .text(format!("Another member needs power level {} for that.", self.level));
        }
        let named = self.others.iter().take(NAMED).enumerate().fold(Line::new(), |line, (n, user)| {
            line.text(if n == 0 { "" } else { ", " }).code(user.as_str())
        });
        match self.others.len().saturating_sub(NAMED) {
            0 => named.text(" can."),
            more => named.text(format!(" and {more} more can.")),
        }
    }

    /// The answer to who asked and confirms.
    fn refusal(&self, id: PlanId) -> Reply {
        let line = Line::new().text(format!("You asked for job {id} yourself, and "));
        let line = line.append(self.commands()).text(" needs a second moderator (");
        let line = line.code("safety.second_moderator").text("). ").append(self.who());
        Reply::text(line.text(" You can still drop it: ").code(format!("!cancel {id}")).text("."))
    }
}

impl Desk {
    /// The second moderator that a job needs, if it does.
    pub(super) async fn second(
        &self,
        asker: &UserId,
        command: &str,
        steps: &[Step],
    ) -> Result<Option<Second>, Fault> {
        let names: Vec<String> =
            self.settings.second(command, steps).into_iter().map(str::to_owned).collect();
        if names.is_empty() {
            return Ok(None);
        }
        let level = self.settings.level_of(command, steps);
        let members = self.lookup.members(&self.settings.management).await?;
        let me = self.lookup.me();
        let members: Vec<OwnedUserId> =
            members.into_iter().filter(|member| member != asker && member != me).collect();
        let standings: Vec<Asked<'_, Standing>> =
            members.iter().map(|member| self.lookup.standing(member)).collect();
        let standings: Vec<Result<Standing, Fault>> =
            stream::iter(standings).buffered(AT_ONCE).collect().await;
        let mut others = Vec::new();
        for (member, standing) in members.into_iter().zip(standings) {
            if is_enough(standing?, level) {
                others.push(member);
            }
        }
        Ok(Some(Second { names, level, others }))
    }

    /// Why somebody cannot confirm a Plan by themselves: they asked for it, or who did may not do it any more. What the bot
    /// asks needs one moderator.
    pub(super) async fn lacks_second(
        &self,
        sender: &UserId,
        plan: &Plan,
        steps: &[Step],
    ) -> Result<Option<Reply>, Fault> {
        if plan.asked_by == self.lookup.me() {
            return Ok(None);
        }
        if plan.asked_by == sender {
            let second = self.second(sender, &plan.command, steps).await?;
            return Ok(second.map(|second| second.refusal(plan.id)));
        }
        // To invite the bot somebody needs no power.
        if plan.origin.event().is_none() || self.settings.second(&plan.command, steps).is_empty() {
            return Ok(None);
        }
        let standing = self.lookup.standing(&plan.asked_by).await?;
        if is_enough(standing, self.settings.level_of(&plan.command, steps)) {
            return Ok(None);
        }
        let line = Line::new().code(plan.asked_by.as_str()).text(format!(
            ", who asked for job {}, may not do that any more, and it takes two who may (",
            plan.id
        ));
        let line = line.code("safety.second_moderator").text("). If it is still wanted, send ");
        let line = match again(plan) {
            Some(command) => line.code(command).text(" yourself"),
            None => line.text("the command yourself"),
        };
        Ok(Some(Reply::text(line.text("; somebody else then confirms it."))))
    }
}

/// What was waited for in vain.
pub(super) fn unanswered(asker: &UserId) -> Line {
    let line = Line::new().text(" It needed another moderator than ").code(asker.as_str());
    line.text(", who asked for it (").code("safety.second_moderator").text(").")
}

fn is_enough(standing: Standing, level: i64) -> bool {
    match standing {
        Standing::Outside => false,
        Standing::Level(has) => has >= level,
        Standing::Creator => true,
    }
}
