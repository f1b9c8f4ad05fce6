//! Spans of what is executed, for who traces: numbers, names of commands and outcomes, and nothing that anybody wrote.

use tracing::{Span, field::Empty, trace_span};

use super::Advance;
use crate::plan::{Outcome, Plan, PlanId, PlanResult};

/// All of the work on a Plan, from when it is begun or gone on with.
pub(super) fn job(id: PlanId) -> Span {
    trace_span!("job", job = id, command = Empty, outcome = Empty)
}

/// A Plan of [`job`]'s span has ended.
pub(super) fn job_ended(plan: &Plan) {
    let outcome = match plan.result() {
        PlanResult::Done => "done",
        PlanResult::Partly => "partly",
        PlanResult::Failed => "failed",
    };
    Span::current().record("command", plan.command.as_str()).record("outcome", outcome);
}

/// One unit of work on a step.
pub(super) fn step(plan: &Plan, n: usize) -> Span {
    trace_span!("step", job = plan.id, step = n, command = plan.steps[n].step.command(), outcome = Empty)
}

/// What came of it.
pub(super) fn step_advanced(span: &Span, advance: &Advance) {
    let outcome = match advance {
        Advance::Working { .. } => "working",
        Advance::Retry { .. } => "tried in vain",
        Advance::Unknown(_) | Advance::Ended(Outcome::Failed { .. }) => "failed",
        Advance::Ended(Outcome::Stopped { .. }) => "stopped",
        Advance::Ended(Outcome::Done { .. }) => "done",
    };
    span.record("outcome", outcome);
}
