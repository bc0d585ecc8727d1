//! The key-value pairs of a record, typed as they were given.

use log::Record;
use log::kv::{Error, Key, Value, VisitSource, VisitValue};
use serde_json::{Number, Value as Json};

/// What every line has of its own; a pair of the same name gives way.
const FIXED: [&str; 4] = ["timestamp", "level", "target", "message"];

/// The pairs of the record in their order. No two have the same name, and none has a fixed one:
/// readers of JSON disagree on which of two equal keys counts. The later one gets an underscore.
pub(super) fn members(record: &Record<'_>) -> Vec<(String, Json)> {
    let mut members = Members(Vec::new());
    // Nothing here fails, and a line with some of its pairs is better than none.
    drop(record.key_values().visit(&mut members));
    members.0
}

struct Members(Vec<(String, Json)>);

impl Members {
    fn has(&self, name: &str) -> bool {
        FIXED.contains(&name) || self.0.iter().any(|(taken, _)| taken == name)
    }
}

impl<'kvs> VisitSource<'kvs> for Members {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let mut name = key.as_str().to_owned();
        while self.has(&name) {
            name.push('_');
        }
        let mut typed = Typed(Json::Null);
        value.visit(&mut typed)?;
        self.0.push((name, typed.0));
        Ok(())
    }
}

struct Typed(Json);

impl Typed {
    /// A number that JSON cannot hold is told as text.
    fn number(&mut self, number: Option<Number>, text: impl ToString) -> Result<(), Error> {
        self.0 = number.map_or_else(|| Json::from(text.to_string()), Json::Number);
        Ok(())
    }
}

impl VisitValue<'_> for Typed {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), Error> {
        self.0 = Json::from(value.to_string());
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), Error> {
        self.0 = Json::Null;
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), Error> {
        self.0 = Json::Bool(value);
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), Error> {
        self.number(Some(value.into()), value)
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), Error> {
        self.number(Some(value.into()), value)
    }

    fn visit_u128(&mut self, value: u128) -> Result<(), Error> {
        self.number(Number::from_u128(value), value)
    }

    fn visit_i128(&mut self, value: i128) -> Result<(), Error> {
        self.number(Number::from_i128(value), value)
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), Error> {
        self.number(Number::from_f64(value), value)
    }

    fn visit_str(&mut self, value: &str) -> Result<(), Error> {
        self.0 = Json::from(value);
        Ok(())
    }
}
