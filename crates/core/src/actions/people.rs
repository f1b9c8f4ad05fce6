//! What is done to who wrote it, and to what they wrote and sent.

use ruma::{OwnedUserId, UserId};

use super::{
    Found, Scene, Unable,
    owner::{Owner, owner},
};
use crate::{
    model::{MediaDetails, MemberChange, Sanction},
    plan::{Presence, RoomRef, Step},
    ports::Fault,
    power::{self, Ground},
    reply::Line,
    rules::{
        can::{Action, Answer, Verdict},
        case::{CaseAction, files},
    },
    text::number::counted,
};

/// So many rooms are one request at most.
const ROOMS: usize = 5_000;

impl Scene<'_> {
    pub(super) async fn suspend(&self, found: &mut Found) -> Result<(), Unable> {
        let user = self.author()?;
        let line = Line::new().code(user.as_str());
        if !self.is_local(&user) {
            let line = line.text(" is of another server: only that server can suspend the account. ");
            let act = |word: &str| format!("!act {} {word}", self.case.id);
            let line = line.code(act("ban")).text(" or ").code(act("kick"));
            return Err(line.text(" keeps them out of the room.").into());
        }
        let why = match self.lookup.account(&user).await? {
            None => " does not exist on this server (any more).",
            Some(account) if account.deactivated => {
                return Err(Unable::Already(line.text(" is deactivated already.")));
            }
            Some(account) if account.suspended => {
                return Err(Unable::Already(line.text(" is suspended already.")));
            }
            Some(_) => {
                found.steps.push(Step::Sanction { user, sanction: Sanction::Suspension });
                return Ok(());
            }
        };
        Err(line.text(why).into())
    }

    pub(super) async fn remove(&self, change: MemberChange, found: &mut Found) -> Result<(), Unable> {
        let user = self.author()?;
        let (room, _) = self.event()?;
        let wish = match change {
            MemberChange::Ban => Action::Ban(Some(user.clone())),
            _ => Action::Kick(Some(user.clone())),
        };
        let (verdict, ground) = self.power(&wish, &room, Some(&user)).await?;
        if verdict.answer != Answer::Yes {
            return Err(self.without(&verdict, &wish, &room).into());
        }
        if change.is_done(ground.membership(&user)) {
            let line = Line::new().code(user.as_str()).text(" is banned from ").append(room.line());
            return Err(Unable::Already(line.text(" already.")));
        }
        found.steps.push(Step::Member { room, user, change, reason: self.reason() });
        Ok(())
    }

    pub(super) async fn redact(&self, found: &mut Found) -> Result<(), Unable> {
        let (room, event_id) = self.event()?;
        let now = match self.lookup.context(&room.id, &event_id, 0).await {
            // So Synapse answers for an event that a purge left in the database.
            Err(Fault::Broken { status: 500, .. }) => None,
            context => context?.map(|context| context.event),
        };
        let Some(event) = now else {
            let line = Line::from("the server does not have ").code(event_id.as_str());
            return Err(line.text(" in that room (any more): there is nothing to redact.").into());
        };
        if let Some(redaction) = event.redacted_because() {
            let line = Line::from("it is redacted already, by ").code(redaction.sender());
            return Err(Unable::Already(line.text(".")));
        }
        let wish = Action::Redact;
        let verdict = match self.power(&wish, &room, None).await {
            Ok((verdict, _)) => verdict,
            Err(Unable::Lacks(why)) => return Err(why.append(self.server_redacts()).into()),
            Err(failed) => return Err(failed),
        };
        if verdict.answer != Answer::Yes {
            return Err(self.without(&verdict, &wish, &room).append(self.server_redacts()).into());
        }
        // Who sent it is what the server says now: what protects people goes by it.
        let author = OwnedUserId::try_from(event.sender()).ok().or_else(|| self.author().ok());
        found.steps.push(Step::RedactEvent { room, event_id, author, reason: self.reason() });
        Ok(())
    }

    pub(super) async fn redact_all(&self, found: &mut Found) -> Result<(), Unable> {
        let user = self.author()?;
        // The server's own choice of rooms leaves out those that they left or were kicked from.
        let mut rooms: Vec<_> = self.lookup.memberships(&user).await?.into_keys().take(ROOMS).collect();
        // What stands there is how moderators know what was done.
        rooms.retain(|room| *room != self.settings.management);
        let line = Line::new().code(user.as_str());
        if rooms.is_empty() {
            let line = Line::from("the server knows no room that ").append(line);
            return Err(line.text(" is or was in.").into());
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
                return Err(Unable::Lacks(match self.event() {
                    Ok((room, _)) => line.append(power::offer(self.lookup.me(), &room, Presence::Outside)),
                    Err(_) => line.text("Invite me to those that matter, and give me the power there."),
                }));
            }
            line.text(format!(
                " is of another server: it takes my own power to redact in each room. I am in {ours} of the {count} that they \
                 are or were in; where I am not, or have too little power, nothing is redacted, and the report says so."
            ))
        };
        found.preview = std::mem::take(&mut found.preview).paragraph(words);
        found.steps.push(Step::RedactUser { user, rooms, reason: self.reason(), since: None, limit: None });
        Ok(())
    }

    pub(super) async fn quarantine(&self, found: &mut Found) -> Result<(), Unable> {
        self.event()?;
        let files = files(&self.evidence);
        if files.is_empty() {
            return Err(Unable::Lacks(Line::from(match &self.evidence.event {
                None => "nothing of the event is kept, so I do not know its files.",
                Some(event) if event.kind() == "m.room.encrypted" => {
                    "the message is encrypted, so I cannot tell which files are in it."
                }
                Some(_) => "there is no file in what is kept of it.",
            })));
        }
        for media in files {
            let line = Line::new().code(media.to_string());
            let why = match self.lookup.media(&media).await? {
                None => line.text(" is not on this server: nobody here has loaded it."),
                Some(file) if file.is_protected => {
                    let line = line.text(" is protected from quarantine. First lift that: ");
                    line.code(format!("!media unprotect {media}")).text(".")
                }
                Some(MediaDetails { quarantined_by: Some(by), .. }) => {
                    let line = line.text(" is in quarantine already, by ").code(by).text(".");
                    found.is_so(CaseAction::Quarantine, line);
                    continue;
                }
                Some(MediaDetails { uploader, .. }) => match self.owner(uploader, &line, found).await? {
                    Ok(author) => {
                        found.steps.push(Step::QuarantineMedia { media, author });
                        continue;
                    }
                    Err(why) => why,
                },
            };
            found.lacks(CaseAction::Quarantine, why);
        }
        Ok(())
    }

    /// Whom the quarantine of a file is against, unless that is somebody protected.
    async fn owner(
        &self,
        uploader: Option<String>,
        file: &Line,
        found: &mut Found,
    ) -> Result<Result<Option<OwnedUserId>, Line>, Unable> {
        let sender = self.author().ok();
        let (lookup, settings) = (self.lookup, self.settings);
        Ok(match owner(lookup, settings, uploader.as_deref(), sender.as_deref(), file).await? {
            Owner::Known(author) => Ok(author),
            Owner::Protected(why) => Err(why),
            Owner::Other { author, line, caution } => {
                found.preview = std::mem::take(&mut found.preview).paragraph(line);
                found.caution.get_or_insert(caution);
                Ok(author)
            }
        })
    }

    /// Whether the bot may do something in a room, by the room's state now; refused where it is not in it.
    async fn power(
        &self,
        wish: &Action,
        room: &RoomRef,
        other: Option<&UserId>,
    ) -> Result<(Verdict, Ground), Unable> {
        let (lookup, me) = (self.lookup, self.lookup.me());
        if !lookup.joined_rooms().await?.contains(&room.id) {
            return Err(power::outside(me, room).into());
        }
        let ground = Ground::read(lookup, room, other).await?;
        Ok((ground.may(me, wish), ground))
    }

    /// What keeps the bot from it, and what would help.
    fn without(&self, verdict: &Verdict, wish: &Action, room: &RoomRef) -> Line {
        power::without(self.lookup.me(), verdict, wish, room)
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
