//! As much of PromQL as is needed to know what an expression asks for: metrics, the labels that
//! they are chosen by, and the labels that the result is grouped by.

use std::collections::BTreeSet;

/// A metric, and what its labels are compared with.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Selector {
    pub(super) name: String,
    pub(super) matchers: Vec<Matcher>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Matcher {
    pub(super) label: String,
    pub(super) operator: String,
    pub(super) value: String,
}

/// What an expression asks for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wanted {
    pub(super) selectors: Vec<Selector>,
    pub(super) grouping: BTreeSet<String>,
}

/// Words before a list of labels in parentheses.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Words that name nothing, even without parentheses behind them.
const LANGUAGE: [&str; 8] = ["and", "or", "unless", "bool", "sum", "min", "max", "count"];

pub(super) fn wanted(expression: &str) -> Wanted {
    let mut wanted = Wanted::default();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        if first == '[' {
            rest = after(rest, ']').1;
        } else if first.is_ascii_digit() {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
        } else if first.is_ascii_alphabetic() {
            let (word, behind) = split_word(rest);
            rest = behind.trim_start();
            if GROUPING.contains(&word) {
                let (labels, behind) = after(rest, ')');
                let labels = labels.trim_start_matches('(').split(',').map(str::trim);
                wanted.grouping.extend(labels.map(str::to_owned));
                rest = behind;
            } else if !LANGUAGE.contains(&word) && !rest.starts_with('(') {
                let (matchers, behind) = matchers(rest);
                wanted.selectors.push(Selector { name: word.to_owned(), matchers });
                rest = behind;
            }
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    wanted
}

/// What stands in the braces, if there are any.
fn matchers(text: &str) -> (Vec<Matcher>, &str) {
    let mut found = Vec::new();
    let Some(mut rest) = text.strip_prefix('{') else { return (found, text) };
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(behind) = rest.strip_prefix('}') {
            return (found, behind);
        }
        let (label, behind) = split_word(rest);
        let (operator, behind) = after(behind, '"');
        let (value, behind) = after(behind, '"');
        let [label, operator, value] = [label, operator, value].map(str::to_owned);
        found.push(Matcher { label, operator, value });
        rest = behind;
    }
}

fn split_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    text.split_at(end.unwrap_or(text.len()))
}

/// What stands before a character, and what behind it.
#[track_caller]
fn after(text: &str, end: char) -> (&str, &str) {
    text.split_once(end).unwrap_or_else(|| panic!("no {end} in {text}"))
}

#[test]
fn an_expression_tells_what_it_asks_for() {
    let expression =
        r#"1 - sum by (le, to) (rate(a_total{x="y", z=~"$v"}[5m])) > 0.9 and on (job) b"#;

    let Wanted { selectors, grouping } = wanted(expression);

    let matcher = |label: &str, operator: &str, value: &str| {
        let [label, operator, value] = [label, operator, value].map(str::to_owned);
        Matcher { label, operator, value }
    };
    let matchers = vec![matcher("x", "=", "y"), matcher("z", "=~", "$v")];
    let first = Selector { name: "a_total".to_owned(), matchers };
    let second = Selector { name: "b".to_owned(), matchers: Vec::new() };
    assert_eq!(selectors, [first, second]);
    assert_eq!(grouping, ["le", "to", "job"].map(str::to_owned).into());
}
