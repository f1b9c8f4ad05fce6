//! Who may do what in a room, and which event says so: may they join, read, be invited, ban …; what is missing, and who
//! could grant it. By the authorization rules of the room's version, with ruma's reading of the power levels.
//!
//! ```
//! use gleipnir_core::{
//!     model::Event,
//!     reply::Reply,
//!     rules::{can::{Action, Answer, Known, may}, names::Names, room_state::RoomState},
//!     ruma::user_id,
//! };
//! use serde_json::json;
//!
//! let state = RoomState::of(
//!     [
//!         Event(json!({"type": "m.room.create", "state_key": "", "sender": "@ana:hs", "content": {"room_version": "11"}})),
//!         Event(json!({"type": "m.room.join_rules", "state_key": "", "sender": "@ana:hs", "content": {"join_rule": "public"}})),
//!     ],
//!     None,
//! );
//! let verdict = may(user_id!("@bob:hs"), &Action::Join, &state, &Known::default());
//! assert_eq!(verdict.answer, Answer::Yes);
//! let why = verdict.reason.in_words(&Names::default());
//! assert_eq!(Reply::text(why).render().text, "the room is public: anyone can join");
//! ```
//!
//! <https://spec.matrix.org/v1.19/rooms/v12/#authorization-rules>

mod act;
mod case;
mod join;
mod levels;
mod past;
mod see;
mod verdict;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use ruma::{OwnedUserId, ServerName, UserId};

use self::case::Case;
pub use self::{
    join::allow_rooms,
    levels::{Levels, Reading},
    past::what_made_possible,
    verdict::{Answer, Grant, Grantors, Missing, Reason, Remark, Source, Verdict},
};
use super::room_state::RoomState;
use crate::model::{Account, BlockStatus};

/// Something that somebody may want to do in a room. Where another user can be named and is not, it is about those
/// who have no power of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Become a member.
    Join,
    /// Read what was written.
    See,
    /// Be invited by somebody.
    BeInvited,
    /// Ask to be let in.
    Knock,
    /// Invite somebody.
    Invite(Option<OwnedUserId>),
    /// Remove somebody; withdraw an invitation, refuse a request to be let in.
    Kick(Option<OwnedUserId>),
    /// Ban somebody.
    Ban(Option<OwnedUserId>),
    /// Lift a ban.
    Unban(Option<OwnedUserId>),
    /// Redact what others wrote.
    Redact,
    /// Write.
    Speak,
    /// Change power levels.
    ChangePower {
        /// Whose; levels in general when `None`.
        of: Option<OwnedUserId>,
        /// To which level.
        to: Option<i64>,
    },
    /// Set the state of a type, such as `m.room.topic`.
    ChangeState(String),
}

/// What is known beside the room's state. Nothing is required; what is not known is not held against anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The server that the answer is for: its users are the local ones.
    pub here: Option<&'a ServerName>,
    /// The joined members, of all servers.
    pub joined: Option<&'a BTreeSet<OwnedUserId>>,
    /// How many member events the state has.
    pub memberships: Memberships,
    /// Whether the user is a member of the rooms whose members may join, by room ID, as far as that is known.
    pub in_allow_rooms: Option<&'a BTreeMap<String, bool>>,
    /// Whether the server keeps its users out of the room.
    pub block: Option<&'a BlockStatus>,
    /// The user's account, when it is a local one.
    pub account: Option<&'a Account>,
    /// Whether the user is a guest.
    pub is_guest: Option<bool>,
}

/// How many of a room's member events its state has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memberships {
    /// All: whoever has none was never in the room.
    #[default]
    All,
    /// Not all: whoever has none may be banned or invited.
    Some,
}

/// Whether a user may do something in a room whose state is `state`, and why.
pub fn may(user: &UserId, action: &Action, state: &RoomState, known: &Known<'_>) -> Verdict {
    let case = Case::new(user, state, known);
    if state.the("m.room.create").is_none() {
        return Verdict::new(Answer::NotKnown, Reason::NoState);
    }
    if let Some(no) = case.account(action) {
        return no;
    }
    let verdict = match action {
        Action::Join => join::join(&case),
        Action::See => see::see(&case),
        Action::BeInvited => join::be_invited(&case),
        Action::Knock => join::knock(&case),
        Action::Invite(target) => act::invite(&case, target.as_deref()),
        Action::Kick(target) => act::kick(&case, target.as_deref()),
        Action::Ban(target) => act::ban(&case, target.as_deref()),
        Action::Unban(target) => act::unban(&case, target.as_deref()),
        Action::Redact => act::redact(&case),
        Action::Speak => act::speak(&case),
        Action::ChangePower { of, to } => act::change_power(&case, of.as_deref(), *to),
        Action::ChangeState(kind) => act::change_state(&case, kind),
    };
    case.remark(verdict)
}

#[cfg(test)]
mod tests {
    use ruma::{
        events::room::power_levels::{PowerLevelAction, PowerLevelUserAction, RoomPowerLevels},
        owned_user_id, server_name, user_id,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        model::Event,
        reply::Reply,
        rules::{names::Names, power::Level},
    };

    const VERSIONS: [&str; 4] = ["9", "10", "11", "12"];

    fn event(kind: &str, key: &str, content: &Value) -> Event {
        Event(json!({"type": kind, "state_key": key, "sender": "@ana:hs", "content": content,
            "event_id": "$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "origin_server_ts": 1_795_219_200_000_i64}))
    }

    fn member(user: &str, membership: &str) -> Event {
        event("m.room.member", user, &json!({"membership": membership}))
    }

    /// Ana made the room; Mod has 50, and the others nothing.
    fn room(version: &str, more: Vec<Event>) -> RoomState {
        let users =
            if version == "12" { json!({"@mod:hs": 50}) } else { json!({"@ana:hs": 100, "@mod:hs": 50}) };
        let mut events = vec![
            event("m.room.create", "", &json!({"room_version": version, "creator": "@ana:hs"})),
            event(
                "m.room.power_levels",
                "",
                &json!({"users": users, "invite": 10, "redact": 40, "kick": 30}),
            ),
            event("m.room.join_rules", "", &json!({"join_rule": "invite"})),
        ];
        let inside = ["@ana:hs", "@mod:hs", "@joe:hs", "@far:far"];
        events.extend(inside.map(|user| member(user, "join")));
        events.extend([member("@bad:hs", "ban"), member("@inv:hs", "invite"), member("@ask:hs", "knock")]);
        events.extend(more);
        RoomState::of(events, Some(version))
    }

    fn joined() -> BTreeSet<OwnedUserId> {
        BTreeSet::from([
            owned_user_id!("@ana:hs"),
            owned_user_id!("@mod:hs"),
            owned_user_id!("@joe:hs"),
            owned_user_id!("@far:far"),
        ])
    }

    fn text(line: crate::reply::Line) -> String {
        Reply::text(line).render().text
    }

    /// “yes/no/not known: why | missing | who | remarks”
    fn told(verdict: &Verdict) -> String {
        let names = Names::default();
        let answer = match verdict.answer {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::NotKnown => "not known",
        };
        let mut all = vec![format!("{answer}: {}", text(verdict.reason.in_words(&names)))];
        all.extend(
            verdict.missing.iter().map(|missing| format!("missing {}", text(missing.in_words(&names)))),
        );
        all.extend(verdict.who_can_grant.iter().map(|who| text(who.in_words(&names))));
        all.extend(verdict.remarks.iter().map(|remark| text(remark.in_words())));
        all.join(" | ")
    }

    #[track_caller]
    fn check(user: &str, action: &Action, state: &RoomState, want: &str) {
        let joined = joined();
        let known = Known { here: Some(server_name!("hs")), joined: Some(&joined), ..Known::default() };
        let user = <&UserId>::try_from(user).expect("a user ID");
        let verdict = may(user, action, state, &known);
        assert_eq!(told(&verdict), want, "{user} {action:?} in version {:?}", state.version());
    }

    fn some(user: &str) -> Option<OwnedUserId> {
        user.try_into().ok()
    }

    /// In every version: the actions of those who made the room, moderate it, are in it, and are not.
    #[test]
    fn every_action_in_every_version() {
        const NAMED: &str = "That is about members without a level of their own (power 0); name a user for an answer about them.";
        for version in VERSIONS {
            let state = room(version, Vec::new());
            let (creator, ana, above) = match version {
                "12" => {
                    let creator = "they are a creator of the room, above all levels";
                    (
                        Some(creator),
                        "`@ana:hs`, creator,",
                        "`@ana:hs` is a creator of the room, above all levels",
                    )
                }
                _ => (
                    None,
                    "`@ana:hs`, power 100,",
                    "they have power 50, and `@ana:hs` has 100: it takes more than the other one has",
                ),
            };
            let both = format!("{ana} or `@mod:hs`, power 50,");
            let ana_has = |what: &str| match creator {
                Some(creator) => format!("yes: {creator}"),
                None => format!("yes: they have power 100, and {what}"),
            };
            let lacks = |what: &str, needed: i64| {
                format!(
                    "no: they have power 0, and {what} takes {needed} | missing power: 0 of {needed} | {both} can raise their power to that"
                )
            };
            let banned =
                format!("no: they are banned | missing that the ban is lifted | {both} can lift the ban");
            let stronger = match version {
                "12" => format!("no: {above}"),
                _ => format!(
                    "no: {above} | missing more power than 100 | nobody inside has the power to raise their power to that"
                ),
            };
            for (user, action, want) in [
                ("@ana:hs", Action::Join, "yes: they are in the room already".into()),
                ("@bad:hs", Action::Join, banned.clone()),
                ("@inv:hs", Action::Join, "yes: they are invited".into()),
                ("@new:far", Action::Join, format!("no: only invited people can join, and they are not invited | missing an invitation | {both} can invite them")),
                ("@joe:hs", Action::See, "yes: they are in the room, and members can read all of it".into()),
                ("@ana:hs", Action::BeInvited, "no: they are in the room already".into()),
                ("@bad:hs", Action::BeInvited, banned.clone()),
                ("@new:far", Action::BeInvited, format!("yes: whoever has power 10 inside can invite them | {both} can invite them")),
                ("@new:far", Action::Knock, format!("no: the room takes no requests to be let in | missing an invitation | {both} can invite them")),
                ("@ana:hs", Action::Invite(None), ana_has("inviting takes 10")),
                ("@joe:hs", Action::Invite(some("@x:hs")), lacks("inviting", 10)),
                ("@mod:hs", Action::Invite(some("@x:hs")), "yes: they have power 50, and inviting takes 10".into()),
                ("@mod:hs", Action::Invite(some("@joe:hs")), "no: `@joe:hs` is in the room already".into()),
                ("@mod:hs", Action::Invite(some("@bad:hs")), "no: `@bad:hs` is banned: that has to be lifted first".into()),
                ("@ana:hs", Action::Kick(some("@mod:hs")), ana_has("kicking takes 30")),
                ("@mod:hs", Action::Kick(some("@joe:hs")), "yes: they have power 50, and kicking takes 30".into()),
                ("@mod:hs", Action::Kick(some("@ask:hs")), "yes: they have power 50, and kicking takes 30".into()),
                ("@mod:hs", Action::Kick(None), format!("yes: they have power 50, and kicking takes 30 | {NAMED}")),
                ("@mod:hs", Action::Kick(some("@ana:hs")), stronger.clone()),
                ("@mod:hs", Action::Kick(some("@bad:hs")), "no: `@bad:hs` is banned: that has to be lifted first".into()),
                ("@mod:hs", Action::Kick(some("@x:hs")), "no: `@x:hs` is not in the room".into()),
                ("@joe:hs", Action::Kick(some("@joe:hs")), "yes: leaving takes no power".into()),
                ("@inv:hs", Action::Kick(some("@inv:hs")), "yes: leaving takes no power".into()),
                ("@joe:hs", Action::Ban(None), format!("{} | {NAMED}", lacks("banning", 50))),
                ("@mod:hs", Action::Ban(some("@x:far")), "yes: they have power 50, and banning takes 50".into()),
                ("@mod:hs", Action::Ban(some("@ana:hs")), stronger),
                ("@mod:hs", Action::Ban(some("@mod:hs")), "no: nobody can do that to themselves".into()),
                ("@mod:hs", Action::Ban(some("@bad:hs")), "yes: they have power 50, and banning takes 50 | That user is banned already; the ban can be given another reason.".into()),
                // Unbanning takes the power to ban and the power to kick.
                ("@mod:hs", Action::Unban(some("@bad:hs")), "yes: they have power 50, and lifting a ban takes 50".into()),
                ("@mod:hs", Action::Unban(some("@joe:hs")), "no: `@joe:hs` is not banned".into()),
                ("@joe:hs", Action::Redact, format!("{} | They can redact their own messages.", lacks("redacting what others wrote", 40))),
                ("@mod:hs", Action::Redact, "yes: they have power 50, and redacting what others wrote takes 40".into()),
                ("@joe:hs", Action::Speak, "yes: they have power 0, and writing takes 0".into()),
                ("@new:far", Action::Speak, "no: they are not in the room | missing being in the room".into()),
                ("@bad:hs", Action::Speak, banned),
                ("@joe:hs", Action::ChangePower { of: None, to: None }, lacks("changing the power levels", 50)),
                ("@mod:hs", Action::ChangePower { of: None, to: None }, "yes: they have power 50, and changing the power levels takes 50 | They can give others up to power 50, their own.".into()),
                ("@mod:hs", Action::ChangePower { of: some("@joe:hs"), to: Some(50) }, "yes: they have power 50, and changing the power levels takes 50".into()),
                ("@mod:hs", Action::ChangePower { of: some("@mod:hs"), to: Some(0) }, "yes: they have power 50, and changing the power levels takes 50".into()),
                ("@mod:hs", Action::ChangePower { of: some("@joe:hs"), to: Some(51) }, format!("no: they have power 50 themselves, and nobody can give more than that: not 51 | missing power: 50 of 51 | {ana} can raise their power to that")),
                ("@joe:hs", Action::ChangeState("m.room.topic".into()), lacks("changing the topic", 50)),
                ("@joe:hs", Action::ChangeState("org.x".into()), lacks("setting `org.x`", 50)),
                ("@mod:hs", Action::ChangeState("m.room.power_levels".into()), "yes: they have power 50, and changing the power levels takes 50 | They can give others up to power 50, their own.".into()),
                ("@ana:hs", Action::ChangeState("m.room.create".into()), "no: a room's first event never changes".into()),
                ("@mod:hs", Action::ChangeState("m.room.third_party_invite".into()), "yes: they have power 50, and inviting takes 10".into()),
            ] {
                check(user, &action, &state, &want);
            }
        }
    }

    #[test]
    fn trap_06_creators_of_version_12_stand_above_all_levels() {
        let create =
            event("m.room.create", "", &json!({"room_version": "12", "additional_creators": ["@joe:hs"]}));
        let tombstone = json!({"users": {"@mod:hs": 1000}, "events": {"m.room.tombstone": 1500}});
        let state = room("12", vec![create, event("m.room.power_levels", "", &tombstone)]);
        let creator = "yes: they are a creator of the room, above all levels";
        check("@joe:hs", &Action::ChangeState("m.room.tombstone".into()), &state, creator);
        check("@joe:hs", &Action::Ban(some("@mod:hs")), &state, creator);
        let above = "no: `@joe:hs` is a creator of the room, above all levels";
        check("@ana:hs", &Action::Ban(some("@joe:hs")), &state, above);
        check("@mod:hs", &Action::Ban(some("@joe:hs")), &state, above);
        let want = format!("{above}: nobody can change that");
        check("@mod:hs", &Action::ChangePower { of: some("@joe:hs"), to: Some(0) }, &state, &want);
        // In version 11 that list means nothing.
        let create =
            event("m.room.create", "", &json!({"room_version": "11", "additional_creators": ["@joe:hs"]}));
        let state = room("11", vec![create]);
        check(
            "@joe:hs",
            &Action::Redact,
            &state,
            "no: they have power 0, and redacting what others wrote takes 40 | missing power: 0 of 40 | \
             `@ana:hs`, power 100, or `@mod:hs`, power 50, can raise their power to that | They can redact their own messages.",
        );
    }

    #[test]
    fn equals_do_nothing_to_each_other() {
        let levels = json!({"users": {"@ana:hs": 50, "@mod:hs": 50}});
        let state = room("11", vec![event("m.room.power_levels", "", &levels)]);
        let want = "no: they have power 50, and `@ana:hs` has 50: it takes more than the other one has | missing more power than 50 | \
                    nobody inside has the power to raise their power to that";
        for action in [
            Action::Kick(some("@ana:hs")),
            Action::Ban(some("@ana:hs")),
            Action::ChangePower { of: some("@ana:hs"), to: Some(0) },
        ] {
            check("@mod:hs", &action, &state, want);
        }
        // Where everybody may kick, nobody can kick those who may as well.
        let levels = json!({"kick": 0});
        let state = room("11", vec![event("m.room.power_levels", "", &levels)]);
        let want = "no: they have power 0, and members without a level of their own have 0: it takes more than the other one has | \
                    missing more power than 0 | nobody inside has the power to raise their power to that | \
                    That is about members without a level of their own (power 0); name a user for an answer about them.";
        check("@joe:hs", &Action::Kick(None), &state, want);
    }

    fn joining(version: &str, rule: &Value) -> RoomState {
        room(version, vec![event("m.room.join_rules", "", rule)])
    }

    #[test]
    fn join_rules_of_every_version() {
        let invite = "missing an invitation | `@ana:hs`, power 100, or `@mod:hs`, power 50, can invite them";
        let rules = "missing another join rule | `@ana:hs`, power 100, or `@mod:hs`, power 50, can change the join rules";
        let ask = "missing a request to be let in, and somebody inside who accepts it";
        for version in ["6", "7", "9", "10", "11"] {
            let is = |from: u32| version.parse::<u32>().expect("a number") >= from;
            let not_of = |rule: &str| {
                format!(
                    "no: the join rule `{rule}` is newer than the room's version, `{version}`: nobody can join by it, invited or not | {rules}"
                )
            };
            let state = |rule: &str| joining(version, &json!({"join_rule": rule}));
            check("@new:far", &Action::Join, &state("public"), "yes: the room is public: anyone can join");
            check("@new:far", &Action::Knock, &state("public"), "no: the room is public: anyone can join");
            let knock = state("knock");
            let restricted =
                "the room is for members of other rooms, and names none: only invited people can join";
            if is(7) {
                let want = format!(
                    "no: they are not invited; the room is for people who asked and were let in | {ask} | {invite}"
                );
                check("@new:far", &Action::Join, &knock, &want);
                check("@new:far", &Action::Knock, &knock, "yes: the room takes requests to be let in");
                check("@ask:hs", &Action::Knock, &knock, "yes: they ask already, and can repeat it");
                check("@inv:hs", &Action::Knock, &knock, "no: they are invited already, and need not ask");
                check("@inv:hs", &Action::Join, &knock, "yes: they are invited");
            } else {
                check("@inv:hs", &Action::Join, &knock, &not_of("knock"));
                check("@new:far", &Action::Knock, &knock, &not_of("knock"));
            }
            let want = if is(8) { format!("no: {restricted} | {invite}") } else { not_of("restricted") };
            check("@new:far", &Action::Join, &state("restricted"), &want);
            let want = if is(10) {
                format!("no: {restricted} | {invite} | {ask}")
            } else {
                not_of("knock_restricted")
            };
            let want = if is(10) {
                want.replace(
                    &format!("{invite} | {ask}"),
                    &format!(
                        "missing an invitation | {ask} | {}",
                        &invite["missing an invitation | ".len()..]
                    ),
                )
            } else {
                want
            };
            check("@new:far", &Action::Join, &state("knock_restricted"), &want);
            for (rule, shown) in
                [(json!("private"), "private"), (json!("<b>"), "<b>"), (json!(7), "7"), (json!({}), "{}")]
            {
                let want = format!(
                    "no: the join rule “{shown}” means nothing to servers: nobody can join by it, invited or not | {rules}"
                );
                let state = joining(version, &json!({"join_rule": rule}));
                check("@inv:hs", &Action::Join, &state, &want);
                check("@new:far", &Action::Knock, &state, &want);
                check("@joe:hs", &Action::Join, &state, "yes: they are in the room already");
            }
            let want = format!("no: only invited people can join, and they are not invited | {invite}");
            check("@new:far", &Action::Join, &joining(version, &json!({})), &want);
        }
    }

    fn answer(user: &str, action: &Action, state: &RoomState, known: &Known<'_>) -> String {
        told(&may(<&UserId>::try_from(user).expect("a user ID"), action, state, known))
    }

    #[test]
    fn restricted_rooms_ask_for_other_rooms_and_somebody_who_vouches() {
        let allow = json!([{"type": "m.room_membership", "room_id": "!a:hs"}, {"type": "x"}, 7,
            {"type": "m.room_membership", "room_id": "!b:hs"}, {"type": "m.room_membership", "room_id": "!a:hs"}]);
        let state = |rule: &str| joining("11", &json!({"join_rule": rule, "allow": allow}));
        assert_eq!(allow_rooms(&state("restricted")), ["!a:hs", "!b:hs"]);
        assert!(allow_rooms(&state("invite")).is_empty());
        let joined = joined();
        let told_of = |rooms: &[(&str, bool)], rule: &str| {
            let rooms = rooms.iter().map(|(room, is)| ((*room).to_owned(), *is)).collect();
            let known = Known {
                here: Some(server_name!("hs")),
                joined: Some(&joined),
                in_allow_rooms: Some(&rooms),
                ..Known::default()
            };
            answer("@new:hs", &Action::Join, &state(rule), &known)
        };
        let yes = "yes: they are a member of `!b:hs`, whose members can join";
        assert_eq!(told_of(&[("!b:hs", true)], "restricted"), yes);
        assert_eq!(told_of(&[("!a:hs", false), ("!b:hs", true)], "knock_restricted"), yes);
        let invite = "`@ana:hs`, power 100, or `@mod:hs`, power 50, can invite them";
        let missing = "missing membership of `!a:hs` or `!b:hs` | missing an invitation";
        let none = "no: only members of `!a:hs` or `!b:hs` can join, and they are in none of these";
        let all = [("!a:hs", false), ("!b:hs", false)];
        assert_eq!(told_of(&all, "restricted"), format!("{none} | {missing} | {invite}"));
        let ask = "missing a request to be let in, and somebody inside who accepts it";
        assert_eq!(told_of(&all, "knock_restricted"), format!("{none} | {missing} | {ask} | {invite}"));
        let unknown =
            "not known: members of `!a:hs` or `!b:hs` can join, and I cannot tell whether they are one";
        assert_eq!(told_of(&all[..1], "restricted"), format!("{unknown} | {missing} | {invite}"));
        // Somebody with the power to invite has to vouch for them.
        let vouch = |inside: &[&str]| {
            let joined = inside.iter().map(|user| OwnedUserId::try_from(*user).expect("a user ID")).collect();
            let rooms = BTreeMap::from([("!b:hs".to_owned(), true)]);
            let known = Known {
                here: Some(server_name!("hs")),
                joined: Some(&joined),
                in_allow_rooms: Some(&rooms),
                ..Known::default()
            };
            let levels = json!({"invite": 10, "users": {"@mod:hs": 10, "@far:far": 10}});
            let rule = event("m.room.join_rules", "", &json!({"join_rule": "restricted", "allow": allow}));
            let state = RoomState::of(
                [event("m.room.create", "", &json!({})), event("m.room.power_levels", "", &levels), rule],
                Some("11"),
            );
            answer("@new:hs", &Action::Join, &state, &known)
        };
        assert_eq!(vouch(&["@mod:hs", "@far:far"]), yes);
        let elsewhere = "Nobody of this server inside can vouch for them: a server of somebody who can invite has to let them in.";
        assert_eq!(vouch(&["@joe:hs", "@far:far"]), format!("{yes} | {elsewhere}"));
        let nobody = "no: they are a member of a room whose members can join, but nobody inside can vouch for them: that takes the power to invite, 10 | \
                      missing somebody inside with power 10, which inviting takes";
        assert_eq!(vouch(&["@joe:hs"]), nobody);
        assert_eq!(vouch(&[]), "no: nobody is in the room, so there is nobody to join");
    }

    #[test]
    fn what_keeps_people_out_whatever_the_join_rules_say() {
        let public = joining("11", &json!({"join_rule": "public"}));
        let joined = joined();
        let block = BlockStatus::Blocked(None);
        let base = Known { here: Some(server_name!("hs")), joined: Some(&joined), ..Known::default() };
        let blocked = Known { block: Some(&block), ..base };
        let want = "no: the room is blocked on this server | missing that the room is unblocked (!unblock)";
        for (user, action) in [
            ("@new:hs", Action::Join),
            ("@inv:hs", Action::Join),
            ("@new:hs", Action::BeInvited),
            ("@mod:hs", Action::Invite(some("@new:far"))),
            ("@mod:hs", Action::Invite(None)),
        ] {
            assert_eq!(answer(user, &action, &public, &blocked), want, "{user} {action:?}");
        }
        assert_eq!(
            answer("@new:far", &Action::Join, &public, &blocked),
            "yes: the room is public: anyone can join"
        );
        let want = "yes: they have power 0, and writing takes 0 | The room is blocked on this server; that keeps people from joining, not members from writing.";
        assert_eq!(answer("@joe:hs", &Action::Speak, &public, &blocked), want);

        let guest = Known { is_guest: Some(true), ..base };
        assert_eq!(
            answer("@new:hs", &Action::Join, &public, &guest),
            "no: they are a guest, and guests cannot join"
        );
        let rule = || event("m.room.join_rules", "", &json!({"join_rule": "public"}));
        let open =
            room("11", vec![rule(), event("m.room.guest_access", "", &json!({"guest_access": "can_join"}))]);
        assert_eq!(
            answer("@new:hs", &Action::Join, &open, &guest),
            "yes: the room is public: anyone can join"
        );

        let create = event("m.room.create", "", &json!({"m.federate": false, "creator": "@ana:hs"}));
        let here_only = room("11", vec![rule(), create]);
        let want = "no: the room is only for users of `hs`";
        assert_eq!(answer("@new:far", &Action::Join, &here_only, &base), want);
        assert_eq!(answer("@mod:hs", &Action::Invite(some("@new:far")), &here_only, &base), want);
        assert_eq!(
            answer("@new:hs", &Action::Join, &here_only, &base),
            "yes: the room is public: anyone can join"
        );

        let acl = |content: &Value| room("11", vec![rule(), event("m.room.server_acl", "", content)]);
        let denied = "no: the room's server ACL keeps `far` out: other servers take nothing from it | missing a server ACL that lets `far` take part | \
                      `@ana:hs`, power 100, or `@mod:hs`, power 50, can change the server ACL";
        let state = acl(&json!({"allow": ["*"], "deny": ["f?r", 7]}));
        for (user, action) in [
            ("@new:far", Action::Join),
            ("@far:far", Action::Speak),
            ("@mod:hs", Action::Invite(some("@new:far"))),
        ] {
            assert_eq!(answer(user, &action, &state, &base), denied, "{user} {action:?}");
        }
        assert_eq!(
            answer("@new:hs", &Action::Join, &state, &base),
            "yes: the room is public: anyone can join"
        );
        // A missing list of those allowed locks everybody out, this server included; that stops no local user.
        let own = "yes: the room is public: anyone can join | The room's server ACL keeps this server, `hs`, out: its own users can act, \
                   but other servers take nothing of it.";
        assert_eq!(answer("@new:hs", &Action::Join, &acl(&json!({"allow": 7})), &base), own);
    }

    #[test]
    fn accounts_that_cannot_be_used() {
        let state = joining("11", &json!({"join_rule": "public"}));
        let told_of = |account: Account, action: Action| {
            let known = Known { account: Some(&account), ..Known::default() };
            answer("@joe:hs", &action, &state, &known)
        };
        let missing = "missing an account that can be used";
        let locked = Account { locked: true, ..Account::default() };
        assert_eq!(
            told_of(locked, Action::See),
            format!("no: the account is locked: it cannot be used | {missing}")
        );
        let gone = Account { deactivated: true, ..Account::default() };
        assert_eq!(told_of(gone, Action::Join), format!("no: the account is deactivated | {missing}"));
        let suspended = || Account { suspended: true, ..Account::default() };
        let want = format!("no: the account is suspended: it can only read, and leave rooms | {missing}");
        assert_eq!(told_of(suspended(), Action::Speak), want);
        let want = "yes: they are in the room, and members can read all of it";
        assert_eq!(told_of(suspended(), Action::See), want);
        assert_eq!(told_of(suspended(), Action::Kick(some("@joe:hs"))), "yes: leaving takes no power");
    }

    #[test]
    fn who_can_read() {
        let older =
            "So it is for what is written since that was set; what is older keeps the rule of its time.";
        let outside =
            "no: only members can read the room, and they are not in it | missing being in the room";
        let stays =
            "What was written while they were in the room, if they ever were, stays readable to them.";
        for (word, inside) in [
            (json!("shared"), "members can read all of it"),
            (json!("invited"), "members can read it from their invitation on"),
            (json!("joined"), "members can read it from their joining on"),
            (json!("<b>"), "members can read all of it"),
            (json!(7), "members can read all of it"),
        ] {
            let seen = event("m.room.history_visibility", "", &json!({"history_visibility": word}));
            let state = room("12", vec![seen, member("@gone:hs", "leave")]);
            let want = format!("yes: they are in the room, and {inside} | {older}");
            check("@joe:hs", &Action::See, &state, &want);
            check("@new:hs", &Action::See, &state, outside);
            check("@gone:hs", &Action::See, &state, &format!("{outside} | {stays}"));
            check("@bad:hs", &Action::See, &state, &format!("{outside} | {stays}"));
            let shows = "The invitation shows them the room's name, topic and picture, and who invited them.";
            check("@inv:hs", &Action::See, &state, &format!("{outside} | {shows}"));
        }
        let seen = event("m.room.history_visibility", "", &json!({"history_visibility": "world_readable"}));
        let state = room("12", vec![seen]);
        for user in ["@joe:hs", "@new:far", "@bad:hs"] {
            check(user, &Action::See, &state, "yes: anyone can read the room, without joining");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        let state = RoomState::of(
            ["m.room.create", "m.room.join_rules"]
                .map(|kind| event(kind, "", &json!({"join_rule": "public"}))),
            Some("11"),
        );
        let joined = joined();
        let known = Known { joined: Some(&joined), memberships: Memberships::Some, ..Known::default() };
        let unsure = "I could not read who is banned and who is invited: that may change the answer.";
        let want = format!("not known: the room is public: anyone can join | {unsure}");
        assert_eq!(answer("@new:hs", &Action::Join, &state, &known), want);
        assert_eq!(answer("@joe:hs", &Action::Join, &state, &known), "yes: they are in the room already");
        assert_eq!(
            answer("@new:hs", &Action::Speak, &state, &known),
            "no: they are not in the room | missing being in the room"
        );
        let nothing = Known { memberships: Memberships::Some, ..Known::default() };
        let want = "not known: I cannot tell whether they are in the room";
        for action in [Action::Speak, Action::See, Action::Kick(some("@new:hs"))] {
            assert_eq!(answer("@new:hs", &action, &state, &nothing), want);
        }
        let want = "not known: the server has no state of this room: nobody here is in it";
        assert_eq!(answer("@new:hs", &Action::Join, &RoomState::default(), &known), want);
        // A version that nobody here knows.
        let state = RoomState::of(state.events().cloned(), Some("org.example.9"));
        let want = "yes: the room is public: anyone can join | I do not know the room version `org.example.9`; its rules may be others.";
        assert_eq!(answer("@new:hs", &Action::Join, &state, &Known::default()), want);
    }

    #[test]
    fn levels_of_the_wrong_shape_are_read_leniently_and_that_is_said() {
        let odd = "The power levels are not of the shape that servers ask for; I read them as well as I can, and servers may read them otherwise.";
        let levels = json!({"users": {"@mod:hs": 60, "no user": 7, "@joe:hs": []}, "kick": {}, "ban": "70",
            "events": {"m.room.topic": " 20 ", "m.room.name": null}, "state_default": [], "events_default": "x"});
        let state = room("11", vec![event("m.room.power_levels", "", &levels)]);
        for (user, action, want) in [
            ("@mod:hs", Action::Kick(some("@joe:hs")), "yes: they have power 60, and kicking takes 50"),
            (
                "@mod:hs",
                Action::ChangeState("m.room.topic".into()),
                "yes: they have power 60, and changing the topic takes 20",
            ),
            (
                "@mod:hs",
                Action::ChangeState("m.room.name".into()),
                "yes: they have power 60, and changing the room's name takes 50",
            ),
            ("@joe:hs", Action::Speak, "yes: they have power 0, and writing takes 0"),
            ("@mod:hs", Action::Redact, "yes: they have power 60, and redacting what others wrote takes 50"),
            (
                "@mod:hs",
                Action::Unban(some("@bad:hs")),
                "no: they have power 60, and lifting a ban takes 70 | missing power: 60 of 70 | nobody inside has the power to raise their power to that",
            ),
        ] {
            check(user, &action, &state, &format!("{want} | {odd}"));
        }
        for content in [Value::Null, json!([]), json!("x"), json!({"users": 7})] {
            let state = room("11", vec![event("m.room.power_levels", "", &content)]);
            check(
                "@joe:hs",
                &Action::Speak,
                &state,
                &format!("yes: they have power 0, and writing takes 0 | {odd}"),
            );
        }
    }

    #[test]
    fn those_who_could_help_are_cut_local_ones_first() {
        let mut users = serde_json::Map::new();
        let mut joined = joined();
        for n in 0..9 {
            let user = format!("@f{n}:far");
            users.insert(user.clone(), json!(90 + n));
            joined.insert(user.try_into().expect("a user ID"));
        }
        users.insert("@mod:hs".into(), json!(50));
        users.insert("@gone:hs".into(), json!(100));
        let state =
            room("11", vec![event("m.room.power_levels", "", &json!({"users": users, "invite": 50}))]);
        let known = Known { here: Some(server_name!("hs")), joined: Some(&joined), ..Known::default() };
        let verdict = may(user_id!("@new:hs"), &Action::Join, &state, &known);
        let who = text(verdict.who_can_grant.expect("there are some").in_words(&Names::default()));
        assert_eq!(
            who,
            "`@mod:hs`, power 50, or `@f8:far`, power 98, or `@f7:far`, power 97, or `@f6:far`, power 96, or `@f5:far`, power 95, or 5 more can invite them"
        );
        let state = room("11", vec![event("m.room.power_levels", "", &json!({}))]);
        let verdict = may(user_id!("@new:hs"), &Action::Join, &state, &known);
        let who = text(verdict.who_can_grant.expect("there are some").in_words(&Names::default()));
        assert_eq!(who, "everybody inside can invite them");
    }

    #[test]
    fn the_event_that_says_so_is_told() {
        let state = room("11", Vec::new());
        let says = |user: &UserId, action: Action| {
            let says = may(user, &action, &state, &Known::default()).says.expect("an event says so");
            text(says.in_words(&Names::of([&event(
                "m.room.member",
                "@ana:hs",
                &json!({"displayname": "Ana"}),
            )])))
        };
        let by = "(`$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`), set by Ana (`@ana:hs`) on 2026-11-21 00:00:00 UTC";
        assert_eq!(says(user_id!("@bad:hs"), Action::Join), format!("the membership of `@bad:hs` {by}"));
        assert_eq!(says(user_id!("@new:hs"), Action::Join), format!("the join rules {by}"));
        assert_eq!(says(user_id!("@mod:hs"), Action::Ban(None)), format!("the power levels {by}"));
        assert_eq!(says(user_id!("@joe:hs"), Action::See), format!("the room's first event {by}"));
    }

    /// What is answered here is what ruma answers.
    #[test]
    fn ruma_agrees() {
        for version in VERSIONS {
            let users = json!({"@mod:hs": 60, "@low:hs": 60, "@max:hs": 100});
            let levels = event(
                "m.room.power_levels",
                "",
                &json!({"users": users, "kick": 20, "ban": 60, "invite": 30}),
            );
            let inside =
                ["@mod:hs", "@low:hs", "@max:hs", "@joe:hs", "@ana:hs"].map(|user| member(user, "join"));
            let state = room(version, [vec![levels.clone()], inside.to_vec()].concat());
            let create = state.the("m.room.create").expect("it is there");
            let rules = state.rules().expect("a known version").authorization;
            let content: ruma::events::room::power_levels::RoomPowerLevelsEventContent =
                serde_json::from_value(levels.content().clone()).expect("it is well formed");
            let ruma = RoomPowerLevels::new(
                content.into(),
                &rules,
                vec![create.sender().try_into().expect("a user ID")],
            );
            let users = [
                user_id!("@ana:hs"),
                user_id!("@mod:hs"),
                user_id!("@low:hs"),
                user_id!("@max:hs"),
                user_id!("@joe:hs"),
            ];
            for actor in users {
                for target in users.into_iter().filter(|target| *target != actor) {
                    let target_is = || Some(target.to_owned());
                    for (action, theirs) in [
                        (Action::Kick(target_is()), PowerLevelUserAction::Kick),
                        (Action::Ban(target_is()), PowerLevelUserAction::Ban),
                        (
                            Action::ChangePower { of: target_is(), to: None },
                            PowerLevelUserAction::ChangePowerLevel,
                        ),
                    ] {
                        let ours = may(actor, &action, &state, &Known::default()).answer == Answer::Yes;
                        let theirs = ruma.user_can_do_to_user(actor, target, theirs);
                        assert_eq!(ours, theirs, "{actor} {action:?} in {version}");
                    }
                }
                for (action, theirs) in [
                    (Action::Invite(None), PowerLevelAction::Invite),
                    (Action::Redact, PowerLevelAction::RedactOther),
                    (
                        Action::ChangeState("m.room.name".into()),
                        PowerLevelAction::SendState("m.room.name".into()),
                    ),
                ] {
                    let ours = may(actor, &action, &state, &Known::default()).answer == Answer::Yes;
                    assert_eq!(ours, ruma.user_can_do(actor, theirs), "{actor} {action:?} in {version}");
                }
            }
        }
        assert!(Level::Creator > Level::Of(i64::MAX));
    }

    mod hostile {
        use proptest::prelude::*;

        use super::*;

        /// What strangers write, in any place: markup, mentions, marks that steer, and very long words.
        fn word() -> impl Strategy<Value = String> {
            prop_oneof![
                any::<String>(),
                Just("<b>@room</b> @mod:hs https://evil.example \u{202e}x\u{200b}`".to_owned()),
                Just("x".repeat(65_536)),
                prop::sample::select(vec![
                    "@ana:hs",
                    "@joe:hs",
                    "public",
                    "restricted",
                    "knock",
                    "12",
                    "11",
                    "join",
                    "ban",
                    "50",
                    "*",
                    "!a:hs",
                ])
                .prop_map(str::to_owned),
            ]
        }

        fn json() -> impl Strategy<Value = Value> {
            let leaf = prop_oneof![
                Just(Value::Null),
                any::<bool>().prop_map(Value::from),
                any::<i64>().prop_map(Value::from),
                any::<f64>().prop_map(Value::from),
                word().prop_map(Value::from),
            ];
            leaf.prop_recursive(3, 12, 4, |inner| {
                let key = prop_oneof![
                    word(),
                    prop::sample::select(vec![
                        "users",
                        "events",
                        "ban",
                        "kick",
                        "invite",
                        "redact",
                        "join_rule",
                        "allow",
                        "deny",
                        "membership",
                        "users_default",
                        "state_default",
                        "room_version",
                        "additional_creators",
                        "creator",
                        "m.federate",
                        "history_visibility",
                        "type",
                        "room_id",
                        "displayname",
                    ])
                    .prop_map(str::to_owned),
                ];
                prop_oneof![
                    prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                    prop::collection::btree_map(key, inner, 0..5).prop_map(|map| json!(map)),
                ]
            })
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(32))]

            #[test]
            fn any_state_has_an_answer_that_keeps_strangers_in_their_place(
                contents in prop::collection::vec(json(), 8),
                sender in word(),
                version in prop::option::of(word()),
            ) {
                let kinds = ["m.room.create", "m.room.power_levels", "m.room.join_rules", "m.room.server_acl",
                    "m.room.history_visibility", "m.room.guest_access", "m.room.member", "m.room.encryption"];
                let events = kinds.iter().zip(&contents).map(|(kind, content)| {
                    let key = if *kind == "m.room.member" { "@joe:hs" } else { "" };
                    Event(json!({"type": kind, "state_key": key, "sender": sender, "content": content, "event_id": sender}))
                });
                let state = RoomState::of(events, version.as_deref());
                let names = Names::of(state.events());
                let joined = super::joined();
                for known in [Known::default(), Known { here: Some(server_name!("hs")), joined: Some(&joined), ..Known::default() }] {
                    for action in [
                        Action::Join, Action::See, Action::BeInvited, Action::Knock, Action::Invite(some("@x:far")),
                        Action::Kick(some("@mod:hs")), Action::Ban(None), Action::Unban(some("@joe:hs")), Action::Redact,
                        Action::Speak, Action::ChangePower { of: some("@ana:hs"), to: Some(i64::MAX) },
                        Action::ChangeState(sender.clone()),
                    ] {
                        let verdict = may(user_id!("@joe:hs"), &action, &state, &known);
                        let mut reply = Reply::text(action.in_words(&"the room".into(), &names))
                            .fact("Why", verdict.reason.in_words(&names));
                        for missing in &verdict.missing {
                            reply = reply.fact("Missing", missing.in_words(&names));
                        }
                        if let Some(who) = &verdict.who_can_grant {
                            reply = reply.fact("Who could", who.in_words(&names));
                        }
                        if let Some(says) = &verdict.says {
                            reply = reply.fact("Says so", says.in_words(&names));
                        }
                        harmless(&reply.list(verdict.remarks.iter().map(Remark::in_words)))?;
                    }
                }
                for before in &contents {
                    for (kind, key) in [("m.room.member", Some("@x:far")), ("m.room.power_levels", Some("")), ("m.room.redaction", None), (sender.as_str(), Some("x"))] {
                        let event = Event(json!({"type": kind, "state_key": key, "sender": sender, "content": contents[0],
                            "unsigned": {"prev_content": before, "replaces_state": contents[1]}}));
                        if let Some(line) = what_made_possible(&event, &state, &names) {
                            harmless(&Reply::text(line))?;
                        }
                    }
                }
            }
        }

        fn harmless(reply: &Reply) -> Result<(), TestCaseError> {
            let rendered = reply.render();
            prop_assert!(rendered.text.len() < 10_000 && rendered.html.len() < 18_000);
            let steering = rendered.text.contains(['\u{202e}', '\u{200b}']);
            prop_assert!(!steering);
            prop_assert!(!rendered.html.contains("<b>") && !rendered.html.contains("<a "));
            let parts = rendered.html.split("<code>");
            let outside: String = parts.map(|part| part.rsplit("</code>").next().unwrap_or("")).collect();
            for ping in ["@mod:hs", "https://evil.example"] {
                prop_assert!(!outside.contains(ping), "{ping} outside code in {}", rendered.html);
            }
            Ok(())
        }
    }
}
