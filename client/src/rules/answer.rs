//! What the answer about a batch means for each of its orders.

use serde_json::error::Category;

use crate::wire::{ItemStatus, Submission, SubmissionItem, is_temporary};

/// The items of a batch, told apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sorted {
    /// The service has these.
    pub(crate) done: Vec<SubmissionItem<'static>>,
    /// The service will not take these as they are.
    pub(crate) rejected: Vec<SubmissionItem<'static>>,
    /// The places of those that may be taken another time.
    pub(crate) again: Vec<usize>,
}

/// Reads the answer about `count` orders. One that does not speak of each of them exactly once is
/// no answer.
pub(crate) fn read(body: &[u8], count: usize) -> Result<Sorted, String> {
    let submission: Submission<'static> =
        serde_json::from_slice(body).map_err(|error| unclear(error.classify()))?;
    let mut places: Vec<_> = submission.results.iter().map(|item| item.request_index).collect();
    places.sort_unstable();
    if !places.into_iter().eq(0..count) {
        return Err("the answer does not speak of each order once".to_owned());
    }
    Ok(sort(submission.results))
}

/// The parser quotes what it read, and this is logged: no body may be in it.
fn unclear(category: Category) -> &'static str {
    match category {
        Category::Io | Category::Eof => "it breaks off",
        Category::Syntax => "it is no JSON",
        Category::Data => "it is not about a batch",
    }
}

/// Most batches are done as a whole: what is done stays where it is.
fn sort(mut items: Vec<SubmissionItem<'static>>) -> Sorted {
    let failed = items.extract_if(.., |item| item.status == ItemStatus::Failure);
    let (again, rejected): (Vec<_>, _) =
        failed.partition(|item| item.error_code.as_deref().is_some_and(is_temporary));
    let mut again: Vec<_> = again.iter().map(|item| item.request_index).collect();
    again.sort_unstable();
    Sorted { done: items, rejected, again }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn item(index: usize, status: &str, code: Option<&str>) -> Value {
        let mut item = json!({"requestIndex": index, "status": status, "message": "m",
            "success": status == "SUCCESS", "failure": status == "FAILURE"});
        if let Some(code) = code {
            item["errorCode"] = code.into();
        }
        item
    }

    fn answer(items: &[Value]) -> Vec<u8> {
        let count = items.len();
        json!({"status": "PARTIAL", "message": "m", "totalRequested": count,
            "totalReceived": count, "successful": 0, "failed": 0, "queued": 0, "success": false,
            "failure": false, "partial": true, "successRate": 0.5, "results": items})
        .to_string()
        .into_bytes()
    }

    #[test]
    fn what_is_done_is_never_sent_again() {
        let items = [
            item(0, "SUCCESS", None),
            item(1, "FAILURE", Some("DATABASE_TIMEOUT")),
            item(2, "QUEUED", None),
            item(3, "FAILURE", Some("INVALID_FIELD_VALUE")),
            item(4, "FAILURE", Some("OUTCOME_UNKNOWN")),
            item(5, "FAILURE", None),
        ];

        let sorted = read(&answer(&items), 6).unwrap();

        let places = |items: &[SubmissionItem<'_>]| -> Vec<_> {
            items.iter().map(|item| item.request_index).collect()
        };
        assert_eq!(places(&sorted.done), [0, 2]);
        assert_eq!(places(&sorted.rejected), [3, 5]);
        assert_eq!(sorted.again, [1, 4]);
    }

    #[test]
    fn an_answer_that_leaves_an_order_out_is_none() {
        let one = item(0, "SUCCESS", None);
        let table = [
            (vec![one.clone()], 2),
            (vec![one.clone(), one.clone()], 2),
            (vec![one.clone(), item(2, "SUCCESS", None)], 2),
            (vec![one.clone(), item(1, "SUCCESS", None)], 1),
        ];
        for (items, count) in table {
            assert!(read(&answer(&items), count).is_err(), "{items:?}");
        }
        let unclear = |body: &[u8]| read(body, 1).unwrap_err();
        assert_eq!(unclear(b"<html>"), "it is no JSON");
        assert_eq!(unclear(br#"{"status": "SUCC"#), "it breaks off");
        assert_eq!(unclear(br#"["an order"]"#), "it is not about a batch");
        assert!(read(&answer(&[one]), 1).is_ok());
    }
}
