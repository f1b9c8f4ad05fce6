//! Invitations to the bot: from a member of the management room, to a room that is to be watched.

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use tracing::info;

use super::{Confirmer, Desk, asking, second::Second};
use crate::{
    model::Standing,
    plan::{Origin, Plan, PlanState, PlannedStep, Step},
    ports::{Change, Fault, StoreError, Which, in_turn},
    reply::{Line, Reply},
    speech::{Mark, NO, Say, YES},
};

/// What the jobs of invitations are called.
const COMMAND: &str = "invitation";

/// An invitation. What it says about the room is not kept: it is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Who invites, where the homeserver told.
    pub inviter: Option<OwnedUserId>,
    /// The event that invites, where the homeserver told.
    pub event_id: Option<OwnedEventId>,
}

/// What is known of the event that invites.
enum Invite {
    Event(OwnedEventId),
    /// All invitations of such a room look alike.
    Unknown,
    /// The bot has joined meanwhile, or the invitation was withdrawn.
    Over,
}

/// Why an invitation could not be dealt with yet.
#[derive(Debug, thiserror::Error)]
pub enum NotYet {
    /// The homeserver could not say who the inviter is.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Takes an invitation, as a Plan of its own, when it comes from a member of the management room; tells of it once
    /// and leaves it alone otherwise. The same invitation may come again.
    pub async fn invited(&self, invitation: &Invitation) -> Result<(), NotYet> {
        self.afresh().answer_invitation(invitation).await
    }

    async fn answer_invitation(&self, invitation: &Invitation) -> Result<(), NotYet> {
        let room = &invitation.room_id;
        if *room == self.settings.management {
            return Ok(());
        }
        if let Some(by) = &invitation.inviter
            && self.lookup.standing(by).await? != Standing::Outside
        {
            let which = match self.which(invitation).await? {
                Invite::Event(event) => event.to_string(),
                Invite::Unknown => String::new(),
                Invite::Over => return Ok(()),
            };
            let steps = [Step::JoinRoom { room: room.clone().into() }];
            let second = self.second(by, COMMAND, &steps).await?;
            return Ok(in_turn(&*self.store, || self.take(invitation, by, &which, second.as_ref()))?);
        }
        let by = invitation.inviter.as_ref().map_or("somebody", |by| by.as_str());
        info!(%room, by, "an invitation is left alone");
        let line = Line::new()
            .code(by)
            .text(" invited me to ")
            .code(room.as_str())
            .text(". I leave the invitation alone: I watch rooms when a member of this room invites me.");
        Ok(self.announce(&format!("invite-{room}-{by}"), &Reply::text(line))?)
    }

    /// Which invitation it is: that tells a new one from one that was taken before. Synapse leaves the event's ID out of
    /// what it says to the invited, but an admin can look.
    async fn which(&self, invitation: &Invitation) -> Result<Invite, Fault> {
        if let Some(event) = &invitation.event_id {
            return Ok(Invite::Event(event.clone()));
        }
        let members = match self.lookup.state(&invitation.room_id, Some("m.room.member")).await {
            Ok(members) => members,
            // A room with so many members that they cannot be read in time: nothing else is to wait for it again and again.
            Err(Fault::Timeout) => return Ok(Invite::Unknown),
            Err(fault) if fault.is_passing() => return Err(fault),
            // A room that nobody of this server is in, or no right to look.
            Err(_) => return Ok(Invite::Unknown),
        };
        let me = self.lookup.me().as_str();
        Ok(match members.iter().find(|event| event.state_key() == Some(me)) {
            Some(event) if event.text("membership") != Some("invite") => Invite::Over,
            Some(event) => event.event_id().map_or(Invite::Unknown, |id| Invite::Event(id.to_owned())),
            None => Invite::Unknown,
        })
    }

    fn take(
        &self,
        invitation: &Invitation,
        by: &OwnedUserId,
        which: &str,
        second: Option<&Second>,
    ) -> Result<(), StoreError> {
        let room = &invitation.room_id;
        let origin = Origin::Invitation(format!("{room} {by} {which}"));
        let about = Which { about: Some(room.to_string()), ..Which::default() };
        if self.store.plans(&about)?.iter().any(|plan| plan.origin == origin) {
            return Ok(());
        }
        let (id, now) = (self.store.next_plan_id()?, self.clock.now());
        info!(moderator = %by, plan = id, %room, "an invitation is taken");
        let mut plan = Plan {
            id,
            origin,
            command: COMMAND.to_owned(),
            typed: format!("invitation to {room}"),
            asked_by: by.clone(),
            asked_at: now,
            because: None,
            undoes: None,
            case: None,
            lasts: None,
            state: PlanState::Running,
            decided_by: Some(by.clone()),
            changed_at: now,
            expires_at: now,
            steps: vec![PlannedStep::from(Step::JoinRoom { room: room.clone().into() })],
        };
        let Some(second) = second else {
            self.commit(vec![Change::Plan(Box::new(plan))])?;
            self.bells.confirmed.notify_one();
            return Ok(());
        };
        (plan.state, plan.decided_by) = (PlanState::Proposed, None);
        let window = self.settings.confirm_for;
        plan.expires_at = now.saturating_add(i64::try_from(window.as_millis()).unwrap_or(i64::MAX));
        let preview = Line::new().code(by.as_str()).text(" invited me to watch ").code(room.as_str());
        let preview = Reply::text(preview.text("."));
        let preview = asking(preview, id, vec![second.line()], window, Confirmer::Another);
        let key = Plan::preview_key(id);
        let offer = |emoji| Change::Mark(Mark::offer(&key, emoji));
        self.commit(vec![
            Change::Plan(Box::new(plan)),
            Change::Say(Say::new(&key, None, &preview)),
            offer(YES),
            offer(NO),
        ])
    }
}
