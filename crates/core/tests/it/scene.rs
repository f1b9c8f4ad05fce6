//! What the conversations have in common: the people, a bad room, and looking at what was said.

use gleipnir_core::{
    plan::{Origin, Plan, PlanId, PlanState, PlannedStep, Step, StepState},
    ports::{Change, Clock as _, Records, Store as _},
    ruma::{OwnedEventId, RoomId, UserId, owned_event_id, room_id, user_id},
    testing::Stage,
};
use serde_json::{Value, json};

/// Power level 50: may act.
pub(crate) fn moderator() -> &'static UserId {
    user_id!("@mod:hs.test")
}

/// A creator of the management room: may act.
pub(crate) fn other() -> &'static UserId {
    user_id!("@other:hs.test")
}

/// Power level 0: may read.
pub(crate) fn watcher() -> &'static UserId {
    user_id!("@watcher:hs.test")
}

pub(crate) fn bad_room() -> &'static RoomId {
    room_id!("!bad:hs.test")
}

/// A stage with the room “Spam”, `#bad:hs.test`, `!bad:hs.test`: three local members and one remote.
pub(crate) fn stage() -> Stage {
    let stage = Stage::default();
    stage.room(bad_room(), "Spam", "#bad:hs.test", 3);
    stage
}

/// The write that a plain `!shutdown` of the bad room leads to.
pub(crate) const DELETED: &str =
    r#"delete !bad:hs.test {"block":true,"force_purge":false,"notice":null,"purge":true}"#;

/// A text message with HTML.
pub(crate) fn html(body: &str, formatted_body: &str) -> Value {
    json!({"msgtype": "m.text", "body": body, "format": "org.matrix.custom.html", "formatted_body": formatted_body})
}

/// A message of any content; everything that follows happens; what the bot answers, if it does.
pub(crate) async fn send(stage: &mut Stage, content: &Value) -> Option<String> {
    let event = stage.receive(moderator(), "m.room.message", content);
    stage.handle().await;
    stage.execute().await;
    answer_to(stage, &event)
}

/// What was said directly about an event: the answer to it, or the preview or report of the Plan that it made.
pub(crate) fn answer_to(stage: &Stage, event: &OwnedEventId) -> Option<String> {
    let answer = stage.store.said(&format!("answer-{event}"));
    let plan = plans(stage).into_iter().find(|plan| plan.origin.event() == Some(event));
    let of_plan = plan.and_then(|plan| {
        let report = stage.store.said(&Plan::report_key(plan.id));
        report.or_else(|| stage.store.said(&Plan::preview_key(plan.id)))
    });
    answer.or(of_plan).map(|rendered| rendered.text)
}

/// The event of the command that a Plan came from.
pub(crate) fn asked(stage: &Stage, id: PlanId) -> OwnedEventId {
    plan(stage, id).origin.event().expect("a command").clone()
}

/// All Plans, newest first.
pub(crate) fn plans(stage: &Stage) -> Vec<Plan> {
    stage.store.plans(&gleipnir_core::ports::Which::default()).expect("the store reads")
}

pub(crate) fn plan(stage: &Stage, id: PlanId) -> Plan {
    stage.store.plan(id).expect("the store reads").expect("there is such a plan")
}

/// Fails unless `text` contains every part.
#[track_caller]
pub(crate) fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

/// A Plan of one step that is under way, as an earlier process, or a hand in the database, may have left it: it is
/// executed, and what is reported is given back.
pub(crate) async fn left_behind(stage: &Stage, step: Step, begun: Option<StepState>) -> String {
    let id = under_way(stage, step, begun);
    stage.execute().await;
    stage.store.said(&Plan::report_key(id)).expect("it is reported").text
}

/// The same, not executed yet.
pub(crate) fn under_way(stage: &Stage, step: Step, begun: Option<StepState>) -> PlanId {
    let id = stage.store.next_plan_id().expect("the store reads");
    let now = stage.clock.now();
    let plan = Plan {
        id,
        origin: Origin::Command(owned_event_id!("$earlier")),
        command: step.command().to_owned(),
        typed: format!("!{}", step.command()),
        asked_by: moderator().to_owned(),
        asked_at: now,
        because: None,
        undoes: None,
        case: None,
        lasts: None,
        state: PlanState::Running,
        decided_by: Some(moderator().to_owned()),
        changed_at: now,
        expires_at: now,
        steps: vec![PlannedStep { step, state: begun, outcome: None }],
    };
    stage.store.commit(vec![Change::Plan(Box::new(plan))]).expect("the store writes");
    id
}

/// The room that a step is about.
pub(crate) fn room_of(planned: &PlannedStep) -> &RoomId {
    &planned.step.room_ref().expect("it is about a room").id
}
