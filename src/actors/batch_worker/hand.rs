//! What a worker carries, where its parent can find it when the worker is gone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::carriage::{Cargo, Carriage, Rules, Step};
use crate::domain::letter::{Load, Settled, Settlement};
use crate::domain::moment::Moment;
use crate::domain::reference::References;
use crate::domain::trade::{Finding, Placing};

/// One carriage, and the dice for its waits. Never locked while a call is out.
#[derive(Debug)]
pub struct Hand(Mutex<Inside>);

#[derive(Debug)]
struct Inside {
    carriage: Option<Carriage>,
    dice: fastrand::Rng,
}

impl Hand {
    #[must_use]
    pub fn new(loads: Vec<Load>, rules: Rules, seed: u64) -> Self {
        let carriage = Some(Carriage::new(loads, rules));
        Self(Mutex::new(Inside { carriage, dice: fastrand::Rng::with_seed(seed) }))
    }

    /// The loads as they are, if nothing was done with them yet.
    #[must_use]
    pub fn give_back(&self) -> Vec<Load> {
        self.lock().carriage.take().map(Carriage::into_loads).unwrap_or_default()
    }

    /// What is to be written after the worker died over it.
    #[must_use]
    pub fn killed(&self, now: Moment) -> Vec<Settlement> {
        let mut inside = self.lock();
        let chance = inside.dice.f64();
        inside.carriage.take().map(|mut carriage| carriage.killed(now, chance)).unwrap_or_default()
    }

    pub(super) fn next_step(&self) -> Step {
        let nothing = || Step::Done(Vec::new());
        self.with(|carriage, _| carriage.next_step()).unwrap_or_else(nothing)
    }

    /// The orders, to be read while a call is out.
    pub(super) fn cargo(&self) -> Option<Cargo> {
        self.lock().carriage.as_ref().map(Carriage::cargo)
    }

    pub(super) fn placed(&self, placing: Placing, references: &References, now: Moment) {
        self.with(|carriage, chance| carriage.placed(placing, references, now, chance));
    }

    pub(super) fn found(&self, finding: Finding, references: &References, now: Moment) {
        self.with(|carriage, chance| carriage.found(finding, references, now, chance));
    }

    pub(super) fn written(&self, settled: &[Settled]) {
        self.with(|carriage, _| carriage.written(settled));
    }

    pub(super) fn let_go(&self, reason: &str, due_in: Option<Duration>, now: Moment) {
        self.with(|carriage, _| carriage.let_go(reason, due_in.unwrap_or_default(), now));
    }

    pub(super) fn is_untouched(&self) -> bool {
        self.lock().carriage.as_ref().is_some_and(Carriage::untouched)
    }

    fn with<T>(&self, run: impl FnOnce(&mut Carriage, f64) -> T) -> Option<T> {
        let mut inside = self.lock();
        let chance = inside.dice.f64();
        inside.carriage.as_mut().map(|carriage| run(carriage, chance))
    }

    /// A worker that panicked must not take its hand along.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
