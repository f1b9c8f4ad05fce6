//! The safety rails: what is never done, and what is asked about first. The last word before anything changes.

use ruma::RoomId;

use crate::plan::{FilesOf, Plan, Step};

/// What the rails say to a list of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands against it.
    Allow,
    /// A moderator has to confirm it; the sentence says why.
    Confirm(String),
    /// It is not done; the sentence says by which rule.
    Refuse(String),
}

/// Why a step is never done, whoever asks.
pub fn forbidden(step: &Step, management: &RoomId) -> Option<String> {
    match step {
        Step::BlockRoom { room } if room.id == management => Some(
            "That is the management room. Blocking it would lock moderators out, so I never do that.".to_owned(),
        ),
        Step::ShutDownRoom { room, .. } if room.id == management => Some(
            "That is the management room. Shutting it down would end moderation on this server, so I never do that."
                .to_owned(),
        ),
        Step::RestoreRoom { room, restoration }
            if room.id == management || restoration.notification.as_deref() == Some(management) =>
        {
            Some("That is the management room. I never make another one of it, nor close it.".to_owned())
        }
        Step::PurgeEmptyRoom { room } | Step::PurgeHistory { room, .. } if room.id == management => Some(
            "That is the management room. Its history is how moderators know what was done, so I never delete it."
                .to_owned(),
        ),
        Step::MakeRoomAdmin { room, .. } if room.id == management => Some(
            "That is the management room. Its power levels say who may use me, so I never change them.".to_owned(),
        ),
        Step::DeleteExtremities { room } if room.id == management => Some(
            "That is the management room. Its state could change with that, up to who may use me, so I never do that."
                .to_owned(),
        ),
        Step::ListRoom { room } if room.id == management => Some(
            "That is the management room. Listed in the directory it would draw strangers, so I never do that."
                .to_owned(),
        ),
        Step::RemoveAlias { room, .. } if room.id == management => Some(
            "That is the management room. I may find it by this alias, so I never delete it.".to_owned(),
        ),
        Step::RedactEvent { room, .. } if room.id == management => Some(
            "That is in the management room. What stands there is how moderators know what was done, so I never redact \
             there."
                .to_owned(),
        ),
        Step::Member { room, .. } if room.id == management => Some(
            "That is the management room. Who is in it says who may use me, so I never change that.".to_owned(),
        ),
        Step::JoinUser { room, .. } if room.id == management => Some(
            "That is the management room. Who is in it says who may use me, so I bring nobody into it.".to_owned(),
        ),
        Step::SetPower { room, .. } if room.id == management => Some(
            "That is the management room. Its power levels say who may use me, so I never change them.".to_owned(),
        ),
        Step::QuarantineAll { files: FilesOf::Room(room), .. } if room.id == management => Some(
            "That is the management room. Its files are how moderators know what they decided about, so I never quarantine \
             all of them."
                .to_owned(),
        ),
        Step::LeaveRoom { room } if room.id == management => {
            Some("That is the management room. I take commands there, so I never leave it.".to_owned())
        }
        Step::BlockRoom { .. }
        | Step::UnblockRoom { .. }
        | Step::ShutDownRoom { .. }
        | Step::RestoreRoom { .. }
        | Step::PurgeEmptyRoom { .. }
        | Step::MakeRoomAdmin { .. }
        | Step::DeleteExtremities { .. }
        | Step::PurgeHistory { .. }
        | Step::ListRoom { .. }
        | Step::UnlistRoom { .. }
        | Step::AddAlias { .. }
        | Step::RemoveAlias { .. }
        | Step::JoinRoom { .. }
        | Step::LeaveRoom { .. }
        | Step::RedactEvent { .. }
        | Step::RedactUser { .. }
        | Step::Member { .. }
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
        | Step::Deactivate { .. }
        | Step::Reactivate { .. }
        | Step::ResetPassword { .. }
        | Step::JoinUser { .. }
        | Step::SetPower { .. }
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
        | Step::RetryServer { .. } => None,
    }
}

/// Checks steps against the rails, against Plans that are under way, and against the size that is done without
/// asking (`confirm_over` steps).
pub fn check(steps: &[Step], management: &RoomId, under_way: &[Plan], confirm_over: usize) -> Verdict {
    if let Some(why) = steps.iter().find_map(|step| forbidden(step, management)) {
        return Verdict::Refuse(why);
    }
    if let Some(why) = steps.iter().find_map(|step| in_the_way(step, under_way)) {
        return Verdict::Refuse(why);
    }
    if let Some(why) = steps.iter().find_map(Step::irreversible) {
        return Verdict::Confirm(format!("This cannot simply be undone: {why}."));
    }
    if steps.len() > confirm_over {
        let is_room = |step: &Step| step.room_ref().is_some_and(|room| step.target() == room.id.as_str());
        let are_rooms = steps.iter().all(is_room);
        let what = if are_rooms { "rooms" } else { "changes" };
        return Verdict::Confirm(format!(
            "{} {what} at once is more than I change without asking.",
            steps.len()
        ));
    }
    Verdict::Allow
}

/// A Plan under way that a step would collide with: nothing else is done to a room that is being shut down.
fn in_the_way(step: &Step, under_way: &[Plan]) -> Option<String> {
    let room = &step.room_ref()?.id;
    under_way.iter().find_map(|plan| {
        let other = plan.steps.iter().find(|other| {
            other.step.room_ref().is_some_and(|other| other.id == *room)
                && other.outcome.is_none()
                && (other.step.ends_room() || step.ends_room())
        })?;
        let doing = if other.step.ends_room() { "is being shut down" } else { "is being worked on" };
        Some(format!("{} {doing} by job {id} already. Watch it with !job {id}.", room, id = plan.id))
    })
}

#[cfg(test)]
mod tests {
    use ruma::{owned_event_id, owned_room_id, owned_user_id, room_id};

    use super::*;
    use crate::{
        model::{DeleteResult, RoomSnapshot, Shutdown},
        plan::{DeleteApi, Origin, PlanState, PlannedStep, Shut},
    };

    fn shut_down(room: &RoomId) -> Step {
        let shutdown = Shutdown { block: true, purge: true, force_purge: false, notice: None };
        Step::ShutDownRoom { room: room.to_owned().into(), shutdown, api: DeleteApi::V2 }
    }

    /// What brings a room back whose members were moved to another one.
    fn restore(room: &RoomId, moved_to: &RoomId) -> Step {
        let Step::ShutDownRoom { room, shutdown, api } = shut_down(room) else { unreachable!("it is one") };
        let result = DeleteResult { new_room_id: Some(moved_to.to_string()), ..DeleteResult::default() };
        let shut = Shut { room, shutdown, api, result, blocked: Some(false), known: Some(false) };
        let steps = shut.restore(
            Some(&RoomSnapshot::default()),
            &owned_user_id!("@bot:hs.test"),
            crate::plan::Wanted::Same,
        );
        steps.expect("it was kept").remove(0)
    }

    fn block(room: &RoomId) -> Step {
        Step::BlockRoom { room: room.to_owned().into() }
    }

    fn running(step: Step) -> Plan {
        Plan {
            id: 7,
            origin: Origin::Command(owned_event_id!("$a")),
            command: "shutdown".into(),
            typed: String::new(),
            asked_by: owned_user_id!("@mod:hs.test"),
            asked_at: 0,
            because: None,
            undoes: None,
            case: None,
            lasts: None,
            state: PlanState::Running,
            decided_by: None,
            changed_at: 0,
            expires_at: 0,
            steps: vec![PlannedStep::from(step)],
        }
    }

    #[track_caller]
    fn check_says(steps: &[Step], under_way: &[Plan], want: &str) {
        let verdict = match check(steps, room_id!("!m:hs.test"), under_way, 2) {
            Verdict::Allow => "allow".to_owned(),
            Verdict::Confirm(why) => format!("confirm: {why}"),
            Verdict::Refuse(why) => format!("refuse: {why}"),
        };
        assert!(verdict.starts_with(want), "{verdict}");
    }

    #[test]
    fn the_rails_hold() {
        let (m, a, b, c) =
            (room_id!("!m:hs.test"), room_id!("!a:hs.test"), room_id!("!b:hs.test"), room_id!("!c:hs.test"));
        check_says(&[block(a)], &[], "allow");
        check_says(&[block(a), block(b)], &[], "allow");
        check_says(&[block(a), block(b), block(c)], &[], "confirm: 3 rooms");
        check_says(&[shut_down(a)], &[], "confirm: This cannot simply be undone");
        check_says(&[block(m)], &[], "refuse: That is the management room");
        check_says(&[block(a), shut_down(m)], &[], "refuse: That is the management room");
        let files = |room: &RoomId| FilesOf::Room(room.to_owned().into());
        check_says(
            &[Step::QuarantineAll { files: files(m), only: None }],
            &[],
            "refuse: That is the management",
        );
        check_says(&[Step::QuarantineAll { files: files(a), only: None }], &[], "allow");
        check_says(&[Step::UnblockRoom { room: m.to_owned().into() }], &[], "allow");
        check_says(&[Step::UnlistRoom { room: m.to_owned().into() }], &[], "allow");
        check_says(&[restore(a, b)], &[], "allow");
        check_says(&[restore(m, b)], &[], "refuse: That is the management room");
        check_says(&[restore(a, m)], &[], "refuse: That is the management room");
        check_says(
            &[restore(a, b)],
            &[running(shut_down(a))],
            "refuse: !a:hs.test is being shut down by job 7",
        );
        let trim = |room: &RoomId| Step::DeleteExtremities { room: room.to_owned().into() };
        check_says(&[trim(m)], &[], "refuse: That is the management room");
        check_says(&[trim(a)], &[], "confirm: This cannot simply be undone");
        check_says(&[trim(a)], &[running(shut_down(a))], "refuse: !a:hs.test is being shut down by job 7");
        check_says(&[shut_down(a)], &[running(trim(a))], "refuse: !a:hs.test is being worked on by job 7");
        check_says(
            &[shut_down(a)],
            &[running(shut_down(a))],
            "refuse: !a:hs.test is being shut down by job 7",
        );
        check_says(&[block(a)], &[running(shut_down(a))], "refuse: !a:hs.test is being shut down by job 7");
        check_says(&[shut_down(b)], &[running(shut_down(a))], "confirm");
        check_says(&[block(owned_room_id!("!a:hs.test").as_ref())], &[running(block(a))], "allow");
    }
}
