//! One instance of the house: one process after another, each on a set of tasks of its own, so
//! that dropping the set is the death of everything in it.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::desk::{Desk, TradeService};
use crate::house::{House, Parts};
use crate::memory::{Memory, Process, Session, Weather};
use crate::plan::Plan;

/// Where clients find the house while its process is up.
pub(crate) type Door = Rc<RefCell<Option<House>>>;

pub(crate) struct Instance {
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) rng: Rng,
    pub(crate) memory: Arc<Memory>,
    pub(crate) service: Rc<TradeService>,
    pub(crate) door: Door,
    pub(crate) calm_at: Instant,
    /// Of all instances.
    pub(crate) deaths: Rc<Cell<u32>>,
}

/// One process, from its start to its death.
struct Life {
    process: Arc<Process>,
    session: Arc<Session>,
    tasks: LocalSet,
    /// When it ends by the clock.
    ends_at: Option<Instant>,
    freezes_at: Option<Instant>,
}

impl Instance {
    /// Lives as often as it dies. The last life does not end by itself.
    pub(crate) async fn live(mut self) {
        loop {
            let mut life = self.begin();
            let opened = tokio::select! {
                biased;
                () = life.process.died() => None,
                house = life.tasks.run_until(House::open(self.parts(&life))) => Some(house),
            };
            if let Some(house) = opened {
                *self.door.borrow_mut() = Some(house.clone());
                self.stand(&mut life, &house).await;
            }
            *self.door.borrow_mut() = None;
            self.memory.tell(|| format!("{} dies", self.name));
            life.process.kill();
            drop(life);
            self.deaths.set(self.deaths.get() + 1);
            let down = if self.rng.bool() { 0 } else { self.rng.u64(0..20_000) };
            sleep(Duration::from_millis(down)).await;
        }
    }

    fn begin(&mut self) -> Life {
        let is_mortal = self.plan.deaths > 0 && Instant::now() < self.calm_at;
        let process = if is_mortal {
            self.plan.deaths -= 1;
            Process::doomed(Plan::doom(&mut self.rng))
        } else {
            Process::lasting()
        };
        let process = Arc::new(process);
        let session = Session::new(&self.memory, &process, self.rng.u64(..));
        session.set_weather(self.plan.weather);
        let ends_at = is_mortal.then(|| self.moment());
        let freezes_at = self.next_freeze();
        Life { process, session, tasks: LocalSet::new(), ends_at, freezes_at }
    }

    fn parts(&mut self, life: &Life) -> Parts {
        Parts {
            instance: self.name.clone(),
            session: Arc::clone(&life.session),
            desk: Rc::new(Desk::new(&self.service, &life.process, &self.memory)),
            clock: self.memory.clock,
            plan: self.plan.house,
            rng: self.rng.fork(),
        }
    }

    /// The house stands, until its process dies.
    async fn stand(&mut self, life: &mut Life, house: &House) {
        let mut calm = false;
        loop {
            tokio::select! {
                biased;
                () = life.process.died() => return,
                () = sleep_until(self.calm_at), if !calm => {
                    calm = true;
                    life.session.set_weather(Weather::default());
                    life.process.spare();
                    (life.ends_at, life.freezes_at) = (None, None);
                }
                () = at(life.ends_at) => return self.end(life, house).await,
                // Its tasks are not polled meanwhile: the process stands still.
                () = at(life.freezes_at) => {
                    sleep(Duration::from_millis(self.rng.u64(0..40_000))).await;
                    life.freezes_at = self.next_freeze();
                }
                () = life.tasks.run_until(pending()) => {}
            }
        }
    }

    /// At once, or in order as far as there is time.
    async fn end(&mut self, life: &Life, house: &House) {
        if self.rng.bool() {
            return;
        }
        *self.door.borrow_mut() = None;
        let within = Duration::from_millis(self.rng.u64(0..20_000));
        tokio::select! {
            biased;
            () = life.process.died() => {}
            () = life.tasks.run_until(house.close(within)) => {}
            () = sleep(2 * within) => {}
        }
    }

    fn next_freeze(&mut self) -> Option<Instant> {
        if self.plan.freezes == 0 {
            return None;
        }
        self.plan.freezes -= 1;
        Some(self.moment())
    }

    /// Some moment of the storm from now on.
    fn moment(&mut self) -> Instant {
        let left = self.calm_at.saturating_duration_since(Instant::now()).as_millis();
        let within = self.rng.u64(0..=u64::try_from(left).unwrap());
        Instant::now() + Duration::from_millis(within)
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}
