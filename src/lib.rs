//! Gleipnir, a moderation bot for Matrix homeservers.
