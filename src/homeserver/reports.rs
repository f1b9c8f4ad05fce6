//! Abuse reports as the admin API tells them.

use std::num::NonZeroU32;

use gleipnir_core::{
    model::{About, Report, ReportKey, ReportKind, ReportPage},
    ports::Fault,
};
use synapse_admin::{
    Direction, EventReport, EventReportsQuery, RoomReport, RoomReportsQuery, UserReport, UserReportsQuery,
};

use super::{Homeserver, model::millis, read};

/// How many reports are read at a time to find one.
const LISTED: u32 = 500;

impl Homeserver {
    /// A page of the reports of a kind, newest first; `None` when the server cannot tell them.
    pub(super) async fn reports_of(
        &self,
        kind: ReportKind,
        from: u64,
        limit: u32,
    ) -> Result<Option<ReportPage>, Fault> {
        let (from, limit, dir) = (Some(from), NonZeroU32::new(limit), Direction::Backwards);
        Ok(match kind {
            ReportKind::Event => {
                let query = EventReportsQuery { from, limit, dir, ..EventReportsQuery::default() };
                let page = read(|| self.admin.event_reports(&query)).await?;
                let next = page.next(&query).and_then(|next| next.from);
                let reports = page.event_reports.into_iter().map(of_event);
                Some(ReportPage { reports: reports.collect(), total: page.total, next })
            }
            ReportKind::User => {
                let query = UserReportsQuery { from, limit, dir, ..UserReportsQuery::default() };
                read(|| self.admin.user_reports(&query)).await?.map(|page| {
                    let next = page.next(&query).and_then(|next| next.from);
                    let reports = page.user_reports.into_iter().map(of_user);
                    ReportPage { reports: reports.collect(), total: page.total, next }
                })
            }
            ReportKind::Room => {
                let query = RoomReportsQuery { from, limit, ..RoomReportsQuery::default() };
                read(|| self.admin.room_reports(&query)).await?.map(|page| {
                    let next = page.next(&query).and_then(|next| next.from);
                    let reports: Vec<Report> = page.room_reports.into_iter().map(of_room).collect();
                    // Only the next page tells whether there is more.
                    ReportPage { total: reports.len() as u64, reports, next }
                })
            }
        })
    }

    /// One report; `None` when there is none of that number, or the server cannot tell it.
    pub(super) async fn report_of(&self, kind: ReportKind, id: u64) -> Result<Option<Report>, Fault> {
        let found = match kind {
            ReportKind::Event => {
                read(|| self.admin.event_report(id)).await?.map(|found| of_event(found.report))
            }
            ReportKind::User => match read(|| self.admin.user_report(id)).await {
                // Before Synapse 1.152.
                Err(Fault::NotRouted { .. }) => return Ok(None),
                found => return Ok(found?.map(of_user)),
            },
            ReportKind::Room => None,
        };
        // One by one, Synapse does not tell reports of events that are gone; the list has some of them all the same.
        match found {
            Some(report) => Ok(Some(report)),
            None => self.listed_report(kind, id).await,
        }
    }

    async fn listed_report(&self, kind: ReportKind, id: u64) -> Result<Option<Report>, Fault> {
        let mut from = Some(0);
        while let Some(at) = from {
            let Some(page) = self.reports_of(kind, at, LISTED).await? else { return Ok(None) };
            from = page.next;
            if let Some(report) = page.reports.into_iter().find(|report| report.key.id == id) {
                return Ok(Some(report));
            }
        }
        Ok(None)
    }
}

fn of_event(report: EventReport) -> Report {
    Report {
        key: ReportKey { kind: ReportKind::Event, id: report.id, received_ts: millis(report.received_ts) },
        reporter: report.user_id,
        reason: report.reason,
        about: About::Event { room_id: report.room_id, event_id: report.event_id },
        author: report.sender,
    }
}

fn of_user(report: UserReport) -> Report {
    Report {
        key: ReportKey { kind: ReportKind::User, id: report.id, received_ts: millis(report.received_ts) },
        reporter: report.user_id,
        reason: report.reason,
        author: Some(report.target_user_id.clone()),
        about: About::User { user_id: report.target_user_id },
    }
}

fn of_room(report: RoomReport) -> Report {
    Report {
        key: ReportKey { kind: ReportKind::Room, id: report.id, received_ts: millis(report.received_ts) },
        reporter: report.user_id,
        reason: report.reason,
        about: About::Room { room_id: report.room_id },
        author: None,
    }
}
