//! `!rooms-of`: the rooms that a user is in.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    paging::{Part, fitting},
    person::known,
    their_rooms::{TheirRoom, Whose, attach, nowhere, read},
    whom::Person,
};
use crate::{
    reply::{Line, Reply, Table},
    rules::member::Membership,
};

/// Show the rooms that a user is in, with their names
///
/// Of users of other servers: the rooms that this server takes part in. Invitations, bans and rooms that they left are in !memberships.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!rooms-of <@user> [--limit <number>] [--page <number>] [--file[=csv|json]]")]
pub(super) struct RoomsOf {
    #[command(flatten)]
    whose: Whose,
}

pub(super) struct Facts {
    person: Person,
    part: Part,
    total: u64,
    rooms: Vec<TheirRoom>,
    file: Option<Table>,
}

impl Command for RoomsOf {
    const NAME: &'static str = "rooms-of";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!rooms-of @spammer:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let person = known(world, &self.whose.user).await?;
        let mut ids = world.lookup.rooms_of(&person.id).await?;
        // The server gives them in any order, and pages need one.
        ids.sort_unstable();
        let part = Part::of(world, self.whose.page, 0, self.whose.limit);
        let total = ids.len() as u64;
        let joined = Membership::Join.as_str();
        let ids = ids.into_iter().map(|id| (id, joined.to_owned())).collect();
        let (rooms, file) = read(world, &self.whose, part, ids).await?;
        Ok(Facts { person, part, total, rooms, file })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { person, part, total, rooms, file } = facts;
        if part.is_beyond(total) {
            return Err(part.beyond(total, "such rooms"));
        }
        if total == 0 {
            let line = nowhere(person.line(), &person.id, world).text(" Invitations, bans and rooms left: ");
            return Ok(Decision::Answer(Reply::text(
                line.code(format!("!memberships {}", person.id)).text("."),
            )));
        }
        let id = person.id.as_str();
        let line = |room: &TheirRoom| {
            let details = room.details.as_ref().ok().and_then(Option::as_ref);
            let line = room.line();
            match details.and_then(|details| details.creator.as_deref()) {
                Some(creator) if creator == id => line.text(", made by them"),
                _ => line,
            }
        };
        let lines = fitting(rooms.iter().map(line).collect());
        let pages = part.pages(lines.len(), total);
        let words = part.in_words(lines.len(), total, ("room", "rooms"));
        let heading = Line::new().text(format!("{words} that ")).append(person.line()).text(" is in:");
        let reply = attach(Reply::text(heading).list(lines), file, total);
        Ok(Decision::Page(reply, pages))
    }
}
