//! Which status may follow which. The ancestor had no such rule: any PUT could set anything.

/// A new order that may be submitted.
pub const NEW: &str = "NEW";
/// The trade service has the order.
pub const SENT: &str = "SENT";
/// A new order that waits for its owner's word.
pub const HOLD: &str = "HOLD";

/// The statuses in which an order is still its owner's to edit and delete.
const FREE: [&str; 2] = [NEW, HOLD];

/// The statuses that these rules speak of.
const RULED: [&str; 10] =
    [NEW, SENT, HOLD, "WORK", "FULL", "PART", "CNCL", "CNCLD", "CPART", "DEL"];

/// Do the rules speak of this status? Whoever renamed it would move orders past them.
#[must_use]
pub fn is_ruled(status: &str) -> bool {
    RULED.contains(&status)
}

/// May a client create an order in this status?
#[must_use]
pub fn is_initial(status: &str) -> bool {
    FREE.contains(&status)
}

/// May everything about an order in this status be changed, and the order be deleted?
#[must_use]
pub fn is_free(status: &str) -> bool {
    FREE.contains(&status)
}

/// The statuses that a client may move an order to from `status`. SENT is not among them: only
/// a submission sends. An unknown status is a row that an operator added: it leads nowhere.
#[must_use]
pub fn successors(status: &str) -> &'static [&'static str] {
    match status {
        NEW => &[HOLD, "CNCLD", "DEL"],
        HOLD => &[NEW, "CNCLD", "DEL"],
        SENT => &["WORK", "PART", "FULL", "CNCL"],
        "WORK" => &["PART", "FULL", "CNCL"],
        "PART" => &["FULL", "CPART", "CNCL"],
        "CNCL" => &["CNCLD", "CPART", "FULL"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 10] =
        ["NEW", "SENT", "WORK", "FULL", "PART", "HOLD", "CNCL", "CNCLD", "CPART", "DEL"];

    #[test]
    fn nobody_but_a_submission_sends() {
        assert!(ALL.iter().all(|status| !successors(status).contains(&SENT)));
    }

    #[test]
    fn final_statuses_are_final() {
        for status in ["FULL", "CNCLD", "CPART", "DEL", "MADE UP"] {
            assert!(successors(status).is_empty(), "{status}");
        }
    }

    #[test]
    fn every_successor_is_a_seeded_status_and_another_one() {
        for status in ALL {
            for next in successors(status) {
                assert!(ALL.contains(next) && *next != status, "{status} -> {next}");
            }
        }
    }

    #[test]
    fn every_seeded_status_is_ruled() {
        assert!(ALL.iter().all(|status| is_ruled(status)) && !is_ruled("MINE"));
    }

    #[test]
    fn what_is_initial_is_free() {
        assert!(ALL.iter().all(|status| is_initial(status) == is_free(status)));
    }
}
