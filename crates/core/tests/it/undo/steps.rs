//! Every kind of step, taken back and done again.

use gleipnir_core::{
    model::{
        BlockStatus, DeleteResult, Erase, HistoryPurge, Listing, LocalEvents, MemberChange, Mxc, NewToken,
        RateLimit, ReportKey, ReportKind, RoomSnapshot, Sanction, Sessions, Shutdown, TokenLimits, TokenWord,
    },
    plan::{
        DeleteApi, Effect, FilesOf, Inside, NotRedacted, Presence, Restored, Reverse, RoomRef, Step, Told,
        Wanted,
    },
    ruma::{
        OwnedUserId, owned_event_id, owned_room_alias_id, owned_room_id, owned_server_name, owned_user_id,
        user_id,
    },
};
use serde_json::json;

fn room() -> RoomRef {
    owned_room_id!("!a:hs.test").into()
}

fn eve() -> OwnedUserId {
    owned_user_id!("@eve:hs.test")
}

fn mxc() -> Mxc {
    "mxc://hs.test/cat".parse().expect("a file")
}

fn limit(n: u64) -> RateLimit {
    RateLimit { messages_per_second: n, burst_count: n }
}

fn limits(n: u64) -> TokenLimits {
    TokenLimits { uses_allowed: Some(n), expires_at: None }
}

fn word() -> TokenWord {
    TokenWord("welcome".into())
}

fn member(change: MemberChange) -> Step {
    Step::Member { room: room(), user: eve(), change, reason: None }
}

fn power(was: i64, to: Option<i64>) -> Step {
    Step::SetPower { room: room(), user: eve(), was, to }
}

fn shut_down() -> Step {
    let shutdown = Shutdown { block: true, purge: true, force_purge: false, notice: None };
    Step::ShutDownRoom { room: room(), shutdown, api: DeleteApi::V2 }
}

/// What takes a step back, with what was kept where it needs that.
fn reversed(step: &Step, effect: &Effect) -> Reverse {
    match step.reverse(effect) {
        Reverse::Restore(shut) => {
            let steps = shut.restore(Some(&RoomSnapshot::default()), user_id!("@bot:hs.test"), Wanted::Same);
            let steps = steps.expect("it was kept");
            let step = steps.into_iter().find(|step| matches!(step, Step::RestoreRoom { .. }));
            Reverse::By(step.expect("one restores"))
        }
        other => other,
    }
}

fn restore() -> Step {
    match reversed(&shut_down(), &effect(&shut_down(), None)) {
        Reverse::By(step) => step,
        other => panic!("{other:?}"),
    }
}

/// One of each kind.
fn all() -> Vec<Step> {
    let (alias, event_id) = (owned_room_alias_id!("#a:hs.test"), owned_event_id!("$e"));
    let report = ReportKey { kind: ReportKind::Event, id: 7, received_ts: 5 };
    let purge = HistoryPurge { up_to: event_id.clone(), local: LocalEvents::Kept };
    vec![
        Step::BlockRoom { room: room() },
        Step::UnblockRoom { room: room() },
        shut_down(),
        restore(),
        Step::PurgeEmptyRoom { room: room() },
        Step::MakeRoomAdmin { room: room(), user: eve() },
        Step::DeleteExtremities { room: room() },
        Step::PurgeHistory { room: room(), purge },
        Step::ListRoom { room: room() },
        Step::UnlistRoom { room: room() },
        Step::AddAlias { room: room(), alias: alias.clone() },
        Step::RemoveAlias { room: room(), alias },
        Step::JoinRoom { room: room() },
        Step::LeaveRoom { room: room() },
        Step::RedactEvent { room: room(), event_id, author: None, reason: None },
        Step::RedactUser { user: eve(), rooms: Vec::new(), reason: None, since: None, limit: None },
        member(MemberChange::Ban),
        member(MemberChange::Unban),
        member(MemberChange::Kick),
        member(MemberChange::Invite),
        Step::Sanction { user: eve(), sanction: Sanction::Lock },
        Step::Lift { user: eve(), sanction: Sanction::ShadowBan },
        Step::QuarantineMedia { media: mxc(), author: None },
        Step::UnquarantineMedia { media: mxc() },
        Step::DeleteReport { report },
        Step::IgnoreReporter { user: eve() },
        Step::HeedReporter { user: eve() },
        Step::Tell { user: eve(), text: "x".into(), key: "k".into() },
        Step::CallWebhook { name: "hook".into(), body: json!({}) },
        Step::LogOut { user: eve(), device: None },
        Step::Deactivate { user: eve(), erase: Erase::No },
        Step::Reactivate { user: eve() },
        Step::ResetPassword { user: eve(), recipient: eve(), sessions: Sessions::Ended },
        Step::JoinUser { room: room(), user: eve(), asked_by: None },
        power(0, Some(50)),
        power(50, None),
        Step::SetRateLimit { user: eve(), limit: Some(limit(1)) },
        Step::SetRateLimit { user: eve(), limit: None },
        Step::ProtectMedia { media: mxc() },
        Step::UnprotectMedia { media: mxc() },
        Step::DeleteMedia { media: mxc(), author: None },
        Step::DeleteMediaOf { user: eve() },
        Step::QuarantineAll { files: FilesOf::User(eve()), only: Some(vec![mxc()]) },
        Step::QuarantineAll { files: FilesOf::Room(room()), only: Some(vec![mxc()]) },
        Step::ReleaseAll { files: FilesOf::User(eve()), only: Some(vec![mxc()]) },
        Step::ReleaseAll { files: FilesOf::Room(room()), only: Some(vec![mxc()]) },
        Step::NewToken { new: NewToken { token: Some(word()), limits: limits(3) } },
        Step::EditToken { token: word(), limits: limits(3) },
        Step::DeleteToken { token: word() },
        Step::RetryServer { server: owned_server_name!("other.test") },
    ]
}

/// Whether a kind of step has a reverse. A new kind has to be put here, and into [`all`].
fn has_reverse(step: &Step) -> bool {
    match step {
        Step::BlockRoom { .. }
        | Step::UnblockRoom { .. }
        | Step::ListRoom { .. }
        | Step::UnlistRoom { .. }
        | Step::AddAlias { .. }
        | Step::RemoveAlias { .. }
        | Step::JoinRoom { .. }
        | Step::LeaveRoom { .. }
        | Step::Member { .. }
        | Step::Sanction { .. }
        | Step::Lift { .. }
        | Step::QuarantineMedia { .. }
        | Step::UnquarantineMedia { .. }
        | Step::IgnoreReporter { .. }
        | Step::HeedReporter { .. }
        | Step::SetPower { .. }
        | Step::SetRateLimit { .. }
        | Step::ProtectMedia { .. }
        | Step::UnprotectMedia { .. }
        | Step::QuarantineAll { .. }
        | Step::ReleaseAll { .. }
        | Step::NewToken { .. }
        | Step::EditToken { .. }
        | Step::ShutDownRoom { .. }
        | Step::RestoreRoom { .. }
        | Step::DeleteToken { .. } => true,
        Step::PurgeEmptyRoom { .. }
        | Step::MakeRoomAdmin { .. }
        | Step::DeleteExtremities { .. }
        | Step::PurgeHistory { .. }
        | Step::RedactEvent { .. }
        | Step::RedactUser { .. }
        | Step::DeleteReport { .. }
        | Step::Tell { .. }
        | Step::CallWebhook { .. }
        | Step::LogOut { .. }
        | Step::Deactivate { .. }
        | Step::Reactivate { .. }
        | Step::ResetPassword { .. }
        | Step::JoinUser { .. }
        | Step::DeleteMedia { .. }
        | Step::DeleteMediaOf { .. }
        | Step::RetryServer { .. } => false,
    }
}

/// What a step ends with where it changed something; `undone` is the step that it reverses, where it does.
fn effect(step: &Step, undone: Option<&Step>) -> Effect {
    match step {
        Step::BlockRoom { .. } => Effect::Blocked { before: BlockStatus::Open, inside: Inside::NotTold },
        Step::UnblockRoom { .. } => Effect::Unblocked { before: BlockStatus::Blocked(None) },
        Step::ShutDownRoom { .. } | Step::PurgeEmptyRoom { .. } => {
            Effect::ShutDown { result: DeleteResult::default(), blocked: None, known: None }
        }
        Step::RestoreRoom { room, .. } => {
            let room = room.clone();
            let restored = Restored { room, back: 0, missing: 0, is_watched: false, told: Told::default() };
            Effect::Restored { restored: Box::new(restored) }
        }
        Step::MakeRoomAdmin { .. } => {
            Effect::AdminMade { before: Some(0), level: Some(100), presence: Presence::Joined }
        }
        Step::DeleteExtremities { .. } => Effect::Trimmed { deleted: 3, left: Some(1) },
        Step::PurgeHistory { .. } => Effect::HistoryPurged,
        Step::ListRoom { .. } => Effect::Listed { before: Listing::Unlisted },
        Step::UnlistRoom { .. } => Effect::Unlisted { before: Listing::Listed },
        Step::AddAlias { .. } => Effect::AliasAdded { before: None },
        Step::RemoveAlias { room, .. } => Effect::AliasRemoved { before: Some(room.id.clone()) },
        Step::JoinRoom { room } => Effect::Entered { before: Presence::Outside, now: room.clone() },
        Step::LeaveRoom { .. } => Effect::Departed { before: Presence::Joined },
        Step::RedactEvent { .. } => Effect::EventRedacted,
        Step::RedactUser { .. } => Effect::UserRedacted { rooms: 1, events: 2, rest: NotRedacted::default() },
        Step::Member { change, .. } => {
            let before = match change {
                MemberChange::Ban | MemberChange::Kick => "join",
                MemberChange::Unban => "ban",
                MemberChange::Invite => "leave",
            };
            // Who was invited has not come yet.
            let invited = undone.is_some() && *change == MemberChange::Kick;
            Effect::MemberChanged { before: Some(if invited { "invite" } else { before }.into()) }
        }
        Step::Sanction { .. } => Effect::Sanctioned { before: false },
        Step::Lift { .. } => Effect::Lifted { before: true },
        Step::QuarantineMedia { .. } => Effect::Quarantined { before: false },
        Step::UnquarantineMedia { .. } => Effect::Unquarantined { before: true },
        Step::DeleteReport { .. } => Effect::ReportDeleted,
        Step::IgnoreReporter { .. } => Effect::ReporterIgnored,
        Step::HeedReporter { .. } => Effect::ReporterHeeded,
        Step::Tell { .. } => Effect::Told { room_id: None },
        Step::CallWebhook { .. } => Effect::WebhookCalled,
        Step::LogOut { .. } => Effect::LoggedOut { devices: 1 },
        Step::Deactivate { .. } => Effect::Deactivated { left: 1, inside: Vec::new() },
        Step::Reactivate { .. } => Effect::Reactivated,
        Step::ResetPassword { .. } => Effect::PasswordReset { room_id: room().id },
        Step::JoinUser { .. } => Effect::UserJoined { before: None },
        Step::SetPower { was, to, .. } => match undone {
            Some(Step::SetPower { to, .. }) => Effect::PowerSet { before: *to },
            _ => Effect::PowerSet { before: to.map_or(Some(*was), |_| None) },
        },
        Step::SetRateLimit { limit: now, .. } => match undone {
            Some(Step::SetRateLimit { limit, .. }) => Effect::RateLimitSet { before: *limit },
            _ => Effect::RateLimitSet { before: now.map_or(Some(limit(9)), |_| None) },
        },
        Step::ProtectMedia { .. } => Effect::Protected { before: false },
        Step::UnprotectMedia { .. } => Effect::Unprotected { before: true },
        Step::DeleteMedia { .. } | Step::DeleteMediaOf { .. } => Effect::MediaDeleted { files: 2 },
        Step::QuarantineAll { .. } => Effect::AllQuarantined { files: vec![mxc()], spared: 0 },
        Step::ReleaseAll { .. } => Effect::AllReleased { files: vec![mxc()] },
        Step::NewToken { .. } => Effect::TokenMade { token: word() },
        Step::EditToken { .. } => match undone {
            Some(Step::EditToken { limits, .. }) => Effect::TokenEdited { before: *limits },
            _ => Effect::TokenEdited { before: limits(8) },
        },
        Step::DeleteToken { .. } => Effect::TokenDeleted { before: limits(3) },
        Step::RetryServer { .. } => Effect::ServerRetried { reached: None },
    }
}

#[test]
fn the_reverse_of_the_reverse_is_the_step_itself_or_there_is_a_reason() {
    for step in all() {
        match reversed(&step, &effect(&step, None)) {
            Reverse::By(back) => {
                assert!(has_reverse(&step), "{step:?}");
                assert_eq!(
                    reversed(&back, &effect(&back, Some(&step))),
                    Reverse::By(step.clone()),
                    "{step:?}"
                );
                // Who has the last word is known by it, and by what takes it back.
                assert!(step.matter().is_some(), "{step:?}");
                assert_eq!(step.matter(), back.matter(), "{step:?}");
                assert_eq!(step.switch(), back.switch(), "{step:?}");
                let is_switch = step.switch().is_some();
                assert!(!is_switch || step.ends_as(&step) && !step.ends_as(&back), "{step:?}");
            }
            Reverse::Restore(_) => unreachable!("it was made a step above"),
            Reverse::Cannot(why) | Reverse::Nothing(why) => {
                assert!(!has_reverse(&step), "{step:?}: {why:?}");
                assert!(!why.is_empty(), "{step:?}");
            }
        }
    }
}

#[test]
fn what_was_left_as_somebody_else_changed_it_has_nothing_to_be_put_right() {
    for step in all() {
        let reverse = step.reverse(&Effect::ChangedSince);
        assert!(matches!(reverse, Reverse::Nothing(_)), "{step:?}: {reverse:?}");
    }
}
