//! The statistics as text.

use std::time::Duration;

use super::{Counts, Delays, Ranking, Room, Stats, Waiting, Week, day};
use crate::{
    model::{Millis, ReportKind},
    reply::{Line, Reply, room_line},
    text::{
        duration::{date, in_words},
        number::{counted, grouped},
    },
};

/// So many weeks are listed; the picture has them all.
const WEEKS: usize = 6;

impl Stats {
    /// What a moderator reads.
    pub fn reply(&self) -> Reply {
        let heading = Line::new().text(format!("Abuse reports from {}", self.span()));
        let reply = Reply::new().heading(heading).paragraph(self.in_short());
        let reply = match &self.waiting {
            Some(waiting) => reply.paragraph(waiting.line()),
            None => reply,
        };
        if self.is_empty() {
            return reply;
        }
        let reply = match &self.first_action {
            Some(delays) => reply.paragraph(delays.line()),
            None => reply,
        };
        let reply = reply.paragraph("By week, newest first:").list(self.week_lines());
        let reply = ranked(
            reply,
            "By the server of who was reported:",
            &self.servers,
            ("server", "servers"),
            |server| Line::new().code(server),
        );
        let reply = ranked(reply, "By room:", &self.rooms, ("room", "rooms"), Room::line);
        ranked(reply, "By moderator:", &self.moderators, ("moderator", "moderators"), |id| {
            Line::new().code(id)
        })
    }

    /// Whether nothing happened in the span.
    pub fn is_empty(&self) -> bool {
        (self.opened, self.settled) == (0, 0)
    }

    /// “2026-10-22 to 2026-11-21”.
    pub(super) fn span(&self) -> String {
        let word = |at: Millis| day(at).map_or_else(|| date(at), |day| day.to_string());
        format!("{} to {}", word(self.since), word(self.until))
    }

    fn in_short(&self) -> String {
        let opened = match self.opened {
            0 => "No new case".to_owned(),
            opened => counted(opened, "new case"),
        };
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, cases)| about(*kind, *cases)).collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        let unsettled = match self.unsettled {
            0 => "None is open now.".to_owned(),
            1 => "One is open now.".to_owned(),
            unsettled => format!("{} are open now.", grouped(unsettled)),
        };
        let settled = match self.settled {
            0 => "none".to_owned(),
            settled => grouped(settled),
        };
        format!("{opened}{kinds}, {settled} settled. {unsettled}")
    }

    fn week_lines(&self) -> Vec<Line> {
        let hidden = self.weeks.len().saturating_sub(WEEKS);
        let (before, shown) = self.weeks.split_at(hidden);
        let week = |week: &Week| {
            Line::new().text(format!("{} (from {}): {}", week.label(), week.monday, week.counts.words()))
        };
        let earlier = before.iter().fold(self.earlier, |sum, week| Counts {
            opened: sum.opened + week.counts.opened,
            settled: sum.settled + week.counts.settled,
        });
        let earlier =
            (earlier != Counts::default()).then(|| Line::from(format!("earlier: {}", earlier.words())));
        shown.iter().rev().map(week).chain(earlier).collect()
    }
}

impl Counts {
    fn words(self) -> String {
        format!("{} new, {} settled", grouped(self.opened), grouped(self.settled))
    }
}

impl Waiting {
    fn line(self) -> String {
        let longest = duration(self.longest);
        match self.cases {
            1 => format!("One case waits for a moderator, for {longest}."),
            cases => format!("{} cases wait for a moderator, the oldest for {longest}.", grouped(cases)),
        }
    }
}

impl Delays {
    /// “half within 12 minutes, 9 in 10 within 3 h 5 min, all within 2 days”
    pub(super) fn words(self) -> String {
        let [median, most, longest] = [self.median, self.most, self.longest].map(duration);
        format!("half within {median}, 9 in 10 within {most}, the slowest after {longest}")
    }

    fn line(self) -> String {
        if self.median == self.longest {
            return format!("First action: after {}.", duration(self.longest));
        }
        format!("First action: {}.", self.words())
    }
}

impl Room {
    fn line(&self) -> Line {
        room_line(self.name.as_deref(), None, &self.id)
    }
}

/// “2 messages”; what is reported by event is a message for whoever reports it.
fn about(kind: ReportKind, cases: u64) -> String {
    let word = match kind {
        ReportKind::Event => "message",
        ReportKind::User => "user",
        ReportKind::Room => "room",
    };
    counted(cases, word)
}

/// A list of who or what has the most cases, and how many the others have; nothing if there is nobody.
fn ranked<T>(
    reply: Reply,
    title: &str,
    ranking: &Ranking<T>,
    (one, many): (&str, &str),
    line: impl Fn(&T) -> Line,
) -> Reply {
    if ranking.first.is_empty() {
        return reply;
    }
    let first = ranking.first.iter().map(|(it, cases)| line(it).text(format!(": {}", grouped(*cases))));
    let others = (ranking.others > 0).then(|| {
        let what = if ranking.others == 1 { one } else { many };
        format!("{} more {what}: {}", grouped(ranking.others), grouped(ranking.others_cases))
    });
    let without = (ranking.without > 0).then(|| format!("no {one}: {}", grouped(ranking.without)));
    reply.paragraph(title).list(first.chain(others.map(Line::from)).chain(without.map(Line::from)))
}

/// A duration in words; less than a second is not worth telling apart.
fn duration(millis: Millis) -> String {
    in_words(Duration::from_millis(millis.unsigned_abs()))
}
