//! Mas.
