//! `!ratelimit`: how fast a local account may send.

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    whom::{Person, Who, people},
};
use crate::{
    model::RateLimit,
    plan::Step,
    reply::{Line, Reply},
    text::target::UserTarget,
};

/// Show or change how fast a local account may send
///
/// set gives the account a limit of its own: so many actions a second, and so many at once before that counts; or, typed out, unlimited. clear takes it away, so that the server's own limits hold again. A bot that answers late can be given more, me included.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!ratelimit <@user> | !ratelimit <@user> set <a second> <at once> | !ratelimit <@user> set unlimited | !ratelimit <@user> clear [--dry-run] [--yes]"
)]
pub(super) struct Ratelimit {
    /// The user
    #[arg(value_name = "@user")]
    user: UserTarget,
    /// What to do; without it the limit is shown
    #[arg(value_name = "set|clear", hide_possible_values = true)]
    action: Option<Action>,
    /// For set: how many actions a second, and how many at once; or unlimited
    #[arg(value_name = "a second and at once", num_args = 0..=2, allow_negative_numbers = true)]
    limit: Vec<String>,
    #[command(flatten)]
    acting: Acting,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Set,
    Clear,
}

/// What is typed where there is to be no limit.
const UNLIMITED: &str = "unlimited";
/// No limit at all, as Synapse has it.
const NONE: RateLimit = RateLimit { messages_per_second: 0, burst_count: 0 };

/// Who, and what they have.
pub(super) struct Facts {
    person: Person,
    limit: Option<RateLimit>,
}

impl Command for Ratelimit {
    const NAME: &'static str = "ratelimit";
    const ACCESS: Access = Access::ReadOrAct;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!ratelimit @bridge:example.org set 20 100";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let UserTarget(user) = self.user.clone();
        let Some(person) = people(world, vec![user]).await?.pop() else { return Err(usage()) };
        if let Some(mistake) = mistake(&person, self.action) {
            return Err(Failure::told(mistake));
        }
        let limit = world.lookup.rate_limit(&person.id).await?;
        Ok(Facts { person, limit })
    }

    fn can_be_overtaken(&self) -> bool {
        self.action.is_none()
    }

    fn decide(self, facts: Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { person, limit: now } = facts;
        let wanted = match (self.action, &self.limit[..]) {
            (None, _) => {
                let line = person.line().text(" has the rate limit: ").append(rate(now.as_ref()));
                return Ok(Decision::Answer(Reply::text(line.text("."))));
            }
            (Some(Action::Clear), []) => None,
            (Some(Action::Clear), _) => return Err(usage()),
            (Some(Action::Set), words) => Some(wanted(words)?),
        };
        if wanted == now {
            let line = person.line().text(match wanted {
                Some(_) => " has that rate limit already: ",
                None => " has no rate limit of its own. It has: ",
            });
            return Ok(Decision::Answer(Reply::text(line.append(rate(now.as_ref())).text("."))));
        }
        let preview = Reply::text(Line::new().strong("Rate limit of ").append(person.line()))
            .fact("Now", rate(now.as_ref()))
            .fact("Then", rate(wanted.as_ref()));
        let preview = if wanted == Some(NONE) {
            preview.paragraph("Nothing would keep this account from sending as much as it can.")
        } else {
            preview
        };
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![Step::SetRateLimit { user: person.id, limit: wanted }],
            because: None,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            caution: None,
            acting: self.acting,
        })))
    }
}

/// The limit that is asked for. No limit at all has to be typed out.
fn wanted(words: &[String]) -> Result<RateLimit, Failure> {
    let (each, burst) = match words {
        [word] if word.trim().eq_ignore_ascii_case(UNLIMITED) => return Ok(NONE),
        [each, burst] => (number(each)?, number(burst)?),
        _ => return Err(usage()),
    };
    if each == 0 || burst == 0 {
        return Err(Failure::told(
            Line::new()
                .text("0 does not mean nothing: for Synapse it means no limit at all. If that is wanted: ")
                .code("!ratelimit <@user> set unlimited")
                .text(". To keep somebody from writing: ")
                .code("!suspend <@user>")
                .text("."),
        ));
    }
    Ok(RateLimit { messages_per_second: each, burst_count: burst })
}

/// A number as the server's database takes it.
fn number(word: &str) -> Result<u64, Failure> {
    match word.trim().parse::<i32>().map(u64::try_from) {
        Ok(Ok(number)) => Ok(number),
        _ => Err(Failure::told(
            Line::new().user(word).text(" does not work here: write a whole number, from 1 to 2147483647."),
        )),
    }
}

fn usage() -> Failure {
    Failure::told(
        Line::new()
            .text("Give how many actions a second, and how many at once: ")
            .code(Ratelimit::EXAMPLE)
            .text("; or ")
            .code("!ratelimit <@user> set unlimited")
            .text("; or ")
            .code("!ratelimit <@user> clear")
            .text("."),
    )
}

/// Why there is nothing to show or to set.
fn mistake(person: &Person, action: Option<Action>) -> Option<Line> {
    match &person.who {
        Who::Local(account) if account.deactivated && action == Some(Action::Set) => {
            Some(person.line().text(" is deactivated: the account cannot send anything."))
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
                .text(" is of another server: only that server can say how fast they send."),
        ),
    }
}

/// A limit in words. 0 messages a second is no limit for Synapse.
pub(super) fn rate(limit: Option<&RateLimit>) -> Line {
    match limit {
        None => Line::from("the server's own"),
        Some(RateLimit { messages_per_second: 0, .. }) => {
            Line::new().strong("none: they may send as fast as they like")
        }
        Some(RateLimit { messages_per_second, burst_count }) => {
            Line::from(format!("{messages_per_second} a second, {burst_count} at once"))
        }
    }
}
