//! What the commands about one user have in common: who is meant, and whether the server has an account of theirs.

use std::time::Duration;

use ruma::{OwnedUserId, UserId};

use super::{
    Failure, World,
    whom::{Person, Who},
};
use crate::{
    model::{Account, Millis, is_local},
    reply::{Line, user_line},
    text::{
        duration::{date, in_words},
        target::UserTarget,
    },
};

/// The user who is meant. Refused when they would be of this server, and it has no such account: much of the admin API
/// tells nothing of such users, and no error either.
pub(super) async fn known(world: &World<'_>, UserTarget(id): &UserTarget) -> Result<Person, Failure> {
    let who = if is_local(id, world.lookup.me()) {
        Who::Local(world.lookup.account(id).await?.ok_or_else(|| no_account(id))?)
    } else {
        Who::Remote
    };
    Ok(Person { id: id.clone(), who })
}

/// The account who is meant. Refused for users of other servers, of whom this one does not have `what`.
pub(super) async fn local(
    world: &World<'_>,
    user: &UserTarget,
    what: &str,
) -> Result<(OwnedUserId, Account), Failure> {
    let Person { id, who } = known(world, user).await?;
    match who {
        Who::Local(account) => Ok((id, account)),
        Who::Nobody | Who::Remote => Err(Failure::told(
            Line::new()
                .code(id.as_str())
                .text(format!(" is of another server, which alone has {what}. What is known of them here: "))
                .code(format!("!user {id}"))
                .text("."),
        )),
    }
}

fn no_account(id: &UserId) -> Failure {
    let line = Line::new().text("There is no account ").code(id.as_str()).text(" on this server. ");
    let line = line.text("Check its spelling; ").code(format!("!users {}", id.localpart()));
    Failure::told(line.text(" looks for similar ones."))
}

/// Display name and ID of an account.
pub(super) fn account_line(id: &UserId, account: &Account) -> Line {
    user_line(account.display_name.as_deref(), id.as_str())
}

/// “2026-11-21 03:05:09 UTC (3 d 2 h ago)”
pub(super) fn ago(at: Millis, now: Millis) -> String {
    match u64::try_from(now.saturating_sub(at)) {
        Ok(ago) if ago > 0 && at > 0 => {
            format!("{} ({} ago)", date(at), in_words(Duration::from_millis(ago)))
        }
        _ => date(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_how_long_ago_they_are() {
        let now = 1_795_230_309_000;
        for (at, want) in [
            (now - 266_400_000, "2026-11-18 01:05:09 UTC (3 d 2 h ago)"),
            (now, "2026-11-21 03:05:09 UTC"),
            (now + 1000, "2026-11-21 03:05:10 UTC"),
            (-1, "an impossible date (-1)"),
            (Millis::MIN, "an impossible date (-9223372036854775808)"),
        ] {
            assert_eq!(ago(at, now), want);
        }
    }
}
