//! Quantities and prices: exact texts, never a float.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// What the service keeps before and after the point.
const WHOLE_DIGITS_MAX: usize = 10;
const DECIMALS_MAX: usize = 8;

/// A decimal number with up to ten digits before the point and eight after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

/// The text is no [`Decimal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decimal has up to 10 digits before the point and 8 after it, such as 5.25")]
pub struct DecimalError;

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let text = text.trim();
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, decimals) = digits
            .split_once('.')
            .map_or((digits, None), |(whole, decimals)| (whole, Some(decimals)));
        // JSON knows no leading zeros.
        let is_plain = whole == "0" || !whole.starts_with('0');
        let is_whole = is_digits(whole, WHOLE_DIGITS_MAX);
        if is_plain && is_whole && decimals.is_none_or(|part| is_digits(part, DECIMALS_MAX)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(DecimalError)
        }
    }
}

fn is_digits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl From<u32> for Decimal {
    fn from(whole: u32) -> Self {
        Self(whole.to_string())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// From a number, or from a string that holds one.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"');
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_service_could_not_keep_is_refused_here() {
        let good = ["0", "5", "5.50", "-1", "0.00000001", "9999999999.99999999"];
        let bad = ["", "-", ".5", "5.", "05", "1e2", "+1", "1,5", "12345678901", "0.123456789"];

        assert!(good.iter().all(|text| text.parse::<Decimal>().is_ok()));
        assert!(bad.iter().all(|text| text.parse::<Decimal>() == Err(DecimalError)));
    }

    proptest! {
        #[test]
        fn no_digit_is_lost_on_the_wire(text in "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,8})?") {
            let decimal: Decimal = text.parse().unwrap();

            let wire = serde_json::to_string(&decimal).unwrap();

            prop_assert_eq!(&wire, &text);
            prop_assert_eq!(serde_json::from_str::<Decimal>(&wire).unwrap(), decimal);
        }
    }
}
