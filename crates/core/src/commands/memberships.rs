//! `!memberships`: what a user is, and was, in each room.

use futures_util::{StreamExt, stream};
use ruma::OwnedRoomId;

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::unread,
    paging::{Part, fitting},
    person::known,
    their_rooms::{TheirRoom, Whose, attach, nowhere, read},
    whom::Person,
};
use crate::{
    model::Event,
    ports::Fault,
    reply::{Line, Reply, Table},
    rules::{member::Membership, membership::explain, names::Names},
    text::duration::date,
};

/// Show what a user is in each room: in it, invited, banned or gone, and how that came
///
/// Bans come first, then invitations and requests, rooms that they are in, and rooms that they left. Only rooms that this server takes part in are known.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!memberships <@user> [--limit <number>] [--page <number>] [--file[=csv|json]]")]
pub(super) struct Memberships {
    #[command(flatten)]
    whose: Whose,
}

/// Above so many members, who made somebody what they are is not looked up: the server sends all member events for one.
const READABLE: u64 = 5_000;
/// So many rooms are asked about at once.
const AT_ONCE: usize = 4;

pub(super) struct Facts {
    person: Person,
    part: Part,
    total: u64,
    rooms: Vec<(TheirRoom, How)>,
    only_joined: bool,
    file: Option<Table>,
}

/// How a membership came to be.
enum How {
    /// This event says so.
    Told(Event),
    /// It is nothing remarkable, or nothing tells it.
    Untold,
    /// The room is too large to look.
    TooLarge,
    /// It could not be read.
    Unread(Fault),
}

impl Command for Memberships {
    const NAME: &'static str = "memberships";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!memberships @spammer:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let person = known(world, &self.whose.user).await?;
        let all = sorted(world.lookup.memberships(&person.id).await?.into_iter().collect());
        let part = Part::of(world, self.whose.page, 0, self.whose.limit);
        let total = all.len() as u64;
        let only_joined = all.iter().all(|(_, membership)| membership == Membership::Join.as_str());
        let (rooms, file) = read(world, &self.whose, part, all).await?;
        let (user, lookup) = (&person.id, world.lookup);
        let how = |room: TheirRoom| async move {
            let how = match room.membership.as_str() {
                "join" => How::Untold,
                _ if room.joined_members() > READABLE => How::TooLarge,
                _ => match lookup.member(&room.id, user).await {
                    Ok(Some(event)) => How::Told(event),
                    Ok(None) => How::Untold,
                    Err(fault) => How::Unread(fault),
                },
            };
            (room, how)
        };
        let rooms = stream::iter(rooms).map(how).buffered(AT_ONCE).collect().await;
        Ok(Facts { person, part, total, rooms, only_joined, file })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { person, part, total, rooms, only_joined, file } = facts;
        if part.is_beyond(total) {
            return Err(part.beyond(total, "such rooms"));
        }
        if total == 0 {
            return Ok(Decision::Answer(Reply::text(nowhere(person.line(), &person.id, world))));
        }
        let lines = fitting(rooms.iter().map(|(room, how)| in_words(room, how)).collect());
        let pages = part.pages(lines.len(), total);
        let words = part.in_words(lines.len(), total, ("room", "rooms"));
        let heading = Line::new().text(format!("{words} of ")).append(person.line()).text(":");
        let mut reply = Reply::text(heading).list(lines);
        if only_joined {
            let words = "They are in all of these. (A Synapse older than 1.145 would tell of no others.)";
            reply = reply.paragraph(words);
        }
        Ok(Decision::Page(attach(reply, file, total), pages))
    }
}

/// What matters most first, then by ID.
fn sorted(mut rooms: Vec<(OwnedRoomId, String)>) -> Vec<(OwnedRoomId, String)> {
    let rank = |membership: &str| match membership {
        "ban" => 0,
        "invite" => 1,
        "knock" => 2,
        "join" => 3,
        "leave" => 4,
        _ => 5,
    };
    rooms.sort_by(|(a, is), (b, was)| (rank(is), a).cmp(&(rank(was), b)));
    rooms
}

/// “banned from Spam (…): `@mod:hs` banned `@eve:hs`, because “spam”, 2026-11-21 …”
fn in_words(room: &TheirRoom, how: &How) -> Line {
    let line = match room.membership.as_str() {
        "join" => Line::new().text("in "),
        "invite" => Line::new().strong("invited").text(" to "),
        "knock" => Line::new().strong("asks to be let").text(" into "),
        "ban" => Line::new().strong("banned").text(" from "),
        "leave" => Line::new().text("out of "),
        other => Line::new().code(other).text(" in "),
    };
    let line = line.append(room.line());
    match how {
        How::Told(event) => {
            let line = line.text(": ").append(explain(event, &Names::default()));
            if event.time() > 0 { line.text(format!(", {}", date(event.time()))) } else { line }
        }
        How::Untold => line,
        How::TooLarge => line.text("; the room is too large to look up how that came"),
        How::Unread(fault) => line.text("; how that came ").append(unread(fault)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_comes_first() {
        let rooms =
            [("!a:x", "join"), ("!b:x", "leave"), ("!c:x", "ban"), ("!d:x", "odd"), ("!e:x", "invite")];
        let rooms = rooms.map(|(id, is)| (OwnedRoomId::try_from(id).expect("an ID"), is.to_owned()));
        let order: Vec<String> = sorted(rooms.to_vec()).into_iter().map(|(_, is)| is).collect();
        assert_eq!(order, ["ban", "invite", "join", "leave", "odd"]);
    }
}
