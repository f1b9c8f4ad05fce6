//! The picture of a user as a file.

use serde_json::{Map, Value, json};

use super::{
    super::{
        Failure,
        facts::{FileKind, json_file},
        whom::Who,
    },
    Count, Facts, Read, is_reported,
};
use crate::{
    model::{Device, ReportPage},
    reply::{Added, Attachment},
    text::duration::date,
};

/// One object in JSON; in CSV a line for each of its fields.
pub(super) fn file(facts: &Facts, kind: FileKind) -> Result<Attachment, Failure> {
    let fields = fields(facts);
    match kind {
        FileKind::Json => {
            let object: Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            json_file("user.json", &object)
        }
        FileKind::Csv => {
            let mut table = kind.table("user", &["field", "value"]);
            for (name, value) in fields {
                // One user has never so much of anything that a file does not hold it; what does is the rest.
                if table.add([json!(name), value]) == Added::Full {
                    break;
                }
            }
            Ok(table.finish())
        }
    }
}

fn fields(facts: &Facts) -> Vec<(&'static str, Value)> {
    let time = |at: Option<i64>| json!(at.map(date));
    let mut fields = vec![("user_id", json!(facts.person.id))];
    if let Who::Local(account) = &facts.person.who {
        let pairs = |pairs: &[(String, String)]| -> Value {
            json!(pairs.iter().map(|(kind, id)| format!("{kind} {id}")).collect::<Vec<_>>())
        };
        fields.extend([
            ("displayname", json!(account.display_name)),
            ("avatar_url", json!(account.avatar)),
            ("created_at", time(account.created_at)),
            ("last_seen_at", time(account.last_seen_at)),
            ("admin", json!(account.admin)),
            ("guest", json!(account.guest)),
            ("user_type", json!(account.user_type)),
            ("appservice", json!(account.appservice)),
            ("suspended", json!(account.suspended)),
            ("locked", json!(account.locked)),
            ("shadow_banned", json!(account.shadow_banned)),
            ("deactivated", json!(account.deactivated)),
            ("erased", json!(account.erased)),
            ("threepids", pairs(&account.threepids)),
            ("external_ids", pairs(&account.external_ids)),
        ]);
    }
    if let Some(local) = &facts.local {
        let count = |count: &Count| json!({"ever": count.ever, "last_7_days": count.lately});
        fields.extend([
            (
                "devices",
                value(&local.devices, |devices| json!(devices.iter().map(device).collect::<Vec<_>>())),
            ),
            ("rooms_joined", value(&local.joins, count)),
            ("invitations_sent", value(&local.invitations, count)),
            ("files", value(&local.files, |files| json!({"count": files.count, "bytes": files.bytes}))),
            (
                "rate_limit",
                value(&local.limit, |limit| {
                    json!(limit.map(|limit| json!({
                        "messages_per_second": limit.messages_per_second,
                        "burst_count": limit.burst_count,
                    })))
                }),
            ),
        ]);
    }
    let numbers = |about: bool| -> Value {
        let theirs = facts.cases.iter().filter(|case| is_reported(case, &facts.person.id) == about);
        json!(theirs.map(|case| case.id).collect::<Vec<_>>())
    };
    fields.extend([
        ("memberships", value(&facts.memberships, |memberships| json!(memberships))),
        (
            "rooms_made",
            value(&facts.created, |rooms| json!(rooms.iter().map(|room| &room.room_id).collect::<Vec<_>>())),
        ),
        ("reports_about", value(&facts.about, reports)),
        ("reports_by", value(&facts.by, reports)),
        ("cases_about", numbers(true)),
        ("cases_reported", numbers(false)),
        ("jobs", json!(facts.jobs.iter().map(|plan| plan.id).collect::<Vec<_>>())),
    ]);
    fields
}

fn value<T>(read: &Read<T>, value: impl FnOnce(&T) -> Value) -> Value {
    match read {
        Ok(read) => value(read),
        Err(fault) => json!({"error": fault.to_string()}),
    }
}

fn device(device: &Device) -> Value {
    json!({
        "device_id": device.id,
        "display_name": device.display_name,
        "user_agent": device.user_agent,
        "last_seen_at": device.last_seen_at.map(date),
    })
}

fn reports(page: &ReportPage) -> Value {
    json!({"reports": page.reports, "there_are_more": page.next.is_some()})
}
