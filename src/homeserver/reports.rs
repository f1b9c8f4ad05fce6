//! Abuse reports as the admin API tells them.

use std::num::NonZeroU32;

use gleipnir_core::{
    model::{About, Report, ReportKey, ReportKind, ReportPage},
    ports::Fault,
};
use synapse_admin::{Direction, EventReportsQuery, RoomReportsQuery, UserReportsQuery};

use super::{Homeserver, model::millis, read};

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
                let reports = page.event_reports.into_iter().map(|report| Report {
                    key: ReportKey { kind, id: report.id, received_ts: millis(report.received_ts) },
                    reporter: report.user_id,
                    reason: report.reason,
                    about: About::Event { room_id: report.room_id, event_id: report.event_id },
                    author: report.sender,
                });
                Some(ReportPage { reports: reports.collect(), total: page.total, next })
            }
            ReportKind::User => {
                let query = UserReportsQuery { from, limit, dir, ..UserReportsQuery::default() };
                read(|| self.admin.user_reports(&query)).await?.map(|page| {
                    let next = page.next(&query).and_then(|next| next.from);
                    let reports = page.user_reports.into_iter().map(|report| Report {
                        key: ReportKey { kind, id: report.id, received_ts: millis(report.received_ts) },
                        reporter: report.user_id,
                        reason: report.reason,
                        author: Some(report.target_user_id.clone()),
                        about: About::User { user_id: report.target_user_id },
                    });
                    ReportPage { reports: reports.collect(), total: page.total, next }
                })
            }
            ReportKind::Room => {
                let query = RoomReportsQuery { from, limit, ..RoomReportsQuery::default() };
                read(|| self.admin.room_reports(&query)).await?.map(|page| {
                    let next = page.next(&query).and_then(|next| next.from);
                    let reports: Vec<Report> = page
                        .room_reports
                        .into_iter()
                        .map(|report| Report {
                            key: ReportKey { kind, id: report.id, received_ts: millis(report.received_ts) },
                            reporter: report.user_id,
                            reason: report.reason,
                            about: About::Room { room_id: report.room_id },
                            author: None,
                        })
                        .collect();
                    // Only the next page tells whether there is more.
                    ReportPage { total: reports.len() as u64, reports, next }
                })
            }
        })
    }
}
