//! What the restoration of a room does, in words, before it is done.

use super::{NAMED, Restoration, Way};
use crate::{model::Listing, plan::RoomRef, reply::Line, text::number::counted};

/// IDs, the first few of them.
fn ids<T: ToString>(line: Line, all: &[T]) -> Line {
    let line = all
        .iter()
        .take(NAMED)
        .enumerate()
        .fold(line, |line, (n, id)| line.text(if n == 0 { "" } else { ", " }).code(id.to_string()));
    match all.len().saturating_sub(NAMED) {
        0 => line,
        more => line.text(format!(" and {more} more")),
    }
}

impl Restoration {
    /// “bring Spam (`!a`) back by joining it again, with 3 local members”
    pub fn describe(&self, room: &RoomRef) -> Line {
        let line = match self.way {
            Way::Rejoin { .. } => {
                Line::new().text("bring ").append(room.line()).text(" back by joining it again")
            }
            Way::Anew { .. } => Line::new().text("make another room in the place of ").append(room.line()),
        };
        match self.members.len() as u64 {
            0 => line.text(", without members of this server"),
            n => line.text(format!(", with {}", counted(n, "local member"))),
        }
    }

    /// What is done, and what cannot come back: a sentence each.
    pub fn details(&self) -> Vec<Line> {
        let text = |words: &str| Line::new().text(words);
        let mut lines = vec![self.way_in_words()];
        if !self.members.is_empty() {
            let line = text("Former members of this server, brought back without being asked: ");
            let line = line.text(format!("{}: ", self.members.len()));
            lines.push(ids(line, &self.members).text(
                ". Who cannot be brought in is invited. Accounts that were deactivated since are left out.",
            ));
        }
        match self.banned.as_deref() {
            None => lines.push(text(
                "Nobody is banned: I did not keep who was. Of a large room I kept no more than what it is made of, so widgets, \
                 bridges and policy lists do not come back.",
            )),
            Some([]) => {}
            Some(banned) => lines.push(ids(text("Banned again: "), banned).text(".")),
        }
        if !self.aliases.is_empty() {
            lines.push(ids(text("Aliases that lead there again: "), &self.aliases).text("."));
        }
        if self.listing == Listing::Listed {
            lines.push(text("It is listed in the room directory again."));
        }
        if let Some(notification) = &self.notification {
            let line = text(
                "The room that the members were moved to is closed and deleted, with all that was said there: ",
            );
            lines.push(line.code(notification.as_str()).text("."));
        }
        lines.push(match (self.was_watched, &self.way) {
            (true, _) => text("I stay in it, as I was before."),
            (false, Way::Rejoin { .. }) => text("I leave it then, if somebody of this server is back in it."),
            (false, Way::Anew { .. }) => {
                text("I leave it then, if somebody is back in it who has power there.")
            }
        });
        lines.push(self.lost());
        lines
    }

    fn way_in_words(&self) -> Line {
        match &self.way {
            Way::Rejoin { servers, .. } if servers.is_empty() => Line::new()
                .text("Others are still in the room. I join it as anybody could, and nothing of it is made anew."),
            Way::Rejoin { servers, .. } => {
                let line = Line::new().text("Other servers still have the room. I join it through ");
                ids(line, servers).text(", and nothing of it is made anew.")
            }
            Way::Anew { splits: true, .. } => Line::new().text(
                "Others may still have the room. I make a new one all the same, with another ID, and with what I kept: \
                 that splits it. Who is in the old one stays there.",
            ),
            Way::Anew { splits: false, .. } => Line::new().text(
                "Nobody has the room any more. I make a new one, with another ID, and with what I kept: name, topic, \
                 picture, power levels, and who may join and read.",
            ),
        }
    }

    /// What cannot come back.
    pub fn lost(&self) -> Line {
        let line = Line::new().strong("What cannot come back: ");
        line.text(match self.way {
            Way::Rejoin { .. } => {
                "what no other server has of the messages and files, open invitations and requests to join, and how far \
                 everybody had read."
            }
            Way::Anew { .. } => {
                "all messages and files, pinned messages, members of other servers, open invitations and requests to \
                 join, and how far everybody had read."
            }
        })
    }
}
