//! Which of the bot's own Plans an event comes from.

use ruma::UserId;

use crate::{
    model::{Event, MemberChange, Millis, is_local},
    plan::{Effect, Outcome, Plan, PlanState, PlannedStep, Step},
    reply::Line,
};

/// The clocks of servers differ, and Synapse goes on for a moment after it says that it is done.
const SLACK: Millis = 60_000;

/// The Plan that an event comes from, among those about its room. `me` is the bot.
pub fn cause<'a>(event: &Event, plans: &'a [Plan], me: &UserId) -> Option<&'a Plan> {
    let caused = plans.iter().filter(|plan| plan.steps.iter().any(|planned| causes(planned, event, me)));
    let near = caused.filter_map(|plan| Some((distance(plan, event.time())?, plan)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, plan)| plan)
}

/// How far the time of an event is from the work of a Plan, and from when it was asked for: of several that did the same
/// within a minute, an event comes from the one at work. `None` for what is too far.
fn distance(plan: &Plan, at: Millis) -> Option<(Millis, Millis)> {
    let ended = match plan.state {
        PlanState::Running => Millis::MAX,
        PlanState::Done => plan.changed_at,
        PlanState::Proposed | PlanState::Cancelled | PlanState::Expired => return None,
    };
    let outside = plan.asked_at.saturating_sub(at).max(at.saturating_sub(ended)).max(0);
    (outside <= SLACK).then(|| (outside, plan.asked_at.saturating_sub(at).saturating_abs()))
}

/// For whom and by which command: “for `@mod:hs.test`: `!shutdown #spam:hs.test` (job 12)”.
pub fn in_words(plan: &Plan) -> Line {
    Line::new()
        .text("for ")
        .code(plan.asked_by.as_str())
        .text(": ")
        .code(plan.typed.as_str())
        .text(format!(" (job {})", plan.id))
}

/// Whether a step brings such an event about.
fn causes(planned: &PlannedStep, event: &Event, me: &UserId) -> bool {
    // What happens while a job waits for its confirmation is not its doing.
    if planned.state.is_none() && planned.outcome.is_none() || planned.is_stopped() {
        return false;
    }
    let step = &planned.step;
    let is_member = event.kind() == "m.room.member";
    let target = event.state_key().unwrap_or_default();
    let is_own = is_member && target == me.as_str() && event.sender() == target;
    match step {
        // The server lets its users leave, each in their own name.
        Step::ShutDownRoom { .. } => {
            let is_ours = <&UserId>::try_from(target).is_ok_and(|user| is_local(user, me));
            let left = is_member && event.sender() == target && event.text("membership") == Some("leave");
            left && is_ours && was_removed(planned, target)
        }
        Step::MakeRoomAdmin { user, .. } => match event.kind() {
            // Somebody with the power to give it does so, or invites them, as the server makes them do.
            "m.room.power_levels" => {
                level(event.content(), user) != event.prev_content().and_then(|old| level(old, user))
            }
            "m.room.member" => target == user.as_str() && event.text("membership") == Some("invite"),
            _ => false,
        },
        Step::AddAlias { .. } | Step::RemoveAlias { .. } => {
            event.kind() == "m.room.canonical_alias" && event.sender() == me.as_str()
        }
        // What it makes there it makes in its own name, but who is brought back joins in theirs.
        Step::RestoreRoom { restoration, .. } => {
            let is_theirs = restoration.members.iter().any(|user| user == target);
            event.sender() == me.as_str()
                || is_member && is_theirs && event.text("membership") == Some("join")
        }
        // What others do to the bot is not its doing.
        Step::JoinRoom { .. } => is_own && event.text("membership") == Some("join"),
        Step::LeaveRoom { .. } => is_own && event.text("membership") == Some("leave"),
        Step::Member { user, change, .. } => {
            let becomes = event.text("membership");
            let was = event.prev_content().and_then(|old| old.get("membership")?.as_str());
            is_member
                && event.sender() == me.as_str()
                && target == user.as_str()
                && match change {
                    MemberChange::Kick => becomes == Some("leave") && was != Some("ban"),
                    MemberChange::Unban => becomes == Some("leave") && was.is_none_or(|was| was == "ban"),
                    MemberChange::Ban => becomes == Some("ban"),
                    MemberChange::Invite => becomes == Some("invite"),
                }
        }
        Step::JoinUser { user, .. } => {
            is_member && target == user.as_str() && event.text("membership") == Some("join")
        }
        Step::SetPower { user, to, .. } => {
            let now = level(event.content(), user);
            event.kind() == "m.room.power_levels"
                && event.sender() == me.as_str()
                && now.and_then(serde_json::Value::as_i64) == *to
                && event.prev_content().is_none_or(|old| level(old, user) != now)
        }
        Step::Deactivate { user, .. } => {
            is_member && target == user.as_str() && event.text("membership") == Some("leave")
        }
        // These change nothing in the room that is told of.
        Step::RedactEvent { .. }
        | Step::RedactUser { .. }
        | Step::Sanction { .. }
        | Step::Lift { .. }
        | Step::QuarantineMedia { .. }
        | Step::UnquarantineMedia { .. }
        | Step::DeleteReport { .. }
        | Step::IgnoreReporter { .. }
        | Step::HeedReporter { .. }
        | Step::Tell { .. }
        | Step::CallWebhook { .. }
        | Step::LogOut { .. }
        | Step::Reactivate { .. }
        | Step::ResetPassword { .. }
        | Step::SetRateLimit { .. }
        | Step::ProtectMedia { .. }
        | Step::UnprotectMedia { .. }
        | Step::DeleteMedia { .. }
        | Step::DeleteMediaOf { .. }
        | Step::QuarantineAll { .. }
        | Step::ReleaseAll { .. }
        | Step::NewToken { .. }
        | Step::EditToken { .. }
        | Step::DeleteToken { .. }
        | Step::RetryServer { .. } => false,
        Step::BlockRoom { .. }
        | Step::UnblockRoom { .. }
        | Step::PurgeEmptyRoom { .. }
        | Step::DeleteExtremities { .. }
        | Step::PurgeHistory { .. }
        | Step::ListRoom { .. }
        | Step::UnlistRoom { .. } => false,
    }
}

/// Whether a shutdown removed a user, by the list that the server gave of those in the end; until then, and when it gave
/// none, everybody who left meanwhile.
fn was_removed(planned: &PlannedStep, user: &str) -> bool {
    let Some(Outcome::Done { effect: Effect::ShutDown { result, .. } }) = &planned.outcome else {
        return true;
    };
    let mut removed = result.kicked_users.iter().chain(&result.failed_to_kick_users).peekable();
    removed.peek().is_none() || removed.any(|other| other == user)
}

fn level<'a>(content: &'a serde_json::Value, user: &UserId) -> Option<&'a serde_json::Value> {
    content.get("users")?.get(user.as_str())
}

#[cfg(test)]
mod tests {
    use ruma::{owned_event_id, owned_room_id, owned_user_id, user_id};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        model::{DeleteResult, Shutdown},
        plan::{DeleteApi, Origin, PlannedStep},
        reply::Reply,
    };

    fn plan(step: Step, state: PlanState) -> Plan {
        Plan {
            id: 12,
            origin: Origin::Command(owned_event_id!("$a")),
            command: "shutdown".into(),
            typed: "!shutdown #spam:hs.test".into(),
            asked_by: owned_user_id!("@mod:hs.test"),
            asked_at: 100_000,
            because: None,
            undoes: None,
            case: None,
            lasts: None,
            state,
            decided_by: None,
            changed_at: 200_000,
            expires_at: 0,
            steps: vec![PlannedStep { step, state: None, outcome: Some(failed()) }],
        }
    }

    fn failed() -> Outcome {
        Outcome::Failed { why: "The server was away.".into(), but: None }
    }

    fn event(kind: &str, sender: &str, key: &str, time: i64, content: &Value) -> Event {
        Event(
            json!({"type": kind, "sender": sender, "state_key": key, "origin_server_ts": time, "content": content}),
        )
    }

    #[track_caller]
    fn check(step: &Step, event: &Event, want: bool) {
        let plans = [plan(step.clone(), PlanState::Done)];
        assert_eq!(cause(event, &plans, user_id!("@bot:hs.test")).is_some(), want, "{step:?} {event:?}");
    }

    #[test]
    fn what_the_bot_did_is_known_by_what_it_was_asked_and_when() {
        let room = || owned_room_id!("!a:hs.test").into();
        let shutdown = Shutdown { block: true, purge: true, force_purge: false, notice: None };
        let shutdown = Step::ShutDownRoom { room: room(), shutdown, api: DeleteApi::V2 };
        let leave = json!({"membership": "leave"});
        let left = |by: &str, who: &str, time| event("m.room.member", by, who, time, &leave);
        check(&shutdown, &left("@a:hs.test", "@a:hs.test", 150_000), true);
        check(&shutdown, &left("@a:hs.test", "@a:hs.test", 40_000), true);
        check(&shutdown, &left("@a:hs.test", "@a:hs.test", 39_999), false);
        check(&shutdown, &left("@a:hs.test", "@a:hs.test", 260_000), true);
        check(&shutdown, &left("@a:hs.test", "@a:hs.test", 260_001), false);
        check(&shutdown, &left("@b:hs.test", "@a:hs.test", 150_000), false);
        check(&shutdown, &left("@a:far.test", "@a:far.test", 150_000), false);
        let admin = Step::MakeRoomAdmin { room: room(), user: owned_user_id!("@mod:hs.test") };
        let eve = || owned_user_id!("@eve:hs.test");
        let power = |to| Step::SetPower { room: room(), user: eve(), was: 0, to };
        let given = |level: i64, before: i64| {
            let mut event = event(
                "m.room.power_levels",
                "@bot:hs.test",
                "",
                150_000,
                &json!({"users": {"@eve:hs.test": level}}),
            );
            event.0["unsigned"] = json!({"prev_content": {"users": {"@eve:hs.test": before}}});
            event
        };
        check(&power(Some(-1)), &given(-1, 0), true);
        check(&power(Some(-1)), &given(0, -1), false);
        check(&power(Some(-1)), &given(-1, -1), false);
        let member = |change| Step::Member { room: room(), user: eve(), change, reason: None };
        let out = |was: &str| {
            let mut event = event("m.room.member", "@bot:hs.test", "@eve:hs.test", 150_000, &leave);
            event.0["unsigned"] = json!({"prev_content": {"membership": was}});
            event
        };
        for (change, was, want) in [
            (MemberChange::Kick, "join", true),
            (MemberChange::Kick, "ban", false),
            (MemberChange::Unban, "ban", true),
            (MemberChange::Unban, "join", false),
        ] {
            check(&member(change), &out(was), want);
        }
        let levels =
            |users: Value| event("m.room.power_levels", "@o:hs.test", "", 150_000, &json!({"users": users}));
        check(&admin, &levels(json!({"@mod:hs.test": 100})), true);
        check(&admin, &levels(json!({"@eve:hs.test": 100})), false);
        let invite = json!({"membership": "invite"});
        check(&admin, &event("m.room.member", "@o:hs.test", "@mod:hs.test", 150_000, &invite), true);
        check(&admin, &event("m.room.member", "@o:hs.test", "@eve:hs.test", 150_000, &invite), false);
        let (join, go) = (Step::JoinRoom { room: room() }, Step::LeaveRoom { room: room() });
        let of_bot = |by: &str, now: &str| {
            event("m.room.member", by, "@bot:hs.test", 150_000, &json!({"membership": now}))
        };
        for (step, by, now, want) in [
            (&join, "@bot:hs.test", "join", true),
            (&join, "@mod:hs.test", "invite", false),
            (&join, "@mod:hs.test", "ban", false),
            (&join, "@bot:hs.test", "leave", false),
            (&go, "@bot:hs.test", "leave", true),
            (&go, "@mod:hs.test", "leave", false),
            (&go, "@bot:hs.test", "join", false),
        ] {
            check(step, &of_bot(by, now), want);
        }
        let alias = Step::RemoveAlias { room: room(), alias: ruma::owned_room_alias_id!("#a:hs.test") };
        check(&alias, &event("m.room.canonical_alias", "@bot:hs.test", "", 150_000, &json!({})), true);
        check(&alias, &event("m.room.canonical_alias", "@o:hs.test", "", 150_000, &json!({})), false);
        check(&Step::BlockRoom { room: room() }, &left("@a:hs.test", "@a:hs.test", 150_000), false);
        for (state, want) in [
            (PlanState::Running, true),
            (PlanState::Proposed, false),
            (PlanState::Cancelled, false),
            (PlanState::Expired, false),
        ] {
            let plans = [plan(shutdown.clone(), state)];
            let event = left("@a:hs.test", "@a:hs.test", 150_000);
            assert_eq!(cause(&event, &plans, user_id!("@bot:hs.test")).is_some(), want, "{state:?}");
        }
        // Who leaves while a job waits does so by themselves, and so does who is not among those that the server removed.
        let mut waiting = plan(shutdown.clone(), PlanState::Running);
        waiting.steps = vec![PlannedStep::from(shutdown.clone())];
        let event = left("@a:hs.test", "@a:hs.test", 150_000);
        assert_eq!(cause(&event, &[waiting], user_id!("@bot:hs.test")), None);
        for (kicked, want) in [(vec![], true), (vec!["@a:hs.test"], true), (vec!["@b:hs.test"], false)] {
            let mut done = plan(shutdown.clone(), PlanState::Done);
            let kicked_users = kicked.into_iter().map(str::to_owned).collect();
            let result = DeleteResult { kicked_users, ..DeleteResult::default() };
            let effect = Effect::ShutDown { result, blocked: Some(true), known: Some(false) };
            done.steps[0].outcome = Some(Outcome::Done { effect });
            assert_eq!(cause(&event, &[done], user_id!("@bot:hs.test")).is_some(), want);
        }
        // Of several that did the same one soon after the other, it is the one that was at work then.
        let turn = |id, asked_at, changed_at| {
            let (room, user) = (room(), owned_user_id!("@a:hs.test"));
            let step = Step::Member { room, user, change: MemberChange::Kick, reason: None };
            Plan { id, asked_at, changed_at, ..plan(step, PlanState::Done) }
        };
        let asked = [turn(3, 120_000, 121_000), turn(2, 119_000, 125_000), turn(1, 100_000, 110_000)];
        let mut turns = vec![turn(4, 130_000, 130_000)];
        turns[0].state = PlanState::Running;
        turns.extend(asked);
        for (at, want) in [(99_000, 1), (105_000, 1), (120_500, 3), (121_500, 2), (127_000, 2), (131_000, 4)]
        {
            let event = left("@bot:hs.test", "@a:hs.test", at);
            let found = cause(&event, &turns, user_id!("@bot:hs.test")).map(|plan| plan.id);
            assert_eq!(found, Some(want), "{at}");
        }
        let said = Reply::text(in_words(&plan(shutdown, PlanState::Done))).render().text;
        assert_eq!(said, "for `@mod:hs.test`: `!shutdown #spam:hs.test` (job 12)");
    }

    #[test]
    fn of_two_that_did_the_same_the_last_one_before_it_counts() {
        let room = || owned_room_id!("!a:hs.test").into();
        let step = || Step::Member {
            room: room(),
            user: owned_user_id!("@eve:hs.test"),
            change: MemberChange::Kick,
            reason: None,
        };
        let asked = |id, asked_at| Plan { id, asked_at, ..plan(step(), PlanState::Done) };
        let plans = [asked(3, 190_000), asked(2, 150_000), asked(1, 100_000)];
        let leave = json!({"membership": "leave"});
        for (time, id) in [(100_500, 1), (150_000, 2), (189_999, 2), (195_000, 3), (95_000, 1)] {
            let event = event("m.room.member", "@bot:hs.test", "@eve:hs.test", time, &leave);
            let found = cause(&event, &plans, user_id!("@bot:hs.test")).map(|plan| plan.id);
            assert_eq!(found, Some(id), "{time}");
        }
    }
}
