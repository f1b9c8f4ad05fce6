//! Deletes an abuse report from the server's table. Its number alone may be another report's by now.

use super::{Advance, Pace, failed};
use crate::{
    model::ReportKey,
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn delete(effects: &dyn Effects, report: ReportKey, state: Option<&StepState>) -> Advance {
    if state.is_none() {
        return Advance::Working { state: StepState::Trying, keep: None, pace: Pace::Now };
    }
    let gone = || Advance::Ended(Outcome::Done { effect: Effect::ReportDeleted });
    match effects.filed_report(report.kind, report.id).await {
        Ok(Some(filed)) if filed.key == report => {}
        Ok(Some(_)) => return failed("The server gives that number to another report by now.", None),
        Ok(None) => return gone(),
        Err(fault) => return Advance::fault(fault),
    }
    match effects.delete_report(report.kind, report.id).await {
        // Somebody else was quicker.
        Ok(()) | Err(Fault::Refused { status: 404, .. }) => gone(),
        Err(fault) if fault.may_have_acted() => Advance::doubt(fault),
        Err(fault) => Advance::fault(fault),
    }
}
