//! `!alias`: let an alias of this server lead to a room, delete one, or list what leads where.

use futures_util::future::try_join;
use ruma::{OwnedRoomAliasId, OwnedRoomId};
use serde_json::Value;

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    facts::{known_room, named},
};
use crate::{
    model::Event,
    plan::{RoomRef, Step},
    reply::{Line, Reply},
    text::target::RoomTarget,
};

/// Add an alias of this server, remove one, or list the aliases of a room
///
/// add lets a new alias lead to a room; it does not become the room's main alias, which only somebody with power in the
/// room can set. remove deletes an alias: the room stays. of lists the aliases of a room, or says where an alias leads.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!alias add <#alias> <room> | !alias remove <#alias> | !alias of <room or #alias> [--dry-run] [--yes]"
)]
pub(super) struct Alias {
    /// What to do
    #[arg(value_name = "add|remove|of", hide_possible_values = true)]
    action: Action,
    /// The alias, and for add the room that it is to lead to; for of the room
    #[arg(value_name = "alias or room", required = true, num_args = 1..=2)]
    words: Vec<String>,
    #[command(flatten)]
    acting: Acting,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Add,
    Remove,
    Of,
}

/// What is known about an alias or a room.
pub(super) enum Facts {
    /// An alias to add, and where it leads already.
    Add { alias: OwnedRoomAliasId, leads: Option<RoomRef>, room: RoomRef },
    /// An alias to remove.
    Remove { alias: OwnedRoomAliasId, leads: RoomRef },
    /// The aliases of a room.
    Of { asked: Option<OwnedRoomAliasId>, room: RoomRef, local: Vec<String>, named: Published },
}

/// The aliases that a room names itself: `m.room.canonical_alias`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Published {
    main: Option<String>,
    others: Vec<String>,
}

impl Published {
    fn of(state: &[Event]) -> Self {
        let Some(event) = state.first() else { return Self::default() };
        let others = event.content().get("alt_aliases").and_then(Value::as_array);
        let others = others.into_iter().flatten().filter_map(Value::as_str);
        Self { main: event.text("alias").map(str::to_owned), others: others.map(str::to_owned).collect() }
    }
}

impl Command for Alias {
    const NAME: &'static str = "alias";
    const ACCESS: Access = Access::ReadOrAct;
    const SUBJECT: Subject = Subject::Rooms;
    const EXAMPLE: &'static str = "!alias add #lounge:example.org !abc:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        match (self.action, &self.words[..]) {
            (Action::Add, [alias, room]) => {
                let alias = local_alias(alias, world)?;
                let (room, _) = known_room(world, &target(room)?).await?;
                let leads = match world.leads_to(&alias).await? {
                    Some(known) => Some(with_names(known, world).await?),
                    None => None,
                };
                Ok(Facts::Add { alias, leads, room })
            }
            (Action::Remove, [alias]) => {
                let alias = local_alias(alias, world)?;
                let room = leads(&alias, world).await?;
                Ok(Facts::Remove { leads: with_names(room, world).await?, alias })
            }
            (Action::Of, [one]) => of(target(one)?, world).await,
            (Action::Add, _) => Err(usage(
                "Adding an alias needs the alias and the room that it is to lead to: ",
                "!alias add #name:example.org !abc:example.org",
            )),
            (Action::Remove, _) => {
                Err(usage("An alias is removed by its name alone: ", "!alias remove #name:example.org"))
            }
            (Action::Of, _) => Err(usage("Name one room, or one alias: ", "!alias of #name:example.org")),
        }
    }

    fn can_be_overtaken(&self) -> bool {
        self.action == Action::Of
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let (step, preview, caution) = match facts {
            Facts::Of { asked, room, local, named } => {
                let of_here = |alias: &str| is_of(alias, world.lookup.me().server_name().as_str());
                return Ok(Decision::Answer(list(asked, &room, &local, &named, of_here)));
            }
            Facts::Add { alias, leads: Some(leads), room } if leads.id == room.id => {
                let line = Line::new().code(alias.as_str()).text(" leads to ").append(room.line());
                return Ok(Decision::Answer(Reply::text(line.text(" already."))));
            }
            Facts::Add { alias, leads: Some(leads), .. } => {
                return Err(Failure::told(
                    Line::new()
                        .code(alias.as_str())
                        .text(" leads to another room already: ")
                        .append(leads.line())
                        .text(". To free it: ")
                        .code(format!("!alias remove {alias}"))
                        .text("."),
                ));
            }
            Facts::Add { alias, leads: None, room } => {
                let line = Line::new().text("A new alias: ").code(alias.as_str()).text(" would lead to ");
                (Step::AddAlias { alias, room: room.clone() }, line.append(room.line()), None)
            }
            Facts::Remove { alias, leads: room } => {
                let line = Line::new().text("To be deleted: ").code(alias.as_str()).text(", which leads to ");
                let line = line.append(room.line()).text(". The room stays.");
                let caution = (room.alias.as_deref() == Some(alias.as_str())).then(|| {
                    "It is the main alias of the room: the room goes on naming it, and it leads nowhere then."
                        .to_owned()
                });
                (Step::RemoveAlias { alias, room }, line, caution)
            }
        };
        Ok(Decision::Propose(Box::new(Draft {
            steps: vec![step],
            because: None,
            preview: Reply::text(preview),
            undoes: None,
            case: None,
            lasts: None,
            caution,
            acting: self.acting,
        })))
    }
}

fn target(word: &str) -> Result<RoomTarget, Failure> {
    word.parse().map_err(|error| Failure::told(Line::new().name_long(format!("{error}"))))
}

fn usage(what: &str, example: &str) -> Failure {
    Failure::told(Line::new().text(what).code(example).text("."))
}

/// An alias that this server can change.
fn local_alias(typed: &str, world: &World<'_>) -> Result<OwnedRoomAliasId, Failure> {
    let alias = match target(typed)? {
        RoomTarget::Alias(alias) => alias,
        RoomTarget::Id(room) => {
            let line =
                Line::new().code(room.as_str()).text(" is the ID of a room, and an alias is needed here");
            return Err(Failure::told(line.text(", like #name:example.org.")));
        }
    };
    let here = world.lookup.me().server_name();
    if alias.server_name() == here {
        return Ok(alias);
    }
    Err(Failure::told(
        Line::new()
            .code(alias.as_str())
            .text(
                " belongs to another server, and only that one can change it. Aliases of this server end in ",
            )
            .code(format!(":{here}"))
            .text("."),
    ))
}

/// Where an alias leads. Refused when it leads nowhere.
async fn leads(alias: &OwnedRoomAliasId, world: &World<'_>) -> Result<OwnedRoomId, Failure> {
    world.resolve(&RoomTarget::Alias(alias.clone())).await
}

/// A room that the server may not know.
async fn with_names(room: OwnedRoomId, world: &World<'_>) -> Result<RoomRef, Failure> {
    let details = world.lookup.room(&room).await?;
    Ok(named(room, details.as_ref()))
}

async fn of(target: RoomTarget, world: &World<'_>) -> Result<Facts, Failure> {
    let (asked, room) = match target {
        RoomTarget::Id(_) => (None, known_room(world, &target).await?.0),
        RoomTarget::Alias(alias) => {
            let room = leads(&alias, world).await?;
            if world.lookup.room(&room).await?.is_none() {
                // An alias of another server, of a room that nobody here is in.
                let room = RoomRef::from(room);
                let (local, named) = (Vec::new(), Published::default());
                return Ok(Facts::Of { asked: Some(alias), room, local, named });
            }
            (Some(alias), with_names(room, world).await?)
        }
    };
    let (local, state) = try_join(
        world.lookup.local_aliases(&room.id),
        world.lookup.state(&room.id, Some("m.room.canonical_alias")),
    )
    .await?;
    Ok(Facts::Of { asked, room, local, named: Published::of(&state) })
}

/// Whether an alias is of a server.
fn is_of(alias: &str, server: &str) -> bool {
    alias.split_once(':').is_some_and(|(_, its)| its == server)
}

/// What leads to a room, and what the room says that leads to it.
fn list(
    asked: Option<OwnedRoomAliasId>,
    room: &RoomRef,
    local: &[String],
    named: &Published,
    of_here: impl Fn(&str) -> bool,
) -> Reply {
    let mut reply = Reply::new();
    if let Some(alias) = asked {
        let line = Line::new().code(alias.as_str()).text(" leads to ").append(room.line()).text(".");
        reply = reply.paragraph(line);
    }
    let published = |alias: &str| {
        if named.main.as_deref() == Some(alias) {
            " – the main alias of the room"
        } else if named.others.iter().any(|other| other == alias) {
            " – named by the room as well"
        } else {
            ""
        }
    };
    reply = match local.len() {
        0 => reply
            .paragraph(Line::new().text("No alias of this server leads to ").append(room.line()).text(".")),
        n => {
            let line = Line::new().text("Aliases of this server that lead to ").append(room.line());
            let lines = local.iter().map(|alias| Line::new().code(alias).text(published(alias)));
            reply.paragraph(line.text(format!(" ({n}):"))).list(lines)
        }
    };
    let elsewhere: Vec<Line> = named
        .main
        .iter()
        .chain(&named.others)
        .filter(|alias| !local.contains(alias))
        .map(|alias| {
            let line = Line::new().code(alias).text(published(alias));
            if of_here(alias) { line.text("; it does not lead here") } else { line }
        })
        .collect();
    if elsewhere.is_empty() {
        return reply;
    }
    reply.paragraph(format!("Other aliases that the room names ({}):", elsewhere.len())).list(elsewhere)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_room_names_is_read_leniently() {
        let of = |content: Value| Published::of(&[Event(json!({"content": content}))]);
        assert_eq!(Published::of(&[]), Published::default());
        for content in
            [json!({}), json!(null), json!({"alias": null, "alt_aliases": "#a:x"}), json!({"alias": 1})]
        {
            assert_eq!(of(content), Published::default());
        }
        assert_eq!(
            of(json!({"alias": "#a:x", "alt_aliases": ["#b:x", 1, "#c:y"]})),
            Published { main: Some("#a:x".into()), others: vec!["#b:x".into(), "#c:y".into()] }
        );
    }

    #[test]
    fn an_alias_is_of_the_server_behind_its_first_colon() {
        for (alias, here) in
            [("#a:hs.test", true), ("#a:hs.test:8448", false), ("#a", false), ("#a:b:hs.test", false)]
        {
            assert_eq!(is_of(alias, "hs.test"), here, "{alias}");
        }
    }
}
