//! Family: a metric's samples by their labels, in the order in which they have come.

use std::sync::LazyLock;

/// 10 us to 25 minutes.
pub(super) static BOUNDS_US: LazyLock<Vec<f64>> =
    LazyLock::new(|| std::iter::successors(Some(10.0), |bound| Some(bound * 1.8)).take(33).collect());

/// Samples with values for the same labels.
pub(super) struct Family<T> {
    pub(super) labels: &'static [&'static str],
    pub(super) samples: Vec<(Vec<String>, T)>,
}

pub(super) type Counters = Family<u64>;
pub(super) type Histograms = Family<Histogram>;

/// How many observations fell between each two bounds, the last ones above all.
#[derive(Clone)]
pub(super) struct Histogram {
    pub(super) counts: Vec<u64>,
    pub(super) sum: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BOUNDS_US.len() + 1], sum: 0.0 }
    }
}

impl<T: Default> Family<T> {
    pub(super) fn new(labels: &'static [&'static str]) -> Self {
        Self { labels, samples: Vec::new() }
    }

    fn with(&mut self, values: &[&str], change: impl FnOnce(&mut T)) {
        if let Some((_, sample)) = self.samples.iter_mut().find(|(known, _)| known == values) {
            change(sample);
            return;
        }
        let mut sample = T::default();
        change(&mut sample);
        self.samples.push((values.iter().map(|&value| value.to_owned()).collect(), sample));
    }
}

impl Counters {
    pub(super) fn add(&mut self, values: &[&str]) {
        self.with(values, |count| *count += 1);
    }
}

impl Histograms {
    pub(super) fn observe(&mut self, values: &[&str], observed_us: f64) {
        self.with(values, |histogram| {
            let place = BOUNDS_US.partition_point(|&bound| bound < observed_us);
            if let Some(count) = histogram.counts.get_mut(place) {
                *count += 1;
            }
            histogram.sum += observed_us;
        });
    }
}
