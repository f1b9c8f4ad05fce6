//! `!reactivate`: bring deactivated accounts back, without what they had.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    crowd::{Crowd, Fate},
    delegated::{logins_are_in_reach, there},
    whom::{Aim, Meant, Person, Whom},
};
use crate::{plan::Step, reply::Line};

/// Bring deactivated accounts back, without what they had
///
/// The ID can be used again. Rooms, logins, keys, addresses and settings do not come back, and the account has no password: !reset-password gives it one.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!reactivate <@user>...|--attached [reason|--because <reason>] [--dry-run] [--yes]"
)]
pub(super) struct Reactivate {
    #[command(flatten)]
    whom: Whom,
}

impl Command for Reactivate {
    const NAME: &'static str = "reactivate";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!reactivate @user:example.org deactivated by mistake";
    type Facts = Meant;

    async fn gather(&self, world: &World<'_>) -> Result<Meant, Failure> {
        logins_are_in_reach(world, there).await?;
        self.whom.read(world, Aim::For).await
    }

    fn decide(self, meant: Meant, _world: &World<'_>) -> Result<Decision, Failure> {
        let crowd = Crowd::sort(meant, |_, account| {
            if account.deactivated {
                Fate::Done
            } else {
                Fate::Already(Line::new().text(" is not deactivated."))
            }
        })?;
        if crowd.people.is_empty() {
            return Ok(Decision::Answer(crowd.nothing_to_do()));
        }
        let heading = Line::new()
            .strong("To reactivate: ")
            .text("the account could be used again, under the same ID. Nothing else of what it had would come back.");
        let preview = crowd.preview(heading, Person::line).paragraph(
            Line::new()
                .text("It would have no password: ")
                .code("!reset-password")
                .text(" gives it one; logins by another service work without."),
        );
        let step = |person: Person| Step::Reactivate { user: person.id };
        Ok(crowd.propose(preview, step, None, self.whom.acting))
    }

    fn can_be_overtaken(&self) -> bool {
        self.whom.is_attached()
    }
}
