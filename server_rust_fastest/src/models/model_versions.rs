//! Model versions: all versions of one model, and which of them is to be loaded or unloaded next.
//!
//! This is TensorFlow Serving's availability-preserving policy: a version that is no longer wanted goes only when one
//! that is wanted can answer, or when none is wanted at all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::harness::Harness;
use super::source::Versions;
use super::{State, VersionStatus};
use crate::error::Error;

/// By number.
pub struct ModelVersions<M> {
    harnesses: BTreeMap<i64, Harness<M>>,
}

impl<M> Default for ModelVersions<M> {
    fn default() -> Self {
        Self { harnesses: BTreeMap::new() }
    }
}

impl<M> ModelVersions<M> {
    /// Highest first.
    pub fn iter(&self) -> impl Iterator<Item = &Harness<M>> {
        self.harnesses.values().rev()
    }

    #[cfg(test)]
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Harness<M>> {
        self.harnesses.values_mut()
    }

    fn wanted(&self) -> impl Iterator<Item = &Harness<M>> {
        self.iter().filter(|harness| harness.aspired)
    }

    pub fn get(&self, number: i64) -> Option<&Harness<M>> {
        self.harnesses.get(&number)
    }

    pub fn get_mut(&mut self, number: i64) -> Option<&mut Harness<M>> {
        self.harnesses.get_mut(&number)
    }

    /// Takes over which versions are wanted now, and where they lie; `late`: the server answers already.
    pub fn aspire(&mut self, versions: &Versions, late: bool) {
        for (&number, path) in versions {
            // One that has ended begins anew, but a broken one only after it has left the disk.
            let stays = self.get(number).is_some_and(|known| known.aspired || known.state != State::End);
            if !stays {
                self.harnesses.insert(number, Harness::new(number, path.clone(), late));
            }
        }
        for (number, harness) in &mut self.harnesses {
            harness.aspired = versions.contains_key(number);
            if !harness.aspired && matches!(harness.state, State::Start | State::Loading) {
                harness.state = State::End;
            }
        }
    }

    /// The version of this number, or the highest, if it can answer.
    pub fn available(&self, version: Option<i64>) -> Option<&Arc<M>> {
        let answers = |harness: &&Harness<M>| harness.state == State::Available;
        let harness = match version {
            Some(number) => self.get(number).filter(answers),
            None => self.iter().find(answers),
        };
        harness.and_then(|harness| harness.model.as_ref())
    }

    /// The highest version that is to be loaded now.
    pub fn next_to_load(&self, now: Instant) -> Option<&Harness<M>> {
        self.iter().find(|harness| harness.awaits_load() && harness.next_attempt.is_none_or(|at| at <= now))
    }

    /// A version that may go now.
    pub fn next_to_unload(&mut self) -> Option<&mut Harness<M>> {
        let is_any_wanted = self.wanted().next().is_some();
        if is_any_wanted && !self.wanted().any(|harness| harness.state == State::Available) {
            return None;
        }
        self.harnesses.values_mut().rev().find(|harness| !harness.aspired && harness.state == State::Available)
    }

    /// Whether one can answer, or none of those that are wanted ever will as it is.
    pub fn settled(&self) -> bool {
        let mut wanted = self.wanted().peekable();
        self.available(None).is_some() || (wanted.peek().is_some() && wanted.all(Harness::given_up))
    }

    /// Why no version can answer, for each that is wanted; empty where one can.
    pub fn faults(&self) -> Vec<(i64, &Error)> {
        if self.available(None).is_some() {
            return Vec::new();
        }
        let given_up = self.wanted().filter(|harness| harness.given_up());
        given_up.filter_map(|harness| Some((harness.number, harness.error.as_ref()?))).collect()
    }

    /// Why this version, or every one that is wanted, could not be loaded; None where another one may be yet.
    pub fn failure(&self, version: Option<i64>) -> Option<&Error> {
        let asked = self.wanted().filter(|harness| version.is_none_or(|number| number == harness.number));
        let errors: Option<Vec<_>> = asked.map(|harness| harness.error.as_ref()).collect();
        errors?.first().copied()
    }

    /// Of all versions that ever were, highest first.
    pub fn statuses(&self) -> Vec<VersionStatus> {
        self.iter().map(Harness::status).collect()
    }
}
