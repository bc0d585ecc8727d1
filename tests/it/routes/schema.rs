//! Does a value have the shape that the OpenAPI document gives it? Stricter than JSON Schema: a
//! member that the document does not name is a fault, and so is a keyword unknown to this checker.

use std::collections::BTreeSet;

use chrono::DateTime;
use serde_json::Value;

/// Keywords that say nothing about the shape.
const WORDS: [&str; 3] = ["description", "example", "title"];

/// What is wrong with `value`, each with its place; empty when nothing is.
pub(super) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut checker = Checker { document, faults: Vec::new() };
    checker.check(schema, value, "$", true);
    checker.faults
}

struct Checker<'a> {
    document: &'a Value,
    faults: Vec<String>,
}

impl<'a> Checker<'a> {
    /// `closed`: unknown members are faults (the parts of an `allOf` are open, their sum is not).
    fn check(&mut self, schema: &'a Value, value: &Value, place: &str, closed: bool) {
        for (keyword, rule) in schema.as_object().unwrap() {
            match keyword.as_str() {
                // What the reference names is open here: this very call closes it below.
                "$ref" => self.check(self.resolve(rule), value, place, false),
                "allOf" => {
                    rule.as_array()
                        .unwrap()
                        .iter()
                        .for_each(|s| self.check(s, value, place, false));
                }
                "oneOf" => self.check_one_of(rule.as_array().unwrap(), value, place),
                "type" => self.check_type(rule, value, place),
                "format" => self.check_format(rule.as_str().unwrap(), value, place),
                "properties" => self.check_properties(rule, value, place),
                "required" => self.check_required(rule, value, place),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{place}[{index}]"), true);
                    }
                }
                "minimum" => self.expect(value.as_f64() >= rule.as_f64(), place, "too small"),
                "maximum" => {
                    let fits = value.is_null() || value.as_f64() <= rule.as_f64();
                    self.expect(fits, place, "too large");
                }
                word => assert!(WORDS.contains(&word), "the checker does not know {word}"),
            }
        }
        if closed && let (Some(known), Some(object)) = (self.known(schema), value.as_object()) {
            for name in object.keys().filter(|name| !known.contains(name.as_str())) {
                self.faults.push(format!("{place}.{name}: not in the document"));
            }
        }
    }

    fn resolve(&self, reference: &Value) -> &'a Value {
        let path = reference.as_str().unwrap().strip_prefix('#').unwrap();
        self.document.pointer(path).unwrap_or_else(|| panic!("{path} leads nowhere"))
    }

    /// The members an object may have; None where anything goes.
    fn known(&self, schema: &'a Value) -> Option<BTreeSet<&'a str>> {
        if let Some(reference) = schema.get("$ref") {
            return self.known(self.resolve(reference));
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let parts = parts.iter().map(|part| self.known(part));
            return parts
                .collect::<Option<Vec<_>>>()
                .map(|sets| sets.into_iter().flatten().collect());
        }
        let properties = schema.get("properties")?.as_object()?;
        Some(properties.keys().map(String::as_str).collect())
    }

    fn check_one_of(&mut self, choices: &'a [Value], value: &Value, place: &str) {
        let fits = |choice: &&Value| faults(self.document, choice, value).is_empty();
        let fitting = choices.iter().filter(fits).count();
        self.expect(fitting == 1, place, &format!("fits {fitting} of its choices: {value}"));
    }

    fn check_type(&mut self, rule: &Value, value: &Value, place: &str) {
        let one = std::slice::from_ref(rule);
        let names = rule.as_array().map_or(one, Vec::as_slice).iter().filter_map(Value::as_str);
        let fits = names.into_iter().any(|name| match name {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("the checker does not know the type {other}"),
        });
        self.expect(fits, place, &format!("{value} is not of type {rule}"));
    }

    fn check_format(&mut self, format: &str, value: &Value, place: &str) {
        let fits = match (format, value) {
            ("date-time", Value::String(text)) => {
                text.ends_with('Z') && DateTime::parse_from_rfc3339(text).is_ok()
            }
            ("int32", value) => value.as_i64().is_none_or(|number| i32::try_from(number).is_ok()),
            ("int64" | "double" | "date-time", _) => true,
            (other, _) => panic!("the checker does not know the format {other}"),
        };
        self.expect(fits, place, &format!("{value} is not of format {format}"));
    }

    fn check_properties(&mut self, properties: &'a Value, value: &Value, place: &str) {
        for (name, schema) in properties.as_object().unwrap() {
            if let Some(member) = value.get(name) {
                self.check(schema, member, &format!("{place}.{name}"), true);
            }
        }
    }

    fn check_required(&mut self, names: &Value, value: &Value, place: &str) {
        for name in names.as_array().unwrap().iter().filter_map(Value::as_str) {
            self.expect(value.get(name).is_some(), &format!("{place}.{name}"), "missing");
        }
    }

    fn expect(&mut self, holds: bool, place: &str, fault: &str) {
        if !holds {
            self.faults.push(format!("{place}: {fault}"));
        }
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let document: Value = serde_json::json!({"s": {
        "type": "object", "required": ["a"],
        "properties": {
            "a": {"type": ["integer", "null"], "format": "int32", "maximum": 9},
            "t": {"type": "string", "format": "date-time"},
            "l": {"type": "array", "items": {"oneOf": [{"$ref": "#/s"}, {"type": "null"}]}},
        },
    }});
    let schema = serde_json::json!({"$ref": "#/s"});
    let table = [
        (r#"{"a": 1, "t": "2026-01-05T14:30:00Z", "l": [null, {"a": null}]}"#, 0),
        (r#"{}"#, 1),
        (r#"{"a": "1"}"#, 1),
        (r#"{"a": 10}"#, 1),
        (r#"{"a": 1, "b": 2}"#, 1),
        (r#"{"a": 1, "t": "2026-01-05T14:30:00+01:00"}"#, 1),
        (r#"{"a": 1, "l": [{}, 5, null]}"#, 2),
    ];
    for (text, expected) in table {
        let found = faults(&document, &schema, &serde_json::from_str(text).unwrap());
        assert_eq!(found.len(), expected, "{text}: {found:?}");
    }
}
