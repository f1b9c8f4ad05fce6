//! A user, a room and what is known about them: the questions that all answers ask.

use ruma::{
    ServerName, UserId,
    events::{
        StateEventType,
        room::{power_levels::PowerLevelAction, server_acl::RoomServerAclEventContent},
    },
};
use serde_json::Value;

use super::{
    super::{member::Membership, power::Level, room_state::RoomState},
    Action, Known, Memberships,
    levels::{Levels, Reading},
    verdict::{Answer, Grant, Grantors, Missing, Reason, Remark, Verdict},
};
use crate::model::{BlockStatus, Event};

/// A question about a user and a room.
pub(super) struct Case<'a> {
    pub(super) user: &'a UserId,
    pub(super) state: &'a RoomState,
    pub(super) known: &'a Known<'a>,
    pub(super) levels: Levels,
}

/// How many of those who could grant something are named.
const NAMED: usize = 5;

impl<'a> Case<'a> {
    pub(super) fn new(user: &'a UserId, state: &'a RoomState, known: &'a Known<'a>) -> Self {
        Self { user, state, known, levels: Levels::now(state) }
    }

    /// The membership of a user; `None` when it is not known.
    pub(super) fn membership(&self, user: &UserId) -> Option<Membership> {
        if let Some(event) = self.member(user) {
            return Some(match event.text("membership") {
                Some("join") => Membership::Join,
                Some("invite") => Membership::Invite,
                Some("knock") => Membership::Knock,
                Some("ban") => Membership::Ban,
                // "If there is no membership, it is leave"; so is what is none.
                _ => Membership::Leave,
            });
        }
        match self.known.memberships {
            _ if self.known.joined.is_some_and(|joined| joined.contains(user)) => Some(Membership::Join),
            Memberships::All => Some(Membership::Leave),
            Memberships::Some => None,
        }
    }

    /// The event of a user's membership.
    pub(super) fn member(&self, user: &UserId) -> Option<&'a Event> {
        self.state.get("m.room.member", user.as_str())
    }

    /// Whether a user is one of the server that asks.
    pub(super) fn is_local(&self, user: &UserId) -> bool {
        self.known.here.is_some_and(|here| user.server_name() == here)
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.known.block.is_some_and(BlockStatus::is_blocked)
    }

    /// The event that says how much power there is: without power levels, the room's first event.
    pub(super) fn levels_event(&self) -> Option<&'a Event> {
        self.state.the("m.room.power_levels").or_else(|| self.state.the("m.room.create"))
    }

    /// What makes an account unfit for anything.
    pub(super) fn account(&self, action: &Action) -> Option<Verdict> {
        let account = self.known.account.filter(|_| *action != Action::BeInvited)?;
        let reason = match account {
            account if account.deactivated => Reason::Deactivated,
            account if account.locked => Reason::Locked,
            account if account.suspended && !self.may_suspended(action) => Reason::Suspended,
            _ => return None,
        };
        Some(Verdict::no(reason).missing(Missing::UsableAccount))
    }

    /// Whether a suspended account may do it: read, and leave.
    fn may_suspended(&self, action: &Action) -> bool {
        match action {
            Action::See => true,
            Action::Kick(Some(target)) => target == self.user,
            _ => false,
        }
    }

    /// What keeps a user from entering, whatever the join rules say.
    pub(super) fn kept_out(&self, user: &UserId) -> Option<Verdict> {
        let create = self.state.the("m.room.create")?;
        // "If the sender's domain doesn't match that of the creator and m.federate is false, reject."
        let federates = create.content().get("m.federate").and_then(Value::as_bool) != Some(false);
        if let Some(home) =
            server_of(create.sender()).filter(|home| !federates && *home != user.server_name())
        {
            return Some(Verdict::no(Reason::OneServer(home.to_string())).says(Some(create)));
        }
        if self.is_blocked() && self.is_local(user) {
            return Some(Verdict::no(Reason::Blocked).missing(Missing::Unblock));
        }
        if self.is_local(user) { None } else { self.denied(user.server_name()) }
    }

    /// The answer for users of a server that the server ACL keeps out.
    pub(super) fn denied(&self, server: &ServerName) -> Option<Verdict> {
        let acl = self.state.the("m.room.server_acl").filter(|acl| !is_allowed(acl, server))?;
        let change = self.level_of_state("m.room.server_acl");
        Some(
            Verdict::no(Reason::Denied(server.to_string()))
                .says(Some(acl))
                .missing(Missing::ServerAllowed(server.to_string()))
                .who(self.who(Grant::ServerAcl, change, None)),
        )
    }

    /// The level that setting a type of state takes.
    pub(super) fn level_of_state(&self, kind: &str) -> i64 {
        self.levels.needed(&PowerLevelAction::SendState(StateEventType::from(kind)))
    }

    /// Those who are inside and have a level, or more than another one has.
    pub(super) fn who(&self, grant: Grant, needed: i64, above: Option<Level>) -> Grantors {
        let can = |level: Level| level >= Level::Of(needed) && above.is_none_or(|above| level > above);
        let mut users = self.levels.named();
        users.retain(|(user, level)| can(*level) && self.is_inside(user) && self.is_heard(user));
        let is_remote = |user: &str| server_of(user) != self.known.here;
        users.sort_by(|(a, of_a), (b, of_b)| {
            (is_remote(a), std::cmp::Reverse(of_a), a).cmp(&(is_remote(b), std::cmp::Reverse(of_b), b))
        });
        let more = match users.len().saturating_sub(NAMED) {
            0 | 1 => 0,
            more => more,
        };
        users.truncate(users.len() - more);
        Grantors { grant, users, more, everybody: can(self.levels.default_level()) }
    }

    /// Whether a user is joined, as far as that is known; if it is not, they may well be.
    fn is_inside(&self, user: &str) -> bool {
        let Ok(user) = <&UserId>::try_from(user) else { return false };
        match self.known.joined {
            Some(joined) => joined.contains(user),
            None => matches!(self.membership(user), Some(Membership::Join) | None),
        }
    }

    /// Whether what a user does reaches the room: servers take nothing from one that the server ACL keeps out.
    fn is_heard(&self, user: &str) -> bool {
        let acl = self.state.the("m.room.server_acl");
        server_of(user).is_some_and(|server| {
            Some(server) == self.known.here || acl.is_none_or(|acl| is_allowed(acl, server))
        })
    }

    /// Whether anybody inside has a level; `None` when it is not known who is inside.
    pub(super) fn somebody_has(&self, needed: i64, of: impl Fn(&UserId) -> bool) -> Option<bool> {
        let joined = self.known.joined?;
        let has = |user: &UserId| self.levels.level(user.as_str()) >= Level::Of(needed);
        Some(joined.iter().any(|user| of(user) && has(user)))
    }

    /// What is said with every answer.
    pub(super) fn remark(&self, verdict: Verdict) -> Verdict {
        let mut verdict = match self.levels.reading() {
            Reading::Strict => verdict,
            Reading::Malformed => verdict.remark(Remark::Malformed),
            Reading::UnknownVersion => {
                verdict.remark(Remark::UnknownVersion(self.state.version().map(str::to_owned)))
            }
        };
        let acl = self.state.the("m.room.server_acl");
        if let Some(here) = self.known.here.filter(|_| self.is_local(self.user))
            && acl.is_some_and(|acl| !is_allowed(acl, here))
        {
            verdict = verdict.remark(Remark::OwnServerDenied(here.to_string()));
        }
        verdict
    }

    /// That bans and invitations are not known makes an answer unsure, if it would change it.
    pub(super) fn unsure(&self, mut verdict: Verdict, user: &UserId) -> Verdict {
        let stands = matches!(
            verdict.reason,
            Reason::Blocked | Reason::OneServer(_) | Reason::Denied(_) | Reason::NoGuests | Reason::Empty
        );
        if stands || self.membership(user).is_some() {
            return verdict;
        }
        verdict.answer = Answer::NotKnown;
        verdict.remark(Remark::MembershipsNotKnown)
    }
}

/// The server of a user ID of any shape.
fn server_of(user: &str) -> Option<&ServerName> {
    Some(<&UserId>::try_from(user).ok()?.server_name())
}

/// Whether a server ACL lets a server take part. What is no text in its lists counts as missing.
pub(super) fn is_allowed(acl: &Event, server: &ServerName) -> bool {
    let list = |key: &str| {
        let list = acl.content().get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    // "allow_ip_literals: defaults to true if missing or otherwise not a boolean."
    let literals = acl.content().get("allow_ip_literals").and_then(Value::as_bool).unwrap_or(true);
    RoomServerAclEventContent::new(literals, list("allow"), list("deny")).is_allowed(server)
}
