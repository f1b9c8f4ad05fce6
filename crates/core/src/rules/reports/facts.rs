//! What is known of a case when rules weigh it.

use std::collections::BTreeSet;

use ruma::{RoomId, ServerName, UserId};
use serde_json::Value;

use super::Condition;
use crate::{
    model::{About, Account, BlockStatus, Event, Millis, Report, ReportKind, RoomDetails},
    ports::Case,
    rules::case::{self, Evidence},
};

/// Something that a rule may ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// This is how it is.
    Known(T),
    /// There is no such thing here; why, in words.
    Absent(&'static str),
    /// It is not known; why, in words.
    Unknown(&'static str),
}

/// What is known of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// When it is weighed.
    pub at: Millis,
    /// The name of this server.
    pub here: String,
    /// What was reported.
    pub kind: ReportKind,
    /// Everything that a reader may see of the reported event.
    pub texts: Fact<Vec<String>>,
    /// The author's display name; of a reported room, the room's.
    pub name: Fact<String>,
    /// Who wrote it, or is reported.
    pub author: Fact<String>,
    /// When the author's account was made.
    pub author_created_at: Fact<Millis>,
    /// The author's server; of a reported room, that of who made it.
    pub server: Fact<String>,
    /// The ID and aliases of the room.
    pub room: Fact<Vec<String>>,
    /// The types of the files in it, as its author says.
    pub media_types: Fact<Vec<String>>,
    /// The room's join rule.
    pub join_rule: Fact<String>,
    /// How many members the room has.
    pub members: Fact<u64>,
    /// Whether the room is blocked.
    pub blocked: Fact<bool>,
    /// The reports that count: those of ignored reporters do not.
    pub reports: Vec<Report>,
}

/// What has to be asked for, beside what was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The room's details.
    pub room: bool,
    /// Whether the room is blocked.
    pub block: bool,
    /// The author's account.
    pub account: bool,
}

impl Needs {
    /// What some conditions ask about.
    pub(super) fn of<'a>(conditions: impl Iterator<Item = &'a Condition>) -> Self {
        conditions.fold(Self::default(), |needs, condition| match condition {
            Condition::Blocked(_) => Self { block: true, ..needs },
            Condition::AuthorAgeBelow(_) => Self { account: true, ..needs },
            Condition::Name(_) => Self { account: true, room: true, ..needs },
            Condition::Room(_)
            | Condition::Server(_)
            | Condition::Local(_)
            | Condition::JoinRule(_)
            | Condition::MembersBelow(_)
            | Condition::MembersAbove(_) => Self { room: true, ..needs },
            Condition::Kind(_)
            | Condition::Text(_)
            | Condition::Reason(_)
            | Condition::Author(_)
            | Condition::Reporter(_)
            | Condition::TrustedReporters(_)
            | Condition::DistinctReporters { .. }
            | Condition::MediaType(_)
            | Condition::TimeOfDay(_) => needs,
        })
    }
}

const NO_ROOM: &str = "the report is about no room";
const NO_EVENT: &str = "the report is about no message";
const NOT_KEPT: &str = "it was gone before I saw the report";
const NOT_ASKED: &str = "I keep no record of that";
/// What a server said that could not be asked.
pub(crate) const NO_ANSWER: &str = "the homeserver does not tell";

impl Facts {
    /// What is known of a case from what was kept, without asking anybody; reports of some reporters are left out.
    pub fn kept(case: &Case, ignored: &BTreeSet<String>, here: &ServerName, at: Millis) -> Self {
        let evidence = Evidence::of(case);
        let author = match (&case.about, case::author(case)) {
            (About::Room { .. }, _) => Fact::Absent("a room has no author"),
            (_, Some(author)) => Fact::Known(author),
            (_, None) => Fact::Unknown("who wrote it is not known"),
        };
        let is_local = |id: &str| <&UserId>::try_from(id).is_ok_and(|user| user.server_name() == here);
        let author_created_at = match &author {
            Fact::Known(id) if is_local(id) => {
                let kept = evidence.author.as_ref().filter(|author| author.id == *id);
                kept.and_then(|author| author.created_at).map_or(Fact::Unknown(NOT_ASKED), Fact::Known)
            }
            Fact::Known(_) => Fact::Unknown("the age of accounts of other servers is not known"),
            Fact::Absent(why) => Fact::Absent(why),
            Fact::Unknown(why) => Fact::Unknown(why),
        };
        let room_id = match &case.about {
            About::Event { room_id, .. } | About::Room { room_id } => Some(room_id.as_str()),
            About::User { .. } => None,
        };
        let alias = evidence.room.as_ref().and_then(|room| room.alias.clone());
        let of_room = |why| if room_id.is_some() { Fact::Unknown(why) } else { Fact::Absent(NO_ROOM) };
        Self {
            at,
            here: here.to_string(),
            kind: case.about.kind(),
            texts: of_event(case, &evidence, texts),
            name: name(case, &evidence, &author),
            author_created_at,
            server: server(&author, room_id),
            room: room_id.map_or(Fact::Absent(NO_ROOM), |id| {
                Fact::Known(std::iter::once(id.to_owned()).chain(alias).collect())
            }),
            media_types: of_event(case, &evidence, media_types),
            join_rule: match room_id {
                Some(_) => Fact::Unknown(NOT_ASKED),
                None => Fact::Absent(NO_ROOM),
            },
            members: match (room_id, evidence.joined_members) {
                (Some(_), Some(members)) => Fact::Known(members),
                (Some(_), None) => Fact::Unknown(NOT_ASKED),
                (None, _) => Fact::Absent(NO_ROOM),
            },
            blocked: of_room(NOT_ASKED),
            reports: case
                .reports
                .iter()
                .filter(|report| !ignored.contains(&report.reporter))
                .cloned()
                .collect(),
            author,
        }
    }

    /// Adds what the homeserver says of the room; `None` when it does not know it.
    #[must_use]
    pub fn with_room(mut self, details: Option<&RoomDetails>) -> Self {
        let Some(details) = details else {
            let gone = "the homeserver does not know the room any more";
            (self.join_rule, self.members) = (Fact::Unknown(gone), Fact::Unknown(gone));
            return self;
        };
        self.members = Fact::Known(details.joined_members);
        self.join_rule = details.join_rules.clone().map_or(Fact::Unknown(NO_ANSWER), Fact::Known);
        if let Fact::Known(names) = &mut self.room {
            let alias = details.canonical_alias.as_ref().filter(|alias| !names.contains(alias));
            names.extend(alias.cloned());
        }
        if self.kind == ReportKind::Room {
            let unnamed = Fact::Absent("the room has no name");
            self.name = details.name.clone().map_or(unnamed, Fact::Known);
            let creator = details.creator.as_deref().and_then(|id| <&UserId>::try_from(id).ok());
            if let Some(creator) = creator {
                self.server = Fact::Known(creator.server_name().to_string());
            }
        }
        self
    }

    /// Adds whether the room is blocked.
    #[must_use]
    pub fn with_block(mut self, status: &BlockStatus) -> Self {
        self.blocked = Fact::Known(status.is_blocked());
        self
    }

    /// Adds what the homeserver says of the author, who is local; `None` when it has no such account.
    #[must_use]
    pub fn with_account(mut self, account: Option<&Account>) -> Self {
        let Some(account) = account else { return self };
        if let Some(created) = account.created_at {
            self.author_created_at = Fact::Known(created);
        }
        if self.kind == ReportKind::User || matches!(self.name, Fact::Unknown(_)) {
            let unnamed = Fact::Absent("the account has no name");
            self.name = account.display_name.clone().map_or(unnamed, Fact::Known);
        }
        self
    }
}

/// What is known of the reported event.
fn of_event<T>(case: &Case, evidence: &Evidence, read: impl FnOnce(&Event) -> Fact<T>) -> Fact<T> {
    match (&case.about, &evidence.event) {
        (About::User { .. } | About::Room { .. }, _) => Fact::Absent(NO_EVENT),
        (About::Event { .. }, None) => Fact::Unknown(NOT_KEPT),
        (About::Event { .. }, Some(event)) if event.kind() == "m.room.encrypted" => {
            Fact::Unknown("it is encrypted")
        }
        (About::Event { .. }, Some(event))
            if event.content().as_object().is_none_or(serde_json::Map::is_empty) =>
        {
            Fact::Unknown(NOT_KEPT)
        }
        (About::Event { .. }, Some(event)) => read(event),
    }
}

/// Everything that a reader may see of an event: clients that know HTML do not show the `body`.
fn texts(event: &Event) -> Fact<Vec<String>> {
    let mut found = Vec::new();
    let new = event.content().get("m.new_content");
    for content in [Some(event.content()), new].into_iter().flatten() {
        for key in ["body", "formatted_body", "filename", "name", "topic", "displayname", "reason"] {
            if let Some(text) = content.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) {
                found.push(text.to_owned());
                if key == "formatted_body" {
                    found.push(without_tags(text));
                }
            }
        }
        let questions = ["/m.poll/question", "/org.matrix.msc3381.poll.start/question"];
        for pointer in questions {
            let question = content.pointer(pointer);
            for key in ["body", "org.matrix.msc1767.text"] {
                let text = question.and_then(|question| question.get(key)).and_then(Value::as_str);
                found.extend(text.map(str::to_owned));
            }
        }
    }
    Fact::Known(found)
}

/// HTML without its tags and with its commonest entities read: what is between them is what is seen.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        match after.split_once('>') {
            Some((_, behind)) => rest = behind,
            // No tag is closed any more.
            None => break,
        }
    }
    text.push_str(rest);
    for (entity, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
    {
        text = text.replace(entity, character);
    }
    text
}

/// The types of the files of an event. Without one, the type of the message says as much as it can.
fn media_types(event: &Event) -> Fact<Vec<String>> {
    let content = event.content();
    let of = |content: &Value| {
        let has_file = content.get("url").is_some() || content.get("file").is_some();
        let said = content.pointer("/info/mimetype").and_then(Value::as_str);
        let kind = content.get("msgtype").and_then(Value::as_str);
        match (has_file, said, kind) {
            (true, Some(said), _) => Some(said.to_owned()),
            (true, None, Some("m.image")) => Some("image/".to_owned()),
            (true, None, Some("m.video")) => Some("video/".to_owned()),
            (true, None, Some("m.audio")) => Some("audio/".to_owned()),
            (true, None, _) if event.kind() == "m.sticker" => Some("image/".to_owned()),
            (true, None, _) => Some("application/octet-stream".to_owned()),
            (false, ..) => None,
        }
    };
    let found: Vec<String> =
        [Some(content), content.get("m.new_content")].into_iter().flatten().filter_map(of).collect();
    if found.is_empty() { Fact::Absent("there is no file in it") } else { Fact::Known(found) }
}

fn name(case: &Case, evidence: &Evidence, author: &Fact<String>) -> Fact<String> {
    match (&case.about, author) {
        (About::Room { .. }, _) => {
            let kept = evidence.room.as_ref().and_then(|room| room.name.clone());
            kept.map_or(Fact::Unknown(NOT_ASKED), Fact::Known)
        }
        (_, Fact::Known(author)) => {
            let member = evidence.members.iter().find(|event| event.state_key() == Some(author));
            match member.map(|event| event.text("displayname")) {
                Some(Some(name)) => Fact::Known(name.to_owned()),
                Some(None) => Fact::Absent("the author has no name in the room"),
                None => Fact::Unknown(NOT_ASKED),
            }
        }
        (_, Fact::Absent(why)) => Fact::Absent(why),
        (_, Fact::Unknown(why)) => Fact::Unknown(why),
    }
}

fn server(author: &Fact<String>, room: Option<&str>) -> Fact<String> {
    let unknown = Fact::Unknown("its server is not known");
    match (author, room) {
        (Fact::Known(author), _) => match <&UserId>::try_from(author.as_str()) {
            Ok(user) => Fact::Known(user.server_name().to_string()),
            Err(_) => unknown,
        },
        // Rooms of version 12 and later have no server in their IDs.
        (Fact::Absent(_), Some(room)) => match <&RoomId>::try_from(room).ok().and_then(RoomId::server_name) {
            Some(server) => Fact::Known(server.to_string()),
            None => unknown,
        },
        (Fact::Absent(_) | Fact::Unknown(_), _) => unknown,
    }
}
