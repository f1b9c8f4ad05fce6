//! What is done in each room, step by step, and the sentence that tells it, or how the server refuses it.

use serde_json::{Value, json};

use super::id;

/// Something that somebody does in the room.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) by: &'static str,
    /// The end of the path, such as `kick`; or a type of state.
    pub(super) act: &'static str,
    /// To whom it is done; or the state key.
    pub(super) key: String,
    pub(super) body: Value,
    pub(super) then: Then,
}

/// What comes of a step.
#[derive(Debug)]
pub(super) enum Then {
    /// It is told, with names in capitals: see [`Room::in_full`](super::Room::in_full).
    Told(String),
    /// The server takes it, and nothing changes.
    Nothing,
    /// The server refuses it, with this status and error code.
    Refused(u16, &'static str),
}

const FORBIDDEN: Then = Then::Refused(403, "M_FORBIDDEN");
const BANNED: Then = Then::Refused(403, "M_BAD_STATE");

impl From<&str> for Then {
    fn from(sentence: &str) -> Self {
        Self::Told(sentence.to_owned())
    }
}

fn step(by: &'static str, act: &'static str, to: &str, body: Value, then: impl Into<Then>) -> Step {
    let key = if to.is_empty() { String::new() } else { id(to) };
    Step { by, act, key, body, then: then.into() }
}

fn state(by: &'static str, kind: &'static str, key: &str, body: Value, then: impl Into<Then>) -> Step {
    Step { by, act: kind, key: key.to_owned(), body, then: then.into() }
}

fn none() -> Value {
    json!({})
}

fn reason(reason: &str) -> Value {
    json!({"reason": reason})
}

/// All of it. Never four of one kind among twenty in a row: these would be told in one line.
pub(super) fn steps(version: u8, club: &str) -> Vec<Step> {
    [
        invited(),
        banned(),
        knocking(),
        profiles(),
        settings(),
        opened(),
        powers(version),
        restricted(version, club),
        closed(version, club),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The room is for invited people.
fn invited() -> Vec<Step> {
    vec![
        step("ana", "join", "", none(), FORBIDDEN),
        step("ana", "knock", "", none(), FORBIDDEN),
        step("mod", "invite", "ana", reason("come in"), "MOD invited ANA, because “come in”"),
        step(
            "mod",
            "invite",
            "ana",
            reason("please"),
            "MOD repeated the invitation for ANA, because “please”",
        ),
        step("ana", "knock", "", none(), FORBIDDEN),
        step("ana", "join", "", none(), "ANA accepted the invitation from MOD"),
        step("ana", "knock", "", none(), FORBIDDEN),
        step("mod", "invite", "ana", none(), FORBIDDEN),
        state(
            "mod",
            "m.room.member",
            &id("cat"),
            json!({"membership": "invite", "is_direct": true}),
            "MOD invited CAT to a direct chat",
        ),
        step(
            "cat",
            "leave",
            "",
            reason("no, thanks"),
            "CAT declined the invitation from MOD, because “no, thanks”",
        ),
        step("cat", "leave", "", none(), FORBIDDEN),
        step("mod", "kick", "cat", none(), FORBIDDEN),
        step("kim", "invite", "bob", none(), "KIM invited BOB"),
        step(
            "mod",
            "kick",
            "bob",
            reason("a mistake"),
            "MOD withdrew the invitation for BOB, who had been invited by KIM, because “a mistake”",
        ),
    ]
}

/// Bans, and what nobody who is banned can do.
fn banned() -> Vec<Step> {
    vec![
        step("kim", "invite", "bob", reason("not a mistake"), "KIM invited BOB, because “not a mistake”"),
        step("mod", "ban", "bob", reason("spam"), "MOD banned BOB, who had been invited, because “spam”"),
        step("mod", "ban", "bob", reason("spam"), Then::Nothing),
        step(
            "kim",
            "ban",
            "bob",
            reason("a raid"),
            "KIM changed the ban of `@bob:hs.test`, because “a raid” (before: “spam”)",
        ),
        step("bob", "join", "", none(), BANNED),
        step("bob", "knock", "", none(), BANNED),
        step("bob", "leave", "", none(), FORBIDDEN),
        step("mod", "invite", "bob", none(), BANNED),
        step("mod", "kick", "bob", none(), BANNED),
        step("mod", "unban", "bob", none(), "MOD unbanned `@bob:hs.test`, who had been banned by KIM"),
        state(
            "mod",
            "m.room.member",
            &id("dan"),
            json!({"membership": "leave"}),
            "MOD recorded `@dan:hs.test` as gone, though not in the room",
        ),
        step("mod", "ban", "@far:far.test", none(), "MOD banned `@far:far.test`"),
        state(
            "kim",
            "m.room.member",
            &id("dan"),
            json!({"membership": "ban", "reason": "spam", "org.matrix.msc4293.redact_events": true}),
            "KIM banned `@dan:hs.test` and asked servers to hide all their messages, because “spam”",
        ),
    ]
}

/// People can ask to be let in.
fn knocking() -> Vec<Step> {
    vec![
        state(
            "mod",
            "m.room.join_rules",
            "",
            json!({"join_rule": "knock"}),
            "MOD changed who can join: now people can ask to join; someone inside must accept; before: only invited people can join",
        ),
        step("eve", "join", "", none(), FORBIDDEN),
        step("eve", "knock", "", reason("let me in"), "EVE asked to be let in, because “let me in”"),
        step("eve", "knock", "", reason("please"), "EVE repeated the request to be let in, because “please”"),
        step("eve", "leave", "", none(), "EVE took back the request to be let in"),
        step("eve", "knock", "", none(), "EVE asked to be let in"),
        step("mod", "kick", "eve", reason("no"), "MOD refused to let EVE in, because “no”"),
        step("fay", "knock", "", none(), "FAY asked to be let in"),
        step("kim", "invite", "fay", none(), "KIM let FAY in, with an invitation"),
        step("fay", "knock", "", none(), FORBIDDEN),
        step(
            "fay",
            "join",
            "",
            reason("here I am"),
            "FAY accepted the invitation from KIM, because “here I am”",
        ),
        step("fay", "leave", "", reason("bye"), "FAY left, because “bye”"),
    ]
}

/// From join to join.
fn profiles() -> Vec<Step> {
    let ana = |fields: Value, sentence: &str| {
        let mut body = json!({"membership": "join"});
        super::merge(&mut body, &fields);
        state("ana", "m.room.member", &id("ana"), body, sentence)
    };
    let (one, two) = ("mxc://hs.test/one", "mxc://hs.test/two");
    vec![
        ana(json!({"displayname": "Annie"}), "ANA changed the name from “ana” to “Annie”"),
        ana(
            json!({"displayname": "Ana B", "avatar_url": one}),
            "Annie (`@ana:hs.test`) changed the name from “Annie” to “Ana B” and set a picture",
        ),
        ana(json!({"displayname": "Ana B", "avatar_url": two}), "Ana B (`@ana:hs.test`) changed the picture"),
        ana(json!({"displayname": "", "avatar_url": two}), "Ana B (`@ana:hs.test`) removed the name “Ana B”"),
        ana(
            json!({"displayname": "", "avatar_url": two, "reason": "why not"}),
            "`@ana:hs.test` sent the membership again, with nothing visible changed, because “why not”",
        ),
        state(
            "mod",
            "m.room.member",
            &id("ana"),
            json!({"membership": "join", "displayname": "Fool"}),
            FORBIDDEN,
        ),
        step("mod", "kick", "ana", reason("calm down"), "MOD kicked `@ana:hs.test`, because “calm down”"),
        step("ana", "leave", "", none(), FORBIDDEN),
    ]
}

/// What the room is like.
fn settings() -> Vec<Step> {
    vec![
        state("mod", "m.room.topic", "", json!({"topic": "tea"}), "MOD set the topic to “tea”"),
        state(
            "mod",
            "m.room.topic",
            "",
            json!({"topic": "coffee"}),
            "MOD changed the topic from “tea” to “coffee”",
        ),
        state(
            "mod",
            "m.room.avatar",
            "",
            json!({"url": "mxc://hs.test/one"}),
            "MOD set the room's picture to `mxc://hs.test/one`",
        ),
        state(
            "mod",
            "m.room.history_visibility",
            "",
            json!({"history_visibility": "world_readable"}),
            "MOD changed who can read the history: now anyone can read it, without joining; before: members can read all of it ⚠️ Anybody can read what is written from now on, without joining.",
        ),
        state(
            "mod",
            "m.room.guest_access",
            "",
            json!({"guest_access": "forbidden"}),
            "MOD changed guest access: now guests cannot join; before: guests can join",
        ),
        state(
            "mod",
            "m.room.pinned_events",
            "",
            json!({"pinned": ["$a"]}),
            "MOD set the pinned messages, 1 in all: `$a`",
        ),
        state(
            "mod",
            "m.room.server_acl",
            "",
            json!({"allow": ["*"], "deny": ["evil.test"]}),
            "MOD set which servers may take part: all may take part, but for 1 pattern denied (denied: `evil.test`; allowed: `*`)",
        ),
        state(
            "kim",
            "m.room.server_acl",
            "",
            json!({"allow": ["*"], "deny": ["*.bad.test"]}),
            "KIM changed which servers may take part: `*.bad.test` is denied, `evil.test` is no longer denied",
        ),
        state(
            "kim",
            "m.room.server_acl",
            "",
            json!({"allow": ["*"], "deny": ["hs.test"]}),
            Then::Refused(400, "M_UNKNOWN"),
        ),
        state(
            "mod",
            "m.room.third_party_invite",
            "token",
            json!({"display_name": "a…@example.org", "key_validity_url": "https://id.test/valid", "public_key": "AAAA"}),
            "MOD invited “`a…@example.org`” by e-mail",
        ),
        state(
            "mod",
            "m.room.third_party_invite",
            "token",
            json!({}),
            "MOD withdrew the e-mail invitation for “`a…@example.org`”",
        ),
        state(
            "mod",
            "m.policy.rule.user",
            "rule",
            json!({"entity": "@*:evil.test", "recommendation": "m.ban", "reason": "spam"}),
            "MOD set the rule to ban the user `@*:evil.test`, because “spam”",
        ),
        state(
            "mod",
            "org.example.thing",
            "",
            json!({"a": 1}),
            "MOD set `org.example.thing` (now: `{\"a\":1}`)",
        ),
    ]
}

/// The room becomes public while people wait to be let in.
fn opened() -> Vec<Step> {
    vec![
        step("hal", "knock", "", none(), "HAL asked to be let in"),
        step("jim", "knock", "", none(), "JIM asked to be let in"),
        step("mod", "ban", "jim", reason("no"), "MOD refused and banned JIM, because “no”"),
        state(
            "kim",
            "m.room.join_rules",
            "",
            json!({"join_rule": "public"}),
            "KIM changed who can join: now anyone can join; before: people can ask to join; someone inside must accept ⚠️ Anybody can join now, from every server that is not denied.",
        ),
        step(
            "hal",
            "join",
            "",
            none(),
            "HAL joined without waiting for an answer, because the room has become public",
        ),
        step("jim", "join", "", none(), BANNED),
        step("lia", "join", "", none(), "LIA joined, because the room is public"),
        step("ida", "join", "", reason("hello"), "IDA joined, because “hello” (because the room is public)"),
        step("kim", "ban", "ida", reason("out"), "KIM removed and banned IDA, because “out”"),
        step(
            "mod",
            "unban",
            "ida",
            reason("fine"),
            "MOD unbanned IDA, who had been banned by KIM, because “fine”",
        ),
        step("lia", "leave", "", none(), "LIA left"),
    ]
}

fn powers(version: u8) -> Vec<Step> {
    let levels = |by, levels, sentence: &str| state(by, "m.room.power_levels", "", levels, sentence);
    vec![
        levels(
            "mod",
            json!({"users": {"@hal:hs.test": 50}}),
            "MOD raised HAL from power 0 to 50 ⚠️ HAL has power 50 now, enough to kick and to ban.",
        ),
        levels("kim", json!({"users": {"@hal:hs.test": 0}}), "KIM lowered HAL from power 50 to 0"),
        levels(
            "kim",
            json!({"users_default": 50}),
            "KIM changed the power levels: everybody else went up from 0 to 50 ⚠️ Everybody who has no power of their own has 50 now. ⚠️ Everybody has enough power now to change settings: it takes 50, and everybody has 50 or more. ⚠️ Everybody has enough power now to kick: it takes 50, and everybody has 50 or more. ⚠️ Everybody has enough power now to ban: it takes 50, and everybody has 50 or more. ⚠️ Everybody has enough power now to redact: it takes 50, and everybody has 50 or more. ⚠️ Everybody has enough power now to send `m.room.canonical_alias`: it takes 50, and everybody has 50 or more.",
        ),
        levels(
            "kim",
            json!({"users_default": 0, "ban": 60}),
            "KIM changed the power levels: everybody else went down from 50 to 0, it takes 60 instead of 50 to ban",
        ),
        state(
            "mod",
            "m.room.name",
            "",
            json!({"name": "Tea room"}),
            format!("MOD changed the room's name from “Lounge {version}” to “Tea room”").as_str(),
        ),
    ]
}

/// Members of the club can join.
fn restricted(version: u8, club: &str) -> Vec<Step> {
    let rule =
        |rule: &str| json!({"join_rule": rule, "allow": [{"type": "m.room_membership", "room_id": club}]});
    let mut steps = vec![
        state(
            "mod",
            "m.room.join_rules",
            "",
            rule("restricted"),
            "MOD changed who can join: now members of CLUB can join, everybody else needs an invitation; before: anyone can join ⚠️ Anybody can join CLUB, and by way of it this room: it is as good as public.",
        ),
        step(
            "vee",
            "join",
            "",
            none(),
            "VEE joined, vouched for by MOD, because they are a member of CLUB, which this room lets in",
        ),
        step("lia", "join", "", none(), FORBIDDEN),
        step("lia", "knock", "", none(), FORBIDDEN),
    ];
    if version >= 10 {
        steps.extend([
            state("mod", "m.room.join_rules", "", rule("knock_restricted"), "MOD changed who can join: now members of CLUB can join, everybody else can ask; before: members of CLUB can join, everybody else needs an invitation ⚠️ Anybody can join CLUB, and by way of it this room: it is as good as public."),
            step("nat", "knock", "", none(), "NAT asked to be let in"),
            step("nat", "join", "", none(), "NAT joined without waiting for an answer, vouched for by MOD, because they are a member of CLUB, which this room lets in"),
            step("lia", "join", "", none(), FORBIDDEN),
        ]);
    } else {
        steps.extend([
            state("mod", "m.room.join_rules", "", rule("knock_restricted"), "MOD changed who can join: now nobody, for room version `9` does not know the rule “knock_restricted”; before: members of CLUB can join, everybody else needs an invitation ⚠️ Not even invited people can join until another rule is set."),
            step("nat", "knock", "", none(), FORBIDDEN),
            step("nat", "join", "", none(), FORBIDDEN),
        ]);
    }
    steps
}

/// Nobody comes in any more.
fn closed(version: u8, club: &str) -> Vec<Step> {
    let before = match version {
        10.. => "members of CLUB can join, everybody else can ask",
        _ => "nobody, for room version `9` does not know the rule “knock_restricted”",
    };
    let private = format!(
        "KIM changed who can join: now private (a rule without a meaning): nobody can join, not even the invited; \
         before: {before} ⚠️ Servers do not know this rule: not even \
         invited people can join."
    );
    vec![
        state("kim", "m.room.join_rules", "", json!({"join_rule": "private"}), private.as_str()),
        step("kim", "invite", "cat", none(), "KIM invited CAT"),
        step("cat", "join", "", none(), FORBIDDEN),
        step("cat", "knock", "", none(), FORBIDDEN),
        state(
            "mod",
            "m.room.encryption",
            "",
            json!({"algorithm": "m.megolm.v1.aes-sha2"}),
            "MOD turned on encryption (`m.megolm.v1.aes-sha2`) (from now on neither the server nor my commands can read what is written)",
        ),
        state(
            "mod",
            "m.room.tombstone",
            "",
            json!({"body": "we have moved", "replacement_room": club}),
            "MOD closed the room in favour of CLUB: “we have moved”",
        ),
    ]
}
