//! What commands about people in rooms have in common: which of the words are users, which are rooms, who those are, and
//! what the bot may do there.

use futures_util::future::BoxFuture;
use ruma::{OwnedRoomId, OwnedUserId};

use super::{
    Acting, Failure, World,
    facts::{is_own_chat, known_room, named, reason, unread},
    listed::{Listed, Users},
    several::read_each,
    whom::{Person, Who, people},
};
use crate::{
    lasting::Temporary,
    plan::{RoomRef, Step},
    ports::Fault,
    power::{self, Ground},
    reply::{Line, Reply, cut_list, user_line},
    text::{
        number::counted,
        target::{RoomTarget, UserTarget, looks_like_room, looks_like_user},
    },
};

/// Users, rooms, and why.
#[derive(clap::Args, Debug)]
pub(super) struct InRooms {
    /// The users, then the rooms (ID, alias or link), then the reason, if there is one
    #[arg(value_name = "@user… room… reason", required = true, num_args = 1..)]
    words: Vec<String>,
    /// The reason, in quotes, where it begins with a user or a room
    #[arg(long, value_name = "reason")]
    because: Option<String>,
    /// In all rooms that I am in, but the management room; instead of naming rooms
    #[arg(long)]
    everywhere: bool,
    #[command(flatten)]
    pub(super) acting: Acting,
}

/// What the words mean.
#[derive(Debug, PartialEq, Eq)]
struct Meant {
    users: Vec<OwnedUserId>,
    rooms: Vec<RoomTarget>,
    reason: Option<String>,
}

/// In which rooms there is something to do for `--everywhere`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// In all of them.
    All,
    /// Where one of the users has one of these memberships.
    Where(&'static [&'static str]),
}

/// Who and where.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) people: Vec<Person>,
    pub(super) grounds: Vec<Ground>,
    /// Rooms that were named, and that the bot is not in.
    pub(super) outside: Vec<RoomRef>,
    /// Rooms of all that could not be read, and why.
    pub(super) unread: Vec<Line>,
    pub(super) reason: Option<String>,
    /// Whether the rooms were not named.
    pub(super) everywhere: bool,
    /// Of users of a file, what else there is to say of them.
    pub(super) listed: Option<Listed>,
    /// What holds for a time of what was done to them, where that was asked.
    pub(super) temporary: Temporary,
}

impl Facts {
    /// Reads also what holds for a time of what was done to them.
    pub(super) fn with_temporary(mut self, world: &World<'_>) -> Result<Self, Failure> {
        let users = self.people.iter().map(|person| &*person.id);
        self.temporary = Temporary::read(world.records, users)?;
        Ok(self)
    }
}

impl InRooms {
    pub(super) async fn gather(&self, world: &World<'_>, reach: Reach) -> Result<Facts, Failure> {
        self.gather_of(world, reach, Users::Typed).await
    }

    /// As [`InRooms::gather`], of users who may be in a file.
    pub(super) async fn gather_of(
        &self,
        world: &World<'_>,
        reach: Reach,
        users: Users,
    ) -> Result<Facts, Failure> {
        let Meant { users: typed, rooms, reason } = self.meant(users)?;
        let joined = world.lookup.joined_rooms().await?;
        let (people, listed) = match users {
            Users::Typed => (people(world, typed).await?, None),
            Users::Attached(aim) => {
                let (people, listed) = Listed::read(world, aim).await?;
                let rooms = if self.everywhere { joined.len().saturating_sub(1) } else { rooms.len() };
                Listed::fits(people.len(), rooms)?;
                (people, Some(listed))
            }
        };
        let users: Vec<OwnedUserId> = people.iter().map(|person| person.id.clone()).collect();
        let mut facts = Facts { people, reason, everywhere: self.everywhere, listed, ..Facts::default() };
        if self.everywhere {
            let all = joined.into_iter().filter(|room| !world.is_management(room)).collect();
            let found = read_each(world, all, "rooms", |room| Box::pin(reached(world, room, &users, reach)));
            for found in found.await? {
                match found {
                    Ok(ground) => facts.grounds.extend(ground),
                    Err(unread) => facts.unread.push(unread),
                }
            }
            return Ok(facts);
        }
        let mut inside: Vec<RoomRef> = Vec::new();
        for target in &rooms {
            let (room, _) = known_room(world, target).await?;
            let list = if joined.contains(&room.id) { &mut inside } else { &mut facts.outside };
            if !list.iter().any(|known| known.id == room.id) {
                list.push(room);
            }
        }
        let read = |room| Box::pin(read(world, room, &users)) as BoxFuture<'_, Result<Ground, Failure>>;
        facts.grounds = read_each(world, inside, "rooms", read).await?;
        Ok(facts)
    }

    fn meant(&self, users: Users) -> Result<Meant, Failure> {
        let told = |line: Line| Err(Failure::told(line));
        let is_named = |word: &&String| looks_like_user(word) || looks_like_room(word);
        // The first word is a user, or a mistake; there is none if the users are in a file.
        let first = usize::from(users == Users::Typed);
        let count = self.words.iter().skip(first).take_while(is_named).count() + first;
        let (named, behind) = self.words.split_at(count.min(self.words.len()));
        let mut meant = Meant { users: Vec::new(), rooms: Vec::new(), reason: None };
        for (at, word) in named.iter().enumerate() {
            match (word.parse(), word.parse()) {
                (Ok(UserTarget(_)), _) if users != Users::Typed => {
                    let line = Line::new().user(word).text(" is a user, and with ").code("--attached");
                    return told(line.text(
                        " the users come from the file: give them in one place only. Nothing was done. A reason that \
                         begins with a user goes behind --because, in quotes.",
                    ));
                }
                (Ok(UserTarget(user)), _) if meant.rooms.is_empty() => {
                    if !meant.users.contains(&user) {
                        meant.users.push(user);
                    }
                }
                (Ok(UserTarget(user)), _) => {
                    return told(Line::new().code(user.as_str()).text(
                        " stands behind a room. Name all users first, then the rooms; if it begins the reason, put that in quotes behind ",
                    ).code("--because").text("."));
                }
                (Err(error), _) if at < first => return told(Line::new().name_long(format!("{error}"))),
                (Err(_), Ok(room)) => meant.rooms.push(room),
                (Err(error), Err(_)) if word.starts_with('@') => {
                    return told(Line::new().name_long(format!("{error}")));
                }
                (Err(_), Err(error)) => return told(Line::new().name_long(format!("{error}"))),
            }
        }
        meant.reason = match (&self.because, reason(behind)) {
            (None, behind) => behind,
            (Some(because), None) => reason(std::slice::from_ref(because)),
            (Some(_), Some(behind)) => {
                return told(
                    Line::new()
                        .user(behind)
                        .text(" is neither a user nor a room, and the reason is in ")
                        .code("--because")
                        .text(" already. Give the reason once; in quotes, if it has several words."),
                );
            }
        };
        match (meant.rooms.is_empty(), self.everywhere) {
            (true, false) => told(
                Line::new()
                    .text("In which room? Name it behind the users by its ID, its alias or a link (")
                    .code("!rooms <name>")
                    .text(" finds them), or use ")
                    .code("--everywhere")
                    .text(": that is all rooms that I am in, but this one."),
            ),
            (false, true) => told(
                Line::new()
                    .code("--everywhere")
                    .text(" is all rooms that I am in: name no rooms then, or leave it out."),
            ),
            (true, true) | (false, false) => Ok(meant),
        }
    }
}

async fn read(world: &World<'_>, room: RoomRef, users: &[OwnedUserId]) -> Result<Ground, Failure> {
    let mut ground = Ground::read(world.lookup, &room, users.iter().map(|user| &**user)).await?;
    ground.block = Some(world.lookup.block_status(&room.id).await?);
    Ok(ground)
}

/// A room, if there is something to do in it; one that cannot be read stands in the way of no other.
async fn reached(
    world: &World<'_>,
    id: OwnedRoomId,
    users: &[OwnedUserId],
    reach: Reach,
) -> Result<Result<Option<Ground>, Line>, Failure> {
    match look(world, id.clone(), users, reach).await {
        Err(Failure::Fault(fault @ (Fault::Refused { .. } | Fault::Broken { .. } | Fault::BadAnswer(_))))
            if !fault.is_passing() =>
        {
            Ok(Err(Line::new().code(id.as_str()).text(" ").append(unread(&fault))))
        }
        found => found.map(Ok),
    }
}

async fn look(
    world: &World<'_>,
    id: OwnedRoomId,
    users: &[OwnedUserId],
    reach: Reach,
) -> Result<Option<Ground>, Failure> {
    if let Reach::Where(memberships) = reach {
        let mut is_reached = false;
        for user in users {
            let member = world.lookup.member(&id, user).await?;
            let membership = member.as_ref().and_then(|event| event.text("membership"));
            is_reached |= membership.is_some_and(|membership| memberships.contains(&membership));
        }
        if !is_reached {
            return Ok(None);
        }
    }
    let details = world.lookup.room(&id).await?;
    if is_own_chat(world.lookup, &id, details.as_ref()).await? {
        return Ok(None);
    }
    read(world, named(id, details.as_ref()), users).await.map(Some)
}

/// A user by the name that is known of them: that of the account, or the one that a room has.
pub(super) fn who(person: &Person, ground: &Ground) -> Line {
    match &person.who {
        Who::Local(_) | Who::Nobody => person.line(),
        Who::Remote => user_line(ground.name(&person.id), person.id.as_str()),
    }
}

/// “in it”, “invited” … and their power, if it is not that of everybody.
pub(super) fn standing(person: &Person, ground: &Ground) -> Line {
    let line = Line::from(match ground.membership(&person.id) {
        Some("join") => "in it now",
        Some("invite") => "invited now",
        Some("knock") => "asks to be let in now",
        Some("ban") => "banned now",
        _ => "not in it now",
    });
    match ground.state.power().in_words(person.id.as_str()) {
        Some(power) => line.text(", ").append(power),
        None => line,
    }
}

/// What is asked for would be a mistake for these users: nothing is done.
pub(super) fn refuse(mistakes: Vec<Line>) -> Result<(), Failure> {
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(Failure::Told(Box::new(cut_list(Reply::text("Nothing was done."), mistakes, SHOWN, "reasons"))))
}

/// There is no such account here.
pub(super) fn typo(person: &Person) -> Option<Line> {
    matches!(person.who, Who::Nobody).then(|| {
        let line = Line::new().text("There is no account ").code(person.id.as_str());
        line.text(" on this server. Check its spelling.")
    })
}

/// What is found out about users and rooms, one after the other.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) steps: Vec<Step>,
    /// What would be done, a line each.
    pub(super) shown: Vec<Line>,
    /// Where there is nothing to do, and why.
    pub(super) already: Vec<Line>,
    /// What cannot be done, and why.
    pub(super) lacks: Vec<Line>,
    /// Rooms in which something cannot be done.
    pub(super) left_out: Vec<RoomRef>,
}

/// How many changes, rooms and remarks are shown.
pub(super) const SHOWN: usize = 20;
/// How many rooms are named that are left out.
const LEFT_OUT: usize = 10;

impl Sorted {
    /// That something cannot be done in a room; a reason that holds for all is said once.
    pub(super) fn lacks(&mut self, room: &RoomRef, why: Line) {
        if !self.lacks.contains(&why) {
            self.lacks.push(why);
        }
        if !self.left_out.iter().any(|known| known.id == room.id) {
            self.left_out.push(room.clone());
        }
    }

    /// Rooms that were named have to be such that it can be done in all of them; of all rooms, those are left out in which
    /// it cannot. `None` when there is nothing to do.
    pub(super) fn preview(
        &mut self,
        facts: &Facts,
        world: &World<'_>,
        heading: Line,
    ) -> Result<Preview, Failure> {
        for room in &facts.outside {
            self.lacks(room, power::outside(world.lookup.me(), room));
        }
        if !facts.everywhere {
            refuse(std::mem::take(&mut self.lacks))?;
        }
        let mut reply = Reply::new();
        if !self.steps.is_empty() {
            let shown = std::mem::take(&mut self.shown);
            reply = cut_list(reply.paragraph(heading), shown, SHOWN, "changes");
        }
        let already = std::mem::take(&mut self.already);
        if !already.is_empty() {
            let reply_so_far = if self.steps.is_empty() { reply } else { reply.paragraph("Left alone:") };
            reply = cut_list(reply_so_far, already, SHOWN, "of them");
        }
        if facts.everywhere && !self.left_out.is_empty() {
            let count = counted(self.left_out.len() as u64, "room");
            let line = Line::new().strong(format!("Left out: {count} where I lack the power. "));
            let line = line.text("There, ").code("!room-admin <room>").text(" may give it to you or me.");
            let rooms = self.left_out.iter().map(RoomRef::line).collect();
            reply = cut_list(reply.paragraph(line), rooms, LEFT_OUT, "rooms");
        }
        if !facts.unread.is_empty() {
            let unread = facts.unread.clone();
            reply =
                cut_list(reply.paragraph("Left out, because I cannot read them:"), unread, LEFT_OUT, "rooms");
        }
        if self.steps.is_empty() {
            if reply.blocks.is_empty() {
                reply = Reply::text(
                    "There is nothing to do: I found none of them in a room where I could do that.",
                );
            }
            return Ok(Preview::Nothing(reply));
        }
        Ok(Preview::Of(reply))
    }
}

/// What is shown before something is done.
pub(super) enum Preview {
    /// There is nothing to do; how it is.
    Nothing(Reply),
    /// What would be done.
    Of(Reply),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(words: &str, because: Option<&str>, everywhere: bool) -> Result<String, String> {
        let args = InRooms {
            words: words.split(' ').map(str::to_owned).collect(),
            because: because.map(str::to_owned),
            everywhere,
            acting: Acting::default(),
        };
        match args.meant(Users::Typed) {
            Ok(meant) => {
                let users: Vec<&str> = meant.users.iter().map(|user| user.as_str()).collect();
                let rooms: Vec<String> = meant.rooms.iter().map(ToString::to_string).collect();
                Ok(format!(
                    "{} | {} | {}",
                    users.join(" "),
                    rooms.join(" "),
                    meant.reason.unwrap_or_default()
                ))
            }
            Err(Failure::Told(reply)) => Err(reply.render().text),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn users_lead_then_rooms_then_the_reason() {
        for (words, because, want) in [
            ("@a:x.test !r:x.test", None, "@a:x.test | !r:x.test | "),
            (
                "@a:x.test, @b:y.test #r:x.test !s:x.test spam wave",
                None,
                "@a:x.test @b:y.test | #r:x.test !s:x.test | spam wave",
            ),
            ("@a:x.test @a:x.test !r:x.test", None, "@a:x.test | !r:x.test | "),
            (
                "https://matrix.to/#/@a:x.test https://matrix.to/#/#r:x.test see #lounge:x.test",
                None,
                "@a:x.test | #r:x.test | see #lounge:x.test",
            ),
            ("@a:x.test !r:x.test", Some("@b:x.test asked"), "@a:x.test | !r:x.test | @b:x.test asked"),
        ] {
            assert_eq!(meant(words, because, false).as_deref(), Ok(want), "{words}");
        }
        assert_eq!(meant("@a:x.test raid", None, true).as_deref(), Ok("@a:x.test |  | raid"));
    }

    #[test]
    fn mistakes_are_told() {
        for (words, because, everywhere, want) in [
            ("@a:x.test", None, false, "In which room?"),
            ("@a:x.test Lounge", None, false, "In which room?"),
            ("@a:x.test !r:x.test", None, true, "name no rooms then"),
            ("!r:x.test @a:x.test", None, false, "a user is needed here"),
            ("@a:x.test !r:x.test @b:x.test asked", None, false, "stands behind a room"),
            ("@a:x.test !r:x.test spam", Some("raid"), false, "Give the reason once"),
            ("@a:x.test @b !r:x.test", None, false, "“@b”"),
            ("@a:x.test !r", None, false, "“!r”"),
            ("@a:x.test https://matrix.to/#/!r:x.test/$e", None, false, "event ID"),
        ] {
            let told = meant(words, because, everywhere).expect_err(words);
            assert!(told.contains(want), "{words}: {told}");
        }
    }
}
