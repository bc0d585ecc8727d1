//! Quantities and prices: exact, never a float.
//!
//! The columns are decimal(18,8) in everybody's contract. One `i64` scaled by 10^8 holds every
//! such value, adds and compares without rounding, and is the same number on both databases.

use std::fmt;

/// Digits after the decimal point.
const DECIMALS: usize = 8;
/// Digits before the decimal point.
const DIGITS: usize = 10;
/// What one whole unit is in the scaled form.
const SCALE: i64 = 100_000_000;

const _: () = assert!(10_i64.pow(18) / SCALE == 10_i64.pow(10), "18 digits, 8 of them decimals");

/// A decimal with at most ten digits before the point and eight after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// Why a text is not an [`Amount`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("must be a decimal number")]
    NotANumber,
    #[error("must have at most 8 digits after the decimal point")]
    TooManyDecimals,
    #[error("must have at most 10 digits before the decimal point")]
    TooLarge,
}

impl Amount {
    /// The value whose scaled form is `scaled`: how the databases keep it.
    #[must_use]
    pub const fn from_scaled(scaled: i64) -> Self {
        Self(scaled)
    }

    #[must_use]
    pub const fn scaled(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Reads a JSON number or a plain decimal text; `1e2` and `5.50` are welcome, since what
    /// counts is the value and not the way that it is written.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let well_formed = !whole.is_empty()
            && whole.bytes().all(|byte| byte.is_ascii_digit())
            && fraction.bytes().all(|byte| byte.is_ascii_digit())
            && (!mantissa.contains('.') || !fraction.is_empty());
        if !well_formed {
            return Err(AmountError::NotANumber);
        }
        let scaled = scale(whole, fraction, exponent)?;
        Ok(Self(if negative { -scaled } else { scaled }))
    }
}

/// An exponent beyond any value that fits is cut to one that surely does not.
fn parse_exponent(text: &str) -> Result<i64, AmountError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AmountError::NotANumber);
    }
    let size = digits.trim_start_matches('0').parse::<i64>();
    let size = if digits.bytes().all(|byte| byte == b'0') { 0 } else { size.unwrap_or(10_000_000) };
    let size = size.min(10_000_000);
    Ok(if text.starts_with('-') { -size } else { size })
}

/// The digits of `whole.fraction x 10^exponent` as an integer scaled by 10^8.
fn scale(whole: &str, fraction: &str, exponent: i64) -> Result<i64, AmountError> {
    let digits: String = [whole, fraction].concat();
    let significant = digits.trim_start_matches('0');
    let trimmed = significant.trim_end_matches('0');
    if trimmed.is_empty() {
        return Ok(0);
    }
    let dropped = significant.len() - trimmed.len();
    let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX / 4);
    // The value is `trimmed x 10^power`.
    let power = exponent - length(fraction.len()) + length(dropped);
    if power < -length(DECIMALS) {
        return Err(AmountError::TooManyDecimals);
    }
    if length(trimmed.len()) + power > length(DIGITS) {
        return Err(AmountError::TooLarge);
    }
    let factor = u32::try_from(power + length(DECIMALS)).map_err(|_| AmountError::TooLarge)?;
    let value = trimmed.parse::<i64>().map_err(|_| AmountError::TooLarge)?;
    value.checked_mul(10_i64.pow(factor)).ok_or(AmountError::TooLarge)
}

impl fmt::Display for Amount {
    /// The one plain form: no exponent, no trailing zeros, readable by JavaScript.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        let unit = SCALE.unsigned_abs();
        if self.0 < 0 {
            out.write_str("-")?;
        }
        write!(out, "{}", size / unit)?;
        let fraction = size % unit;
        if fraction == 0 {
            return Ok(());
        }
        let digits = format!("{fraction:08}");
        write!(out, ".{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_reads_as_its_exact_value() {
        let table = [
            ("5.5", 550_000_000),
            ("100", 10_000_000_000),
            ("100.00000000", 10_000_000_000),
            ("100.000000000000", 10_000_000_000),
            ("0.00000001", 1),
            ("1e-8", 1),
            ("1E+2", 10_000_000_000),
            ("0.01e2", 100_000_000),
            ("0e999999999999", 0),
            ("-3", -300_000_000),
            ("9999999999.99999999", 999_999_999_999_999_999),
        ];
        for (text, scaled) in table {
            assert_eq!(Amount::parse(text), Ok(Amount(scaled)), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_says_why() {
        let table = [
            ("0.000000001", AmountError::TooManyDecimals),
            ("1e-9", AmountError::TooManyDecimals),
            ("10000000000", AmountError::TooLarge),
            ("1e10", AmountError::TooLarge),
            ("1e99999999999999999999", AmountError::TooLarge),
            ("", AmountError::NotANumber),
            ("-", AmountError::NotANumber),
            ("1.", AmountError::NotANumber),
            (".5", AmountError::NotANumber),
            ("1e", AmountError::NotANumber),
            ("NaN", AmountError::NotANumber),
            ("1,5", AmountError::NotANumber),
        ];
        for (text, error) in table {
            assert_eq!(Amount::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_give_the_same_value(scaled in -999_999_999_999_999_999_i64..=999_999_999_999_999_999) {
            let amount = Amount::from_scaled(scaled);
            let text = amount.to_string();

            prop_assert_eq!(Amount::parse(&text), Ok(amount));
            prop_assert!(!text.contains('e') && !text.ends_with('.'));
        }
    }
}
