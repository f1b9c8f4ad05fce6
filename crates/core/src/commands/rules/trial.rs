//! What each rule makes of a case, or of any event, condition by condition.

use crate::{
    automatic::{Course, Past, Patience, Wish, gather as gather_facts, wish},
    commands::{
        Failure, World,
        cases::{known, number},
        events::{room_needed, target, unknown_event},
    },
    model::{About, Event},
    plan::Step,
    ports::{Case, CaseState, Fault, Priority},
    reply::Line,
    reports::evidence_of,
    rules::{
        case::subject,
        reports::{Facts, Matching, Mode, Rule, Rules, Verdict, is_unknown, matches, weigh},
    },
    text::target::EventTarget,
};

/// What is weighed, and what the rules that match it want.
pub(in crate::commands) struct Trial {
    case: Case,
    facts: Facts,
    /// Those that act, or tell.
    acting: Vec<Matching>,
    /// What those want that match, and what would become of it now; by the places of the rules.
    wishes: Vec<Option<(Wish, Course)>>,
}

pub(super) async fn gather(world: &World<'_>, typed: &[String]) -> Result<Trial, Failure> {
    let is_case = |only: &String| only.trim_start_matches('#').chars().all(|c| c.is_ascii_digit());
    let case = match typed {
        [only] if is_case(only) => {
            let id = number(only).map_err(|why| Failure::told(Line::from(why)))?;
            known(world, id)?
        }
        typed => of_event(world, &target(typed)?).await?,
    };
    let ignored = world.records.ignored_reporters()?;
    let rules = &world.settings.rules;
    let facts =
        gather_facts(world.lookup, rules.needs(), &case, &ignored, world.now, Patience::Ended).await?;
    let acting = rules.matching(&facts);
    let past = Past::read(world.records, world.settings, world.lookup.me(), case.clone(), world.now)?;
    let mut wishes = Vec::new();
    for (place, rule) in rules.list.iter().enumerate() {
        if !matches(&weigh(rule, &facts)) {
            wishes.push(None);
            continue;
        }
        let known = acting.iter().find(|matching| matching.place == place).copied();
        let matching = known.unwrap_or(Matching { place, behind: None });
        let mut wish = wish(world.lookup, world.records, world.settings, matching, &case, &facts).await?;
        past.complete(&mut wish);
        let course = past.course(world.settings, world.lookup.me(), &wish);
        wishes.push(Some((wish, course)));
    }
    Ok(Trial { case, facts, acting, wishes })
}

/// The case of an event; one with no report, if nobody reported it.
async fn of_event(world: &World<'_>, target: &EventTarget) -> Result<Case, Failure> {
    let event = &target.event;
    let room = match &target.room {
        Some(room) => Some(world.resolve(room).await?),
        None => match world.lookup.original(event).await {
            Ok(held) => held.as_ref().and_then(Event::room_id),
            // Before 1.140 Synapse cannot fetch an event by its ID alone.
            Err(Fault::NotRouted { .. }) => return Err(room_needed("rules test", event)),
            Err(fault) => return Err(fault.into()),
        },
    };
    let Some(room) = room else { return Err(unknown_event(event.as_str())) };
    let about = About::Event { room_id: room.to_string(), event_id: event.to_string() };
    if let Some(case) = world.records.case_about(&about)? {
        return Ok(case);
    }
    let evidence = evidence_of(world.lookup, &room, event).await?;
    if evidence.event.is_none() {
        return Err(unknown_event(event.as_str()));
    }
    Ok(Case {
        id: 0,
        about,
        state: CaseState::Open,
        by: None,
        note: None,
        opened_at: world.now,
        changed_at: world.now,
        evidence: serde_json::to_value(evidence).ok(),
        priority: Priority::Normal,
        decisions: Vec::new(),
        reports: Vec::new(),
    })
}

impl Trial {
    pub(super) fn heading(&self) -> Line {
        match self.case.id {
            0 => Line::from("What the rules make of ")
                .append(subject(&self.case))
                .text(", which nobody reported"),
            id => Line::from(format!("What the rules make of case {id}, ")).append(subject(&self.case)),
        }
    }

    pub(super) fn lines(&self, rules: &Rules) -> Vec<Line> {
        let mut lines = Vec::new();
        for ((place, rule), wish) in rules.list.iter().enumerate().zip(&self.wishes) {
            let weighed = weigh(rule, &self.facts);
            let heading = Line::new().strong(format!("{}. ", place + 1)).user(&rule.name);
            let acts = self.acting.iter().any(|matching| matching.place == place);
            lines.push(match wish {
                Some(_) if acts => heading.strong(" matches"),
                Some(_) => heading.strong(" matches").text(", but one before it acts"),
                None if is_unknown(&weighed) => {
                    heading.strong(" does not match").text(", because something is not known")
                }
                None => heading.strong(" does not match"),
            });
            lines.extend(weighed.into_iter().map(|one| {
                let mark = match one.verdict {
                    Verdict::Holds => "✅ ",
                    Verdict::HoldsNot => "❌ ",
                    Verdict::Unknown => "❔ ",
                };
                let line = Line::from(mark).append(one.condition).text(": ").append(one.found);
                match one.verdict {
                    Verdict::Unknown => line.text(" (not known, so it does not hold)"),
                    Verdict::Holds | Verdict::HoldsNot => line,
                }
            }));
            if let Some((wish, course)) = wish.as_ref().filter(|_| acts) {
                lines.extend(would(rule, wish, course));
            }
        }
        if self.facts.reports.is_empty() {
            lines.push(match self.case.reports.len() {
                0 => Line::from("Rules act on reports only, and there is none."),
                _ => Line::from("All its reports are by reporters who are ignored, so no rule acts."),
            });
        }
        lines
    }
}

/// What would become of a rule that matches, if the case were weighed now.
fn would(rule: &Rule, wish: &Wish, course: &Course) -> Vec<Line> {
    let held = |why: &Line| Line::new().strong("It would be held back: ").append(why.clone());
    let (heading, but) = match (rule.mode, course) {
        (Mode::DryRun, _) => ("It would only tell: ", wish.objection.as_ref().map(held)),
        (Mode::Act, Course::Acts) => ("It would do: ", None),
        (Mode::Act, Course::Asks(why)) => {
            let why = Line::new().strong("It would not do it, but ask: ").name_long(why.as_str());
            ("It is to do: ", Some(why))
        }
        (Mode::Act, Course::Held(_, why)) => ("It is to do: ", Some(held(why))),
        (Mode::Act, Course::Nothing) => {
            ("It is to do: ", Some(Line::new().strong("It would do nothing more about this case.")))
        }
    };
    let mut lines = vec![Line::from(heading).append(rule.actions_in_words())];
    lines.extend(wish.steps.iter().chain(&wish.asks).map(Step::describe));
    lines.extend(wish.missing.iter().map(|why| Line::from("Not: ").append(why.clone())));
    lines.extend(but);
    lines
}
