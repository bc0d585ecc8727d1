//! The leases over memory.

use async_trait::async_trait;
use uuid::Uuid;
use weir::domain::client::ClientId;
use weir::domain::letter::{Letter, LetterState};
use weir::domain::moment::Moment;
use weir::domain::pause::Pause;
use weir::ports::Failure;
use weir::ports::board::Board;
use weir::ports::post::{Backlog, Leases};

use super::book::{Book, Holder, LEASE};
use super::session::Session;

#[async_trait]
impl Board for Session {
    async fn pauses(&self) -> Result<Vec<Pause>, Failure> {
        let look = |book: &mut Book| match book.hides_pauses {
            true => Err(Failure::TooSlow),
            false => Ok(book.pauses.clone()),
        };
        self.read(|| "looks at the pauses".to_owned(), look).await
    }

    async fn letters_in_line(&self, clients: &[ClientId]) -> Result<u64, Failure> {
        let count = |book: &mut Book| {
            let letters = book.letters.values().map(|row| &row.letter);
            let is_theirs = |letter: &&Letter| clients.contains(&letter.client);
            let in_line = [LetterState::Waiting, LetterState::Reconcile];
            let count = letters.filter(is_theirs).filter(|it| in_line.contains(&it.state)).count();
            Ok(u64::try_from(count).unwrap())
        };
        self.read(|| "counts letters of clients".to_owned(), count).await
    }
}

#[async_trait]
impl Leases for Session {
    async fn enter(&self, epoch: Uuid, instance: &str) -> Result<(), Failure> {
        let enter = |book: &mut Book| {
            for holder in book.holders.values_mut() {
                holder.ended |= !book.leases || holder.instance == instance;
            }
            let (instance, expires_at) = (instance.to_owned(), self.now().plus(LEASE));
            book.holders.insert(epoch, Holder { instance, expires_at, ended: false });
            Ok(())
        };
        self.write(|| "enters".to_owned(), enter).await
    }

    async fn renew(&self, epoch: Uuid) -> Result<bool, Failure> {
        self.write(|| "renews".to_owned(), |book| Ok(book.prolong(epoch, self.now()))).await
    }

    async fn take_back(&self, epoch: Uuid, quiet_at: Moment) -> Result<u64, Failure> {
        self.write(
            || "takes back".to_owned(),
            |book| Ok(book.take_back(epoch, self.now(), quiet_at)),
        )
        .await
    }

    async fn let_go(&self, letters: &[(Uuid, i64)], quiet_at: Moment) -> Result<u64, Failure> {
        self.write(
            || format!("lets go of {}", letters.len()),
            |book| Ok(book.let_go(letters, self.now(), quiet_at)),
        )
        .await
    }

    async fn held(&self, epoch: Uuid) -> Result<Vec<(Uuid, i64)>, Failure> {
        let held = |book: &mut Book| {
            let rows = book.letters.values().filter(|row| row.holder == Some(epoch));
            Ok(rows.map(|row| (row.letter.id, row.letter.fence)).collect())
        };
        self.read(|| "asks what it holds".to_owned(), held).await
    }

    async fn leave(&self, epoch: Uuid) -> Result<(), Failure> {
        let leave = |book: &mut Book| {
            if let Some(holder) = book.holders.get_mut(&epoch) {
                holder.ended = true;
            }
            Ok(())
        };
        self.write(|| "leaves".to_owned(), leave).await
    }

    async fn backlog(&self) -> Result<Backlog, Failure> {
        let count = |book: &mut Book| {
            let mut backlog = Backlog::default();
            for letter in book.letters.values().map(|row| &row.letter) {
                match letter.state {
                    LetterState::Waiting => backlog.waiting += 1,
                    LetterState::Held => backlog.held += 1,
                    LetterState::Reconcile => backlog.reconcile += 1,
                    LetterState::Dead => backlog.dead += 1,
                }
                if matches!(letter.state, LetterState::Waiting | LetterState::Reconcile) {
                    let oldest = backlog.oldest_at.unwrap_or(letter.created_at);
                    backlog.oldest_at = Some(oldest.min(letter.created_at));
                }
            }
            Ok(backlog)
        };
        self.read(|| "counts".to_owned(), count).await
    }

    async fn letters_of(&self, order_ids: &[i64]) -> Result<Vec<Letter>, Failure> {
        let find = |book: &mut Book| {
            let holds = |letter: &&Letter| letter.undecided.iter().any(|id| order_ids.contains(id));
            Ok(book.letters.values().map(|row| &row.letter).filter(holds).cloned().collect())
        };
        self.read(|| "finds letters".to_owned(), find).await
    }

    async fn prune(&self, now: Moment, accepted_by: Moment) -> Result<u64, Failure> {
        let prune = |book: &mut Book| Ok(u64::try_from(book.prune(now, accepted_by)).unwrap());
        self.write(|| "prunes".to_owned(), prune).await
    }
}
