//! The picture of a user in words.

use std::collections::BTreeMap;

use super::{
    super::{World, facts::unread, jobs, person::ago, ratelimit::rate, whom::Who},
    Count, Facts, Files, Local, Read, is_here, is_reported,
};
use crate::{
    model::{Account, Authentication, Device, ListedRoom, Report, ReportPage},
    plan::RoomRef,
    ports::Case,
    reply::{Line, Reply},
    text::{
        duration::date,
        number::{counted, grouped},
        size::size,
    },
};

/// So many rooms, cases and jobs are named.
const NAMED: usize = 5;

pub(super) fn picture(facts: &Facts, world: &World<'_>) -> Reply {
    let id = facts.person.id.as_str();
    let mut reply = Reply::new().paragraph(facts.person.line());
    match &facts.person.who {
        Who::Local(account) => reply = of_account(reply, account, world),
        Who::Nobody | Who::Remote => {
            let server = facts.person.id.server_name();
            let line = Line::new().text("on another server, ").code(server.as_str());
            reply = reply.fact(
                "Account",
                line.text("; here is what this one knows. How it stands with that server: ")
                    .code(format!("!federation {server}")),
            );
        }
    }
    if let Some(Local { authentication, devices, .. }) = &facts.local {
        // Why it is not known is in the line of the devices, or of no interest.
        if let Ok(known) = authentication
            && *known != Authentication::Homeserver
        {
            reply = reply.fact("Addresses", addresses(*known));
        }
        reply = reply.fact("Devices", told(devices, |devices| of_devices(devices, id, world)));
    }
    reply = reply
        .fact("Rooms", told(&facts.memberships, |memberships| rooms(memberships.values(), id)))
        .fact("Rooms made", told(&facts.created, |created| of_created(created)));
    if let Some(local) = &facts.local {
        reply = reply
            .fact("Rooms joined", told(&local.joins, |count| often(count, "room")))
            .fact("Invitations sent", told(&local.invitations, |count| often(count, "invitation")))
            .fact("Files", told(&local.files, |files| of_files(files, id)))
            .fact("Rate limit", told(&local.limit, |limit| rate(limit.as_ref())));
    }
    reply = reply
        .fact("Reports about them", told(&facts.about, |page| about(page, &facts.person.id, world)))
        .fact("Reports by them", told(&facts.by, by));
    let (reported, reporting): (Vec<&Case>, Vec<&Case>) =
        facts.cases.iter().partition(|case| is_reported(case, &facts.person.id));
    reply = reply.fact("Cases about them", cases(&reported));
    if !reporting.is_empty() {
        reply = reply.fact("Cases they reported", cases(&reporting));
    }
    match facts.jobs.len() {
        0 => reply.fact("Jobs", "none"),
        all => {
            reply = reply.fact("Jobs", format!("{}, newest first:", grouped(all as u64)));
            reply = reply.list(facts.jobs.iter().take(NAMED).map(|job| jobs::in_a_line(job, world)));
            reply.more(all.saturating_sub(NAMED), "jobs")
        }
    }
}

fn told<T>(read: &Read<T>, words: impl FnOnce(&T) -> Line) -> Line {
    match read {
        Ok(read) => words(read),
        Err(fault) => unread(fault),
    }
}

fn of_account(reply: Reply, account: &Account, world: &World<'_>) -> Reply {
    let when = |at: Option<i64>| at.filter(|at| *at > 0).map(|at| ago(at, world.now));
    let mut reply = reply
        .fact("Account", kind(account))
        .fact("State", state(account))
        .fact("Made", when(account.created_at).unwrap_or_else(|| "not known".to_owned()))
        .fact(
            "Last seen",
            when(account.last_seen_at).unwrap_or_else(|| "never, as far as is known".to_owned()),
        );
    if let Some(avatar) = &account.avatar {
        reply = reply.fact("Picture", Line::new().code(avatar));
    }
    for (medium, address) in &account.threepids {
        let name = match medium.as_str() {
            "email" => "E-mail",
            "msisdn" => "Telephone",
            _ => "Third party",
        };
        reply = reply.fact(name, Line::new().code(address));
    }
    for (provider, id) in &account.external_ids {
        reply = reply.fact("Logs in as", Line::new().code(id).text(" at ").code(provider));
    }
    reply
}

/// “of this server, server admin, of the appservice `irc`”
fn kind(account: &Account) -> Line {
    let line = Line::new().text("of this server");
    let line = if account.admin { line.text(", ").strong("server admin") } else { line };
    let line = if account.guest { line.text(", guest") } else { line };
    let line = match &account.user_type {
        Some(kind) => line.text(", of the type ").code(kind),
        None => line,
    };
    match &account.appservice {
        Some(appservice) => line.text(", of the appservice ").code(appservice),
        None => line,
    }
}

/// “locked, suspended”, or “nothing was taken away”.
fn state(account: &Account) -> Line {
    let words: Vec<&str> = [
        (account.deactivated, "deactivated"),
        (account.erased, "erased"),
        (account.locked, "locked"),
        (account.suspended, "suspended"),
        (account.shadow_banned, "shadow-banned"),
    ]
    .into_iter()
    .filter_map(|(is, word)| is.then_some(word))
    .collect();
    if words.is_empty() {
        return Line::from("active; neither locked, suspended nor shadow-banned");
    }
    Line::new().strong(words.join(", "))
}

fn of_devices(devices: &[Device], id: &str, world: &World<'_>) -> Line {
    let line = Line::new().text(grouped(devices.len() as u64));
    let newest = devices.iter().filter_map(|device| device.last_seen_at).max();
    let line = match newest {
        Some(at) => line.text(format!(", last seen {}", ago(at, world.now))),
        None => line,
    };
    if devices.is_empty() { line } else { line.text("; ").code(format!("!devices {id}")) }
}

/// “in 12, banned from 2; `!memberships @u`”
fn rooms<'a>(memberships: impl Iterator<Item = &'a String>, id: &str) -> Line {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for membership in memberships {
        *counts.entry(membership).or_default() += 1;
    }
    let known = [
        ("join", "in"),
        ("invite", "invited to"),
        ("knock", "asks to be let into"),
        ("ban", "banned from"),
        ("leave", "out of"),
    ];
    let words: Vec<String> = known
        .into_iter()
        .filter_map(|(membership, word)| Some(format!("{word} {}", grouped(counts.remove(membership)?))))
        .collect();
    if words.is_empty() {
        return Line::from("none");
    }
    Line::new().text(words.join(", ")).text("; ").code(format!("!memberships {id}"))
}

fn of_created(rooms: &[ListedRoom]) -> Line {
    let line = Line::new().text(grouped(rooms.len() as u64));
    let named = rooms.iter().take(NAMED).enumerate().fold(line, |line, (n, room)| {
        let named = RoomRef {
            id: room.room_id.clone(),
            name: room.details.name.clone(),
            alias: room.details.canonical_alias.clone(),
        };
        line.text(if n == 0 { ": " } else { "; " }).append(named.line())
    });
    match rooms.len().saturating_sub(NAMED) {
        0 => named,
        more => named.text(format!("; and {} more", grouped(more as u64))),
    }
}

fn often(count: &Count, what: &str) -> Line {
    match count.ever {
        0 => Line::from("none"),
        ever => Line::from(format!("{}, {} in the last 7 days", counted(ever, what), grouped(count.lately))),
    }
}

fn of_files(files: &Files, id: &str) -> Line {
    if files.count == 0 {
        return Line::from("none");
    }
    let line = Line::new().text(counted(files.count, "file"));
    let line = match files.bytes {
        Some(bytes) => line.text(format!(", {} together", size(bytes))),
        None => line,
    };
    line.text("; ").code(format!("!media user {id}"))
}

/// Synapse drops reports of users of other servers.
fn about(page: &ReportPage, id: &ruma::UserId, world: &World<'_>) -> Line {
    let line = reports(page, |line, report| line.text(" by ").code(&report.reporter));
    if is_here(id, world) {
        line
    } else {
        line.text("; reports of the user as a whole are not kept for other servers")
    }
}

fn by(page: &ReportPage) -> Line {
    reports(page, |line, report| match &report.author {
        Some(author) => line.text(" about ").code(author),
        None => line,
    })
}

/// “3, the last on … by `@ana:hs`: “spam””
fn reports(page: &ReportPage, whom: impl FnOnce(Line, &Report) -> Line) -> Line {
    let Some(newest) = page.reports.first() else { return Line::from("none") };
    let line = Line::new().text(grouped(page.reports.len() as u64));
    let line = if page.next.is_some() { line.text(" or more") } else { line };
    let line = whom(line.text(format!(", the last on {}", date(newest.key.received_ts))), newest);
    match newest.reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
        Some(reason) => line.text(": ").user(reason),
        None => line,
    }
}

/// “2: `!case 12` (open), `!case 9` (dismissed)”
fn cases(cases: &[&Case]) -> Line {
    if cases.is_empty() {
        return Line::from("none");
    }
    let line = Line::new().text(grouped(cases.len() as u64));
    let line = cases.iter().take(NAMED).enumerate().fold(line, |line, (n, case)| {
        let line = line.text(if n == 0 { ": " } else { ", " });
        line.code(format!("!case {}", case.id)).text(format!(" ({})", case.state.word()))
    });
    match cases.len().saturating_sub(NAMED) {
        0 => line,
        more => line.text(format!(" and {} older", grouped(more as u64))),
    }
}

/// Where addresses are when not here.
fn addresses(authentication: Authentication) -> Line {
    let line = Line::new().text("the authentication service (MAS) keeps those of now");
    match authentication {
        Authentication::Mas => line.text("; whose an address is: ").code("!find <e-mail>"),
        Authentication::Elsewhere | Authentication::Homeserver => line.text(", and I have no access to it"),
    }
}
