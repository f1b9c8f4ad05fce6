//! What becomes of those who are meant: done, left alone, or a mistake. A mistake among users who were typed ends the
//! command; of a list it is left out and said, because nobody reads a thousand lines before they send them.

use super::{
    Acting, Decision, Draft, Failure,
    listed::Listed,
    whom::{Meant, Person, Source, Who},
};
use crate::{
    model::{Account, Millis},
    plan::Step,
    reply::{Line, Reply, cut_list},
    text::number::{counted, grouped},
};

/// How many users of a list are named for each thing that becomes of them.
pub(super) const NAMED: usize = 20;

/// What becomes of a user of this server. The sentences go on after who they are.
pub(super) enum Fate {
    /// What was asked for.
    Done,
    /// Nothing: it is so already.
    Already(Line),
    /// Nothing: it cannot be.
    Cannot(Line),
}

/// Those who are meant, by what becomes of them.
pub(super) struct Crowd {
    /// To whom it is done.
    pub(super) people: Vec<Person>,
    pub(super) source: Source,
    already: Vec<Line>,
    cannot: Vec<Line>,
    protected: Vec<Line>,
    nobody: Vec<Line>,
    remote: Vec<Line>,
    reason: Option<String>,
}

impl Crowd {
    /// Sorts those who are meant. Refused when there is a mistake among users who were typed.
    pub(super) fn sort(meant: Meant, fate: impl Fn(&Person, &Account) -> Fate) -> Result<Self, Failure> {
        let Meant { people, protected, reason, source, .. } = meant;
        let mut crowd = Self {
            people: Vec::new(),
            source,
            already: Vec::new(),
            cannot: Vec::new(),
            protected: Vec::new(),
            nobody: Vec::new(),
            remote: Vec::new(),
            reason,
        };
        if source == Source::Typed {
            let mistakes: Vec<Line> = people.iter().filter_map(|person| mistake(person, &fate)).collect();
            if !mistakes.is_empty() {
                let reply = Reply::text("Nothing was done.").list(mistakes);
                return Err(Failure::Told(Box::new(reply)));
            }
        }
        for person in people {
            let line = person.line();
            match (&person.who, protected.get(&person.id)) {
                (Who::Nobody, _) => crowd.nobody.push(line),
                (Who::Remote, _) => crowd.remote.push(line),
                (Who::Local(_), Some(why)) => crowd.protected.push(Line::new().name_long(why)),
                (Who::Local(account), None) => match fate(&person, account) {
                    Fate::Done => crowd.people.push(person),
                    Fate::Already(words) => crowd.already.push(line.append(words)),
                    Fate::Cannot(words) => crowd.cannot.push(line.append(words)),
                },
            }
        }
        Ok(crowd)
    }

    /// What would be done to whom, if it is to anybody, and who is left out; `line` is said of each.
    pub(super) fn preview(&self, heading: Line, line: impl Fn(&Person) -> Line) -> Reply {
        let lines: Vec<Line> = self.people.iter().map(line).collect();
        match self.source {
            Source::Typed => self.left_out(Reply::text(heading).list(lines)),
            Source::Listed { .. } => {
                let reply = Reply::text(self.counts()).paragraph(heading);
                self.left_out(cut_list(reply, lines, NAMED, "users"))
            }
        }
    }

    /// The answer when there is nobody to do anything to.
    pub(super) fn nothing_to_do(&self) -> Reply {
        match self.source {
            Source::Typed => Reply::new().list(self.already.clone()),
            Source::Listed { .. } => {
                self.left_out(Reply::text("There is nothing to do.").paragraph(self.counts()))
            }
        }
    }

    /// “Of 1,000 users in the file: 2 to do, …”
    fn counts(&self) -> Line {
        let groups = self.groups();
        let all = self.people.len() + groups.iter().map(|(_, lines)| lines.len()).sum::<usize>();
        let number = |count: usize| grouped(count as u64);
        let of = counted(all as u64, "user");
        let mut words = vec![format!("Of {of} in the file: {} to do", number(self.people.len()))];
        let left_out = groups.iter().filter(|(_, lines)| !lines.is_empty());
        words.extend(left_out.map(|(what, lines)| format!("{} {what}", number(lines.len()))));
        let words = format!("{}.", words.join("; "));
        let words = match self.source {
            Source::Listed { repeated: again @ 1.. } => {
                let lines = counted(again as u64, "line");
                format!("{words} {lines} named somebody again, who counts once.")
            }
            Source::Typed | Source::Listed { .. } => words,
        };
        Line::new().strong(words)
    }

    fn groups(&self) -> [(&'static str, &[Line]); 5] {
        [
            ("left alone, because it is so already", &self.already),
            ("protected, and left out", &self.protected),
            ("not possible, and left out", &self.cannot),
            ("unknown on this server, and left out", &self.nobody),
            ("of other servers, and left out", &self.remote),
        ]
    }

    fn left_out(&self, reply: Reply) -> Reply {
        if self.source == Source::Typed {
            return match &self.already[..] {
                [] => reply,
                already => reply.paragraph("Left alone:").list(already.to_vec()),
            };
        }
        let groups = self.groups().into_iter().filter(|(_, lines)| !lines.is_empty());
        groups.fold(reply, |reply, (what, lines)| {
            let heading = format!("{} {what}:", grouped(lines.len() as u64));
            cut_list(reply.paragraph(heading), lines.to_vec(), NAMED, "users")
        })
    }

    /// What is to be done to them. From a list it always asks first, whatever else was typed.
    pub(super) fn propose(
        self,
        preview: Reply,
        step: impl Fn(Person) -> Step,
        lasts: Option<Millis>,
        acting: Acting,
    ) -> Decision {
        let (caution, acting) = match self.source {
            Source::Typed => (None, acting),
            Source::Listed { .. } => Listed::asks(acting),
        };
        Decision::Propose(Box::new(Draft {
            steps: self.people.into_iter().map(step).collect(),
            because: self.reason,
            preview,
            undoes: None,
            case: None,
            lasts,
            caution,
            acting,
        }))
    }
}

/// Why nothing can be done to somebody here. Writing to an account that does not exist would make it.
fn mistake(person: &Person, fate: impl Fn(&Person, &Account) -> Fate) -> Option<Line> {
    match &person.who {
        Who::Local(account) => match fate(person, account) {
            Fate::Cannot(words) => Some(person.line().append(words)),
            Fate::Done | Fate::Already(_) => None,
        },
        Who::Nobody => Some(
            Line::new()
                .text("There is no account ")
                .code(person.id.as_str())
                .text(" on this server. Check its spelling."),
        ),
        Who::Remote => Some(
            Line::new()
                .code(person.id.as_str())
                .text(" is of another server; only that server can do this. Here ")
                .code("!ban")
                .text(" keeps them out of rooms."),
        ),
    }
}
