//! How long the homeserver's certificate lasts. Whether it is good at all was decided when the connection was made.

use std::time::Duration;

use gleipnir_core::{model::Millis, text::duration::date};
use x509_cert::{Certificate, der::Decode as _};

use super::finding::{Finding, Subject};

/// Automatic renewal usually happens earlier than this before the end.
const SOON: Duration = Duration::from_hours(14 * 24);

/// The line about a certificate that was accepted, in DER.
pub(super) fn examine(certificate: Option<&[u8]>, now: Millis) -> Finding {
    let Some(ends) = certificate.and_then(end) else {
        return Subject::Tls.good("the certificate is accepted");
    };
    let left = Duration::from_millis(u64::try_from(ends - now).unwrap_or_default());
    let days = left.as_secs() / (24 * 60 * 60);
    let text = format!("the certificate is accepted, and good until {} ({days} days)", date(ends));
    if left < SOON {
        return Subject::Tls.warning(text, "Have it renewed in time: without it the bot does not connect.");
    }
    Subject::Tls.good(text)
}

/// Until when it is good.
fn end(der: &[u8]) -> Option<Millis> {
    let certificate = Certificate::from_der(der).ok()?;
    let ends = certificate.tbs_certificate.validity.not_after.to_unix_duration();
    Millis::try_from(ends.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::Mark;

    /// `openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -subj /CN=hs.test -outform der -days 100`
    const DER: &[u8] = include_bytes!("tests/hs.test.der");
    /// 2027-03-01 20:26:43 UTC, when it ends.
    const ENDS: Millis = 1_803_932_803_000;
    const DAY: Millis = 24 * 60 * 60 * 1000;

    #[test]
    fn the_days_that_are_left_are_told() {
        for (certificate, now, mark, words) in [
            (Some(DER), ENDS - 100 * DAY, Mark::Good, "good until 2027-03-01 20:26:43 UTC (100 days)"),
            (Some(DER), ENDS - 13 * DAY, Mark::Warning, "(13 days)"),
            (Some(DER), ENDS + DAY, Mark::Warning, "(0 days)"),
            (Some(&b"none"[..]), 0, Mark::Good, "is accepted"),
            (None, 0, Mark::Good, "is accepted"),
        ] {
            let finding = examine(certificate, now);
            assert_eq!(finding.mark, mark, "{finding:?}");
            assert!(finding.text.contains(words), "{finding:?}");
        }
    }
}
