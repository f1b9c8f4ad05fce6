//! What is done to who wrote it, and to what they wrote and sent.

use ruma::{OwnedUserId, UserId};

use super::{Found, Scene};
use crate::{
    commands::Failure,
    model::{MemberChange, Sanction},
    plan::{Presence, RoomRef, Step},
    ports::Fault,
    reply::Line,
    rules::{
        can::{Action, Answer, Known, Missing, Verdict, may},
        case::{CaseAction, files},
        names::Names,
        room_state::RoomState,
    },
    text::number::counted,
};

/// So many rooms are one request at most.
const ROOMS: usize = 5_000;

impl Scene<'_> {
    pub(super) async fn suspend(&self, found: &mut Found) -> Result<(), Failure> {
        let action = CaseAction::Suspend;
        let user = match self.author() {
            Ok(user) => user,
            Err(why) => return Ok(found.lacks(action, why)),
        };
        let line = Line::new().code(user.as_str());
        if !self.is_local(&user) {
            let line = line.text(" is of another server: only that server can suspend the account. ");
            let act = |word: &str| format!("!act {} {word}", self.case.id);
            return Ok(found.lacks(
                action,
                line.code(act("ban")).text(" or ").code(act("kick")).text(" keeps them out of the room."),
            ));
        }
        match self.lookup.account(&user).await? {
            None => found.lacks(action, line.text(" does not exist on this server (any more).")),
            Some(account) if account.deactivated => {
                found.lacks(action, line.text(" is deactivated already."))
            }
            Some(account) if account.suspended => found.lacks(action, line.text(" is suspended already.")),
            Some(_) => found.steps.push(Step::Sanction { user, sanction: Sanction::Suspension }),
        }
        Ok(())
    }

    pub(super) async fn remove(&self, action: CaseAction, found: &mut Found) -> Result<(), Failure> {
        let who_and_where = self.author().and_then(|user| Ok((user, self.event()?.0)));
        let (user, room) = match who_and_where {
            Ok(known) => known,
            Err(why) => return Ok(found.lacks(action, why)),
        };
        let (change, wish) = if action == CaseAction::Ban {
            (MemberChange::Ban, Action::Ban(Some(user.clone())))
        } else {
            (MemberChange::Kick, Action::Kick(Some(user.clone())))
        };
        let Some((verdict, state)) = self.power(action, &wish, &room, Some(&user), found).await? else {
            return Ok(());
        };
        if verdict.answer == Answer::Yes && change.is_done(Some(state.membership(user.as_str()))) {
            let line = Line::new().code(user.as_str()).text(" is banned from ").append(room.line());
            return Ok(found.lacks(action, line.text(" already.")));
        }
        if verdict.answer == Answer::Yes {
            found.steps.push(Step::Member { room, user, change, reason: self.reason() });
        } else {
            found.lacks(action, self.without(&verdict, &wish, &room));
        }
        Ok(())
    }

    pub(super) async fn redact(&self, found: &mut Found) -> Result<(), Failure> {
        let action = CaseAction::Redact;
        let (room, event_id) = match self.event() {
            Ok(known) => known,
            Err(why) => return Ok(found.lacks(action, why)),
        };
        let now = match self.lookup.context(&room.id, &event_id, 0).await {
            // So Synapse answers for an event that a purge left in the database.
            Err(Fault::Broken { status: 500, .. }) => None,
            context => context?.map(|context| context.event),
        };
        let Some(event) = now else {
            let line = Line::new().text("the server does not have ").code(event_id.as_str());
            return Ok(
                found.lacks(action, line.text(" in that room (any more): there is nothing to redact."))
            );
        };
        if let Some(redaction) = event.redacted_because() {
            let line = Line::from("it is redacted already, by ").code(redaction.sender());
            return Ok(found.lacks(action, line.text(".")));
        }
        let Some((verdict, _)) = self.power(action, &Action::Redact, &room, None, found).await? else {
            return Ok(());
        };
        if verdict.answer == Answer::Yes {
            // Who sent it is what the server says now: what protects people goes by it.
            let author = OwnedUserId::try_from(event.sender()).ok().or_else(|| self.author().ok());
            found.steps.push(Step::RedactEvent { room, event_id, author, reason: self.reason() });
        } else {
            found.lacks(action, self.without(&verdict, &Action::Redact, &room).append(self.server_redacts()));
        }
        Ok(())
    }

    pub(super) async fn redact_all(&self, found: &mut Found) -> Result<(), Failure> {
        let action = CaseAction::RedactAll;
        let user = match self.author() {
            Ok(user) => user,
            Err(why) => return Ok(found.lacks(action, why)),
        };
        // The server's own choice of rooms leaves out those that they left or were kicked from.
        let rooms: Vec<_> = self.lookup.memberships(&user).await?.into_keys().take(ROOMS).collect();
        let line = Line::new().code(user.as_str());
        if rooms.is_empty() {
            let line = Line::new().text("the server knows no room that ").append(line);
            return Ok(found.lacks(action, line.text(" is or was in.")));
        }
        let count = counted(rooms.len() as u64, "room");
        let words = if self.is_local(&user) {
            line.text(format!(
                " is of this server: it redacts in their own name, in all of the {count} that they are or were in, also \
                 where I am not."
            ))
        } else {
            let inside = self.lookup.joined_rooms().await?;
            let ours = rooms.iter().filter(|room| inside.contains(room)).count();
            if ours == 0 {
                let line = line.text(format!(
                    " is of another server, so I need the power to redact in each room, and I am in none of the {count} that \
                     they are or were in. "
                ));
                return Ok(found.lacks(
                    action,
                    match self.event() {
                        Ok((room, _)) => line.append(self.offer_power(&room, Presence::Outside)),
                        Err(_) => line.text("Invite me to those that matter, and give me the power there."),
                    },
                ));
            }
            line.text(format!(
                " is of another server: it takes my own power to redact in each room. I am in {ours} of the {count} that they \
                 are or were in; where I am not, or have too little power, nothing is redacted, and the report says so."
            ))
        };
        found.preview = std::mem::take(&mut found.preview).paragraph(words);
        found.steps.push(Step::RedactUser { user, rooms, reason: self.reason() });
        Ok(())
    }

    pub(super) async fn quarantine(&self, found: &mut Found) -> Result<(), Failure> {
        let action = CaseAction::Quarantine;
        if let Err(why) = self.event() {
            return Ok(found.lacks(action, why));
        }
        let files = files(&self.evidence);
        if files.is_empty() {
            found.lacks(
                action,
                match &self.evidence.event {
                    None => "nothing of the event is kept, so I do not know its files.",
                    Some(event) if event.kind() == "m.room.encrypted" => {
                        "the message is encrypted, so I cannot tell which files are in it."
                    }
                    Some(_) => "there is no file in what is kept of it.",
                },
            );
            return Ok(());
        }
        for media in files {
            let line = Line::new().code(media.to_string());
            match self.lookup.media(&media).await? {
                None => found.lacks(action, line.text(" is not on this server: nobody here has loaded it.")),
                Some(file) if file.is_protected => found.lacks(
                    action,
                    line.text(
                        " is protected from quarantine: an admin of the server has to lift that first.",
                    ),
                ),
                Some(file) => match &file.quarantined_by {
                    Some(by) => {
                        found.lacks(action, line.text(" is in quarantine already, by ").code(by).text("."));
                    }
                    None => {
                        let author = self.author().ok();
                        found.steps.push(Step::QuarantineMedia { media, author });
                    }
                },
            }
        }
        Ok(())
    }

    /// Whether the bot may do something in a room, by the room's state now; `None` where it is not in it, which is told.
    async fn power(
        &self,
        action: CaseAction,
        wish: &Action,
        room: &RoomRef,
        other: Option<&UserId>,
        found: &mut Found,
    ) -> Result<Option<(Verdict, RoomState)>, Failure> {
        let (lookup, me) = (self.lookup, self.lookup.me());
        if !lookup.joined_rooms().await?.contains(&room.id) {
            let line = Line::new().text("I am not in ").append(room.line()).text(". ");
            let line = line.append(self.offer_power(room, Presence::Outside));
            let line = if action == CaseAction::Redact { line.append(self.server_redacts()) } else { line };
            found.lacks(action, line);
            return Ok(None);
        }
        let mut events = Vec::new();
        for kind in ["m.room.create", "m.room.power_levels", "m.room.server_acl"] {
            events.extend(lookup.state(&room.id, Some(kind)).await?);
        }
        for user in std::iter::once(me).chain(other) {
            events.extend(lookup.member(&room.id, user).await?);
        }
        let version = lookup.room(&room.id).await?.and_then(|details| details.version);
        let state = RoomState::of(events, version.as_deref());
        // The memberships of the two are all that is asked for.
        let known = Known { here: Some(me.server_name()), ..Known::default() };
        Ok(Some((may(me, wish, &state, &known), state)))
    }

    /// What keeps the bot from it, and what would help.
    fn without(&self, verdict: &Verdict, wish: &Action, room: &RoomRef) -> Line {
        let names = Names::default();
        let line = Line::new().text("I cannot ").append(wish.in_words(&room.line(), &names)).text(": ");
        // It speaks of “them”, who are the bot.
        let line = line.append(verdict.reason.in_words(&names));
        let missing = verdict
            .missing
            .iter()
            .fold(line, |line, missing| line.text("; what I lack: ").append(missing.in_words(&names)));
        let presence =
            if verdict.missing.contains(&Missing::BeIn) { Presence::Outside } else { Presence::Joined };
        missing.text(". ").append(self.offer_power(room, presence))
    }

    /// How the bot gets power in a room.
    fn offer_power(&self, room: &RoomRef, presence: Presence) -> Line {
        let line = match presence {
            Presence::Joined => Line::new(),
            _ => Line::new()
                .code(format!("!room-admin {}", room.id))
                .text(" gives you the power there, where somebody of this server has it: invite me then, and I join. "),
        };
        line.code(format!("!room-admin {} {}", room.id, self.lookup.me())).text(" gives me the power. ")
    }

    /// What works without power in the room.
    fn server_redacts(&self) -> Line {
        match self.author() {
            Ok(user) if self.is_local(&user) => Line::new()
                .code(format!("!act {} {}", self.case.id, CaseAction::RedactAll.word()))
                .text(" needs no power: the server redacts everything that its own user wrote."),
            Ok(_) | Err(_) => Line::new(),
        }
    }
}
