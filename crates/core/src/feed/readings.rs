//! Readings that are under way: who is slow to answer holds nobody else up, and is waited for all the same.

use std::{collections::HashSet, fmt::Debug, future::Future, hash::Hash};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};

/// Readings, each known by what it reads. They get on while somebody asks for the [`next`](Self::next).
pub(super) struct Readings<K, T> {
    under_way: HashSet<K>,
    futures: FuturesUnordered<BoxFuture<'static, (K, T)>>,
}

impl<K, T> Default for Readings<K, T> {
    fn default() -> Self {
        Self { under_way: HashSet::new(), futures: FuturesUnordered::new() }
    }
}

impl<K: Clone + Debug + Eq + Hash + Send + 'static, T: 'static> Readings<K, T> {
    /// Begins one, unless the same is under way.
    pub(super) fn begin(&mut self, what: K, reading: impl Future<Output = T> + Send + 'static) {
        if self.under_way.insert(what.clone()) {
            self.futures.push(reading.map(move |read| (what, read)).boxed());
        }
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// The next that ends; `None` if none is under way. Dropping this drops no reading.
    pub(super) async fn next(&mut self) -> Option<(K, T)> {
        let (what, read) = self.futures.next().await?;
        self.under_way.remove(&what);
        Some((what, read))
    }
}
