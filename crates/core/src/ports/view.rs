//! What a message shows one page of.

/// How many views are kept: the newest.
pub const VIEWS_KEPT: usize = 200;

/// A message that shows one page of something longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The message's key.
    pub key: String,
    /// The command that it answers, as it was typed.
    pub typed: String,
    /// Where ⬅️ leads, in the command's own terms.
    pub left: Option<String>,
    /// Where ➡️ leads.
    pub right: Option<String>,
}
