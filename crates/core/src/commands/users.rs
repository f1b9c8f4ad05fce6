//! `!users`: the accounts of this server, searched, sorted, page by page or as a file.

use futures_util::future::join;
use serde_json::{Value, json};

use super::{
    Access, Command, Decision, Failure, Subject, World,
    facts::FileKind,
    paging::{Part, fitting},
};
use crate::{
    model::{AccountOrder, AccountQuery, AccountSearch, Among, Dir, ListedAccount},
    ports::Fault,
    reply::{Added, Line, Reply, Table, user_line},
    text::{
        duration::date,
        number::{counted, grouped},
    },
};

/// List and search the accounts of this server
///
/// The text is looked for in user IDs and display names, in capitals or not; _ stands for any character and % for any text. Guests, locked and deactivated accounts are left out unless asked for. The server's list does not tell who is suspended: !user does. ⬅️ and ➡️ turn the pages.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!users [text] [--locked] [--deactivated] [--guests] [--admins] [--sort <field>] [--reverse] [--limit <number>] [--page <number>] [--file[=csv|json]]"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command")]
pub(super) struct Users {
    /// Part of a user ID or of a display name
    #[arg(value_name = "text")]
    text: Vec<String>,
    /// Locked accounts too
    #[arg(long)]
    locked: bool,
    /// Deactivated accounts too
    #[arg(long)]
    deactivated: bool,
    /// Guests too
    #[arg(long)]
    guests: bool,
    /// Only server admins
    #[arg(long)]
    admins: bool,
    /// What to sort by: name, displayname, creation_ts, last_seen_ts, admin, is_guest, locked, deactivated, shadow_banned or user_type
    #[arg(
        long,
        value_name = "field",
        value_enum,
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    sort: AccountOrder,
    /// The other way round, such as the newest first
    #[arg(long)]
    reverse: bool,
    /// How many on a page; a page ends where the message is full
    #[arg(long, value_name = "number", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Which page, counted from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Attach all of them as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

pub(super) struct Facts {
    part: Part,
    accounts: Vec<ListedAccount>,
    total: u64,
    /// How many more there are when locked ones, and when deactivated ones are asked for.
    hidden: Hidden,
    file: Option<Table>,
}

/// How many accounts are left out, as far as that is known.
#[derive(Default)]
struct Hidden {
    locked: u64,
    deactivated: u64,
}

/// So many accounts are asked for at once when all of them are read.
const AT_ONCE: u32 = 500;

impl Command for Users {
    const NAME: &'static str = "users";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::People;
    const EXAMPLE: &'static str = "!users spam --locked --sort creation_ts --reverse";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let part = Part::of(world, self.page, 0, self.limit);
        let page = world.lookup.accounts(&self.query(part.from, self.limit)).await;
        let page = page.map_err(|fault| self.refused(fault))?;
        let hidden = self.hidden(world, page.total).await;
        let file = match self.file.filter(|_| world.at.is_none()) {
            Some(kind) => Some(self.read_all(world, kind).await?),
            None => None,
        };
        Ok(Facts { part, accounts: page.accounts, total: page.total, hidden, file })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { part, accounts, total, hidden, file } = facts;
        if part.is_beyond(total) {
            return Err(part.beyond(total, "such accounts"));
        }
        let lines = fitting(accounts.iter().map(|account| line(account, world)).collect());
        let pages = part.pages(lines.len(), total);
        let mut reply = if accounts.is_empty() {
            Reply::text(self.conditions(Line::new().text("There is no account")).text("."))
        } else {
            let words = part.in_words(lines.len(), total, ("account", "accounts"));
            Reply::text(self.conditions(Line::new().text(words)).text(":")).list(lines)
        };
        if let Some(line) = hidden.in_words() {
            reply = reply.paragraph(line);
        }
        if let Some(table) = file {
            let rows = table.rows();
            if rows < total {
                reply = reply.paragraph(format!(
                    "The file has the first {} of {}: it is as large as it may be, or accounts went meanwhile.",
                    grouped(rows),
                    counted(total, "account")
                ));
            }
            reply = reply.attach(table.finish());
        }
        Ok(Decision::Page(reply, pages))
    }
}

impl Users {
    fn query(&self, from: u64, limit: u32) -> AccountQuery {
        let text = self.text.join(" ");
        AccountQuery {
            from,
            limit,
            search: match text.trim() {
                "" => AccountSearch::All,
                // What the server calls the name has neither the “@” nor the server.
                id if id.starts_with('@') => AccountSearch::Id(id.to_owned()),
                name => AccountSearch::Name(name.to_owned()),
            },
            guests: self.guests.into(),
            locked: self.locked.into(),
            deactivated: self.deactivated.into(),
            admins: self.admins.then_some(true),
            order_by: self.sort,
            dir: if self.reverse { Dir::Backwards } else { Dir::Forwards },
        }
    }

    /// With delegated authentication, Synapse does not list guests.
    fn refused(&self, fault: Fault) -> Failure {
        match fault {
            Fault::Refused { status: 400, .. } if self.guests => Failure::told(
                Line::new()
                    .name_long(fault.to_string())
                    .text(" With delegated authentication guests cannot be listed: leave out ")
                    .code("--guests")
                    .text("."),
            ),
            fault => fault.into(),
        }
    }

    /// The server leaves out locked and deactivated accounts without a word. Not knowing how many is no reason to tell
    /// nothing.
    async fn hidden(&self, world: &World<'_>, total: u64) -> Hidden {
        let one = self.query(0, 1);
        let locked = AccountQuery { locked: Among::Yes, ..one.clone() };
        let deactivated = AccountQuery { deactivated: Among::Yes, ..one };
        let more = async |query: &AccountQuery, asked: bool| {
            if asked {
                return 0;
            }
            let page = world.lookup.accounts(query).await;
            page.map_or(0, |page| page.total.saturating_sub(total))
        };
        let (locked, deactivated) =
            join(more(&locked, self.locked), more(&deactivated, self.deactivated)).await;
        Hidden { locked, deactivated }
    }

    async fn read_all(&self, world: &World<'_>, kind: FileKind) -> Result<Table, Failure> {
        let mut table = kind.table("users", HEADERS);
        let mut query = self.query(0, AT_ONCE);
        loop {
            let page = world.lookup.accounts(&query).await?;
            let next = page.next.filter(|next| *next > query.from && !page.accounts.is_empty());
            let is_full = page.accounts.iter().any(|account| table.add(row(account)) == Added::Full);
            match next {
                Some(next) if !is_full => query.from = next,
                _ => return Ok(table),
            }
            let (read, total) = (grouped(query.from), grouped(page.total));
            (world.tell)(&Reply::text(format!("Read {read} of {total} accounts …")));
        }
    }

    /// “ with “spam” in the user ID or the display name, server admins only, locked ones too”
    fn conditions(&self, line: Line) -> Line {
        let line = match self.query(0, 1).search {
            AccountSearch::All => line,
            AccountSearch::Id(text) => line.text(" with ").user(text).text(" in the user ID"),
            AccountSearch::Name(text) => {
                line.text(" with ").user(text).text(" in the user ID or the display name")
            }
        };
        [
            (self.admins, ", server admins only"),
            (self.locked, ", locked ones too"),
            (self.deactivated, ", deactivated ones too"),
            (self.guests, ", guests too"),
        ]
        .into_iter()
        .filter(|(asked, _)| *asked)
        .fold(line, |line, (_, words)| line.text(words))
    }
}

impl Hidden {
    fn in_words(&self) -> Option<Line> {
        let parts: Vec<(u64, &str, &str)> =
            [(self.locked, "locked", "--locked"), (self.deactivated, "deactivated", "--deactivated")]
                .into_iter()
                .filter(|(number, ..)| *number > 0)
                .collect();
        let line = parts.iter().enumerate().fold(Line::new().text("Left out: "), |line, (n, part)| {
            let (number, word, option) = *part;
            let line = line.text(if n == 0 { "" } else { ", " });
            line.text(format!("{} that are {word} (", grouped(number))).code(option).text(")")
        });
        (!parts.is_empty()).then(|| line.text("."))
    }
}

/// An account, when it was made and seen, and what is remarkable about it.
fn line(account: &ListedAccount, world: &World<'_>) -> Line {
    let line = user_line(account.display_name.as_deref(), &account.id);
    let day =
        |at: Option<i64>| at.filter(|at| *at > 0).map(|at| date(at).chars().take(10).collect::<String>());
    let line = match day(account.created_at) {
        Some(day) => line.text(format!(", made {day}")),
        None => line,
    };
    let line = match day(account.last_seen_at) {
        Some(day) => line.text(format!(", seen {day}")),
        None => line.text(", never seen"),
    };
    let line = match &account.user_type {
        Some(kind) => line.text(", ").code(kind),
        None => line,
    };
    [
        (account.id == world.lookup.me().as_str(), ", me"),
        (account.admin, ", server admin"),
        (account.guest, ", guest"),
        (account.locked, ", locked"),
        (account.shadow_banned, ", shadow-banned"),
        (account.deactivated && !account.erased, ", deactivated"),
        (account.erased, ", erased"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .fold(line, |line, (_, words)| line.text(words))
}

const HEADERS: &[&str] = &[
    "user_id",
    "displayname",
    "created_at",
    "last_seen_at",
    "user_type",
    "guest",
    "admin",
    "locked",
    "shadow_banned",
    "deactivated",
    "erased",
];

/// An account, in the order of [`HEADERS`].
fn row(account: &ListedAccount) -> [Value; 11] {
    [
        json!(account.id),
        json!(account.display_name),
        json!(account.created_at.map(date)),
        json!(account.last_seen_at.map(date)),
        json!(account.user_type),
        json!(account.guest),
        json!(account.admin),
        json!(account.locked),
        json!(account.shadow_banned),
        json!(account.deactivated),
        json!(account.erased),
    ]
}
