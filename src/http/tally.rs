//! The head of every answer about a batch: how many of its items went well, and what that means.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use uuid::Uuid;
use weir_client::wire::{BatchHead, ItemStatus};

/// How many items of each kind there are. The sum is the number of items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) successful: usize,
    pub(super) failed: usize,
    pub(super) queued: usize,
}

impl Tally {
    pub(super) fn of(items: impl IntoIterator<Item = ItemStatus>) -> Self {
        let mut tally = Self::default();
        for status in items {
            match status {
                ItemStatus::Success => tally.successful += 1,
                ItemStatus::Queued => tally.queued += 1,
                ItemStatus::Failure => tally.failed += 1,
            }
        }
        tally
    }

    pub(super) const fn total(self) -> usize {
        self.successful + self.failed + self.queued
    }

    /// SUCCESS also while items are queued: a caller that sends again on anything else must not.
    pub(super) const fn status(self) -> &'static str {
        match self {
            Self { failed: 0, .. } => "SUCCESS",
            Self { successful: 0, queued: 0, .. } => "FAILURE",
            Self { .. } => "PARTIAL",
        }
    }

    pub(super) const fn code(self) -> StatusCode {
        match self {
            Self { failed: 0, queued: 0, .. } => StatusCode::OK,
            Self { failed: 0, .. } => StatusCode::ACCEPTED,
            Self { .. } => StatusCode::MULTI_STATUS,
        }
    }

    pub(super) fn head(
        self,
        batch_id: Option<Uuid>,
        message: impl Into<Cow<'static, str>>,
    ) -> BatchHead<'static> {
        let (status, total) = (self.status(), self.total());
        BatchHead {
            status: Cow::Borrowed(status),
            message: message.into(),
            batch_id,
            total_requested: total,
            total_received: total,
            successful: self.successful,
            failed: self.failed,
            queued: self.queued,
            success: status == "SUCCESS",
            failure: status == "FAILURE",
            partial: status == "PARTIAL",
            success_rate: rate(self.successful, total),
        }
    }
}

fn rate(part: usize, total: usize) -> f64 {
    let number = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if total == 0 { 0.0 } else { number(part) / number(total) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn code_and_status_say_what_a_caller_may_do() {
        let table = [
            ((2, 0, 0), 200, "SUCCESS"),
            ((1, 0, 1), 202, "SUCCESS"),
            ((0, 0, 2), 202, "SUCCESS"),
            ((1, 1, 0), 207, "PARTIAL"),
            ((0, 1, 1), 207, "PARTIAL"),
            ((1, 1, 1), 207, "PARTIAL"),
            ((0, 2, 0), 207, "FAILURE"),
        ];
        for ((successful, failed, queued), code, status) in table {
            let tally = Tally { successful, failed, queued };
            assert_eq!((tally.code().as_u16(), tally.status()), (code, status), "{tally:?}");
        }
    }

    proptest! {
        #[test]
        fn defect_42_totals_are_the_items_and_nothing_else(kinds in prop::collection::vec(0..3, 0..1000)) {
            let kinds: Vec<_> = kinds
                .into_iter()
                .map(|kind| match kind {
                    0 => ItemStatus::Success,
                    1 => ItemStatus::Queued,
                    _ => ItemStatus::Failure,
                })
                .collect();

            let head = Tally::of(kinds.iter().copied()).head(None, "");

            let count = |wanted| kinds.iter().filter(|kind| **kind == wanted).count();
            prop_assert_eq!(head.successful, count(ItemStatus::Success));
            prop_assert_eq!(head.failed, count(ItemStatus::Failure));
            prop_assert_eq!(head.queued, count(ItemStatus::Queued));
            prop_assert_eq!(head.successful + head.failed + head.queued, kinds.len());
            prop_assert_eq!((head.total_requested, head.total_received), (kinds.len(), kinds.len()));
            let flags = [head.success, head.failure, head.partial];
            prop_assert_eq!(flags.iter().filter(|flag| **flag).count(), 1);
            prop_assert!((0.0..=1.0).contains(&head.success_rate));
        }
    }
}
