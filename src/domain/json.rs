//! Values as they stand in JSON, exact: no number is ever a float on its way in or out.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::amount::Amount;
use super::moment::Moment;

/// A text; an integer is taken as its digits, since callers send ids as either.
#[derive(Debug)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string or an integer")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// The text of a decimal: a JSON number exactly as it was written, or a string that holds one.
/// Never a float on the way.
#[derive(Debug)]
pub struct Decimal<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Decimal<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        match raw.bytes().next() {
            Some(b'"') => {
                let Text(text) = serde_json::from_str(raw).map_err(D::Error::custom)?;
                Ok(Self(match text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                    Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
                }))
            }
            Some(b'-' | b'0'..=b'9') => Ok(Self(Cow::Borrowed(raw))),
            _ => Err(D::Error::custom("expected a decimal number, or a string that holds one")),
        }
    }
}

/// An amount as a plain JSON number, exact.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub Amount);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_string();
        match text.parse::<i64>() {
            Ok(whole) => serializer.serialize_i64(whole),
            Err(_) => {
                let raw: &RawValue = serde_json::from_str(&text).map_err(S::Error::custom)?;
                raw.serialize(serializer)
            }
        }
    }
}

/// Writes a moment in ISO-8601, UTC: for `serialize_with`.
pub fn iso<S: Serializer>(moment: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_keeps_every_digit_that_was_written() {
        let table = [
            ("0.1", "0.1"),
            ("1e2", "1e2"),
            ("-3", "-3"),
            ("9999999999.99999999", "9999999999.99999999"),
            ("\"5.50\"", "5.50"),
            ("\" 7 \"", "7"),
            ("\"\\u0031\"", "1"),
        ];
        for (json, text) in table {
            assert_eq!(serde_json::from_str::<Decimal<'_>>(json).unwrap().0, text);
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for json in ["true", "[]", "{}"] {
            assert!(serde_json::from_str::<Decimal<'_>>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Option<Decimal<'_>>>("null").unwrap().is_none());
    }

    #[test]
    fn integers_are_texts_too_and_floats_are_not() {
        for (json, text) in [("1", "1"), ("-1", "-1"), ("\"a\"", "a"), ("\"\\u0061\"", "a")] {
            assert_eq!(serde_json::from_str::<Text<'_>>(json).unwrap().0, text);
        }
        for json in ["1.5", "true", "{}", "[]"] {
            assert!(serde_json::from_str::<Text<'_>>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn numbers_are_written_plainly() {
        let table = ["0.1", "0.00000001", "100", "-3", "9999999999.99999999", "1234567890.5"];
        for text in table {
            let number = Number(Amount::parse(text).unwrap());
            assert_eq!(serde_json::to_string(&number).unwrap(), text);
        }
    }
}
