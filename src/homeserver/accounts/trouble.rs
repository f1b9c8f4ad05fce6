//! Whether the trouble with Matrix Authentication Service passes: for long it must not keep the bot from its work at the
//! homeserver.

use std::time::{Duration, Instant};

use gleipnir_core::ports::Fault;

/// Without the service Synapse lets nobody in whom it did not check in the last two minutes, the bot neither. If the
/// homeserver goes on answering for longer, the bot looks for the service in the wrong place.
const LONG: Duration = Duration::from_mins(3);

/// Since when the service cannot be read.
#[derive(Default)]
pub(super) struct Trouble {
    since: Option<Instant>,
}

impl Trouble {
    /// Takes note of how a read ended. Whether there is a fault, and it is not to be waited for.
    pub(super) fn lasts(&mut self, fault: Option<&Fault>, now: Instant) -> bool {
        let Some(fault) = fault else {
            self.since = None;
            return false;
        };
        let since = *self.since.get_or_insert(now);
        !fault.is_passing() || now.duration_since(since) >= LONG
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_pass_and_what_passes_too_slowly() {
        let start = Instant::now();
        let away = Fault::Away("it cannot be reached".to_owned());
        let refused = Fault::Refused { status: 403, errcode: "M_UNKNOWN".to_owned(), message: String::new() };
        let mut trouble = Trouble::default();
        for (minute, fault, lasts) in [
            (0, Some(&away), false),
            (2, Some(&away), false),
            (2, Some(&refused), true),
            (3, Some(&away), true),
            (4, None, false),
            (5, Some(&away), false),
            (6, None, false),
            (9, Some(&away), false),
        ] {
            let now = start + Duration::from_mins(minute);
            assert_eq!(trouble.lasts(fault, now), lasts, "minute {minute}: {fault:?}");
        }
    }
}
