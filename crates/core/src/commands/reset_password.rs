//! `!reset-password`: give a local user a new password, which only the moderator who asks gets to see.

use ruma::OwnedUserId;

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    delegated::{logins_are_in_reach, suspend},
    person::{account_line, local},
};
use crate::{
    model::{Account, Sessions, is_local},
    plan::Step,
    reply::{Line, Reply},
    text::target::UserTarget,
};

/// Give a local user a new password, and send it to you in a direct chat
///
/// The password is made by chance. It never stands in this room, and I do not keep it. All logins of the user end, unless --keep-sessions is given.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!reset-password <@user> [--keep-sessions] [--dry-run] [--yes]")]
pub(super) struct ResetPassword {
    /// The user
    #[arg(value_name = "@user")]
    user: UserTarget,
    /// Let the logins that there are go on
    #[arg(long)]
    keep_sessions: bool,
    #[command(flatten)]
    acting: Acting,
}

impl Command for ResetPassword {
    const NAME: &'static str = "reset-password";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!reset-password @locked-out:example.org";
    type Facts = (OwnedUserId, Account);

    async fn gather(&self, world: &World<'_>) -> Result<(OwnedUserId, Account), Failure> {
        if !is_local(world.asker, world.lookup.me()) {
            let line = Line::new()
                .text("You are of another server, and the password would leave this one. Nothing was done. A moderator of ");
            let line = line.code(world.lookup.me().server_name().as_str());
            return Err(Failure::told(line.text(" can do this.")));
        }
        logins_are_in_reach(world, suspend).await?;
        local(world, &self.user, "their password").await
    }

    fn decide(self, (user, account): (OwnedUserId, Account), world: &World<'_>) -> Result<Decision, Failure> {
        let who = account_line(&user, &account);
        if account.deactivated {
            let line = who.text(" is deactivated: a password is of no use. ");
            return Err(Failure::told(line.code(format!("!reactivate {user}")).text(" comes first.")));
        }
        let sessions = if self.keep_sessions { Sessions::Kept } else { Sessions::Ended };
        let mut preview = Reply::text(
            Line::new().strong("A new password for ").append(who).text(match sessions {
                Sessions::Ended => {
                    ": the old one would no longer work, and all their logins would end. They would have to log in again, \
                     and lose keys of encrypted messages that they did not back up."
                }
                Sessions::Kept => ": the old one would no longer work. Logins that there are would go on.",
            }),
        );
        preview = preview.paragraph(
            Line::new()
                .text("I would send it to ")
                .code(world.asker.as_str())
                .text(
                    " in a new direct chat, and keep it nowhere else. It stands there unencrypted: delete the message when \
                     you have passed the password on.",
                ),
        );
        if !account.external_ids.is_empty() {
            let names =
                account.external_ids.iter().enumerate().fold(Line::new(), |line, (n, (provider, _))| {
                    line.text(if n == 0 { "" } else { ", " }).user(provider)
                });
            preview = preview.paragraph(
                Line::new()
                    .text("They log in with another service (")
                    .append(names)
                    .text("), which knows nothing of this password: that login stays as it is, and may be the only one that \
                           they use."),
            );
        }
        let recipient = world.asker.to_owned();
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![Step::ResetPassword { user, recipient, sessions }],
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
