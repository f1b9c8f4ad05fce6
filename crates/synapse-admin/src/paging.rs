//! The way through the lists of Synapse that come in pages.

use std::num::NonZeroU32;

/// Where the next page begins. Synapse adds what it sent to where the page began, and leaves out what it cannot read in
/// its own database: after a page of nothing else, it names that same page again, so that one is stepped over.
pub(crate) fn next_offset(
    from: Option<u64>,
    limit: Option<NonZeroU32>,
    next_token: Option<u64>,
) -> Option<u64> {
    let here = from.unwrap_or(0);
    let asked = limit.map_or(100, NonZeroU32::get);
    next_token.map(|next| if next > here { next } else { here.saturating_add(asked.into()) })
}
