//! Readings that are under way: who is slow to answer holds nobody else up, and is waited for all the same. Only so many
//! run beside each other: the homeserver serves others too.

use std::{
    collections::{HashSet, VecDeque},
    fmt::Debug,
    future::Future,
    hash::Hash,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};

/// How many run at the same time; the others wait until one of them ends.
const AT_A_TIME: usize = 16;

/// Readings, each known by what it reads. They get on while somebody asks for the [`next`](Self::next).
pub(super) struct Readings<K, T> {
    under_way: HashSet<K>,
    waiting: VecDeque<(K, BoxFuture<'static, (K, T)>)>,
    futures: FuturesUnordered<BoxFuture<'static, (K, T)>>,
}

impl<K, T> Default for Readings<K, T> {
    fn default() -> Self {
        Self { under_way: HashSet::new(), waiting: VecDeque::new(), futures: FuturesUnordered::new() }
    }
}

impl<K: Clone + Debug + Eq + Hash + Send + 'static, T: 'static> Readings<K, T> {
    /// Begins one, unless the same is under way.
    pub(super) fn begin(&mut self, what: K, reading: impl Future<Output = T> + Send + 'static) {
        if !self.under_way.insert(what.clone()) {
            return;
        }
        let known = what.clone();
        let reading = reading.map(move |read| (what, read)).boxed();
        if self.futures.len() < AT_A_TIME {
            self.futures.push(reading);
        } else {
            self.waiting.push_back((known, reading));
        }
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// What is being read.
    pub(super) fn under_way(&self) -> impl Iterator<Item = &K> {
        self.under_way.iter()
    }

    /// Whether something is being read.
    pub(super) fn is_under_way(&self, what: &K) -> bool {
        self.under_way.contains(what)
    }

    /// Drops those that wait for others to end.
    pub(super) fn forget_waiting(&mut self) {
        for (what, _) in self.waiting.drain(..) {
            self.under_way.remove(&what);
        }
    }

    /// The next that ends; `None` if none is under way. Dropping this drops no reading.
    pub(super) async fn next(&mut self) -> Option<(K, T)> {
        let (what, read) = self.futures.next().await?;
        self.under_way.remove(&what);
        if let Some((_, waiting)) = self.waiting.pop_front() {
            self.futures.push(waiting);
        }
        Some((what, read))
    }

    /// The next that ends before the patience does. What was just begun may be answered at once, before any time passes.
    pub(super) async fn next_before(&mut self, patience: &mut BoxFuture<'static, ()>) -> Option<(K, T)> {
        let mut is_fresh = true;
        loop {
            tokio::select! {
                biased;
                Some(read) = self.next() => return Some(read),
                () = tokio::task::yield_now(), if is_fresh => is_fresh = false,
                () = &mut *patience, if !is_fresh => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use super::*;

    #[tokio::test]
    async fn only_so_many_run_at_the_same_time_and_all_are_read() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut readings = Readings::default();
        for n in 0..100 {
            let (running, most) = (running.clone(), most.clone());
            readings.begin(n, async move {
                most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::Relaxed);
            });
        }
        let mut read = HashSet::new();
        while let Some((n, ())) = readings.next().await {
            assert!(read.insert(n));
        }
        assert_eq!((read.len(), readings.len(), most.load(Ordering::Relaxed)), (100, 0, AT_A_TIME));
    }

    #[tokio::test]
    async fn what_waits_can_be_forgotten_and_begun_again() {
        let mut readings = Readings::<_, ()>::default();
        for n in 0..=AT_A_TIME {
            readings.begin(n, pending());
        }
        readings.forget_waiting();
        assert_eq!(readings.len(), AT_A_TIME);
        assert!(!readings.is_under_way(&AT_A_TIME));
        readings.begin(AT_A_TIME, pending());
        assert!(readings.is_under_way(&AT_A_TIME));
    }
}
