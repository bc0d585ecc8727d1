//! A filter as text: what it lets through.

use log::LevelFilter;

use super::{TALKATIVE, level_of_the_talkative};
use crate::ports::log_filter::FilterError;

/// Levels by target; a name covers all that begin with it, and the longest that fits counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) level: LevelFilter,
    pub(super) targets: Vec<(String, LevelFilter)>,
}

impl Filter {
    /// One level for all.
    pub(super) fn level(level: LevelFilter) -> Self {
        let quiet = level_of_the_talkative(level);
        let targets = TALKATIVE.map(|name| (name.to_owned(), quiet)).into();
        Self { level, targets }
    }

    /// Who is not named has the level without a name, or none.
    pub(super) fn parse(text: &str) -> Result<Self, FilterError> {
        let mut found = Self::level(LevelFilter::Off);
        let mut named = Vec::new();
        for part in text.split(',').map(str::trim) {
            let wrong = || FilterError { part: part.to_owned() };
            match part.split_once('=') {
                None => found = Self::level(part.parse().map_err(|_| wrong())?),
                Some((target, level)) if is_target(target) => {
                    named.push((target.to_owned(), level.parse().map_err(|_| wrong())?));
                }
                Some(_) => return Err(wrong()),
            }
        }
        found.targets.retain(|(name, _)| named.iter().all(|(target, _)| target != name));
        found.targets.extend(named);
        Ok(found)
    }
}

fn is_target(text: &str) -> bool {
    let is_part_of_a_path = |byte: u8| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part_of_a_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(text: &str) -> (LevelFilter, Vec<(String, LevelFilter)>) {
        let Filter { level, targets } = Filter::parse(text).unwrap();
        (level, targets)
    }

    #[test]
    fn a_level_is_the_filter_that_the_setting_makes() {
        for level in [LevelFilter::Off, LevelFilter::Info, LevelFilter::Trace] {
            assert_eq!(Filter::parse(level.as_str()), Ok(Filter::level(level)));
            assert_eq!(Filter::parse(&level.as_str().to_lowercase()), Ok(Filter::level(level)));
        }
    }

    #[test]
    fn rooms_may_have_levels_of_their_own_and_the_talkative_stay_quiet() {
        let (level, targets) = levels("weir::store=debug, info ,sqlx=trace");

        assert_eq!(level, LevelFilter::Info);
        let named = |name: &str| {
            let found: Vec<_> = targets.iter().filter(|(target, _)| target == name).collect();
            assert_eq!(found.len(), 1, "{targets:?}");
            found[0].1
        };
        assert_eq!(named("weir::store"), LevelFilter::Debug);
        assert_eq!((named("sqlx"), named("sea_orm")), (LevelFilter::Trace, LevelFilter::Warn));
    }

    #[test]
    fn nonsense_is_told_by_its_part() {
        for (text, part) in [
            ("", ""),
            ("loud", "loud"),
            ("info,", ""),
            ("weir=loud", "weir=loud"),
            ("info,=debug", "=debug"),
            ("weir store=debug", "weir store=debug"),
            ("weir\n=debug", "weir\n=debug"),
        ] {
            let expected = FilterError { part: part.to_owned() };
            assert_eq!(Filter::parse(text), Err(expected), "{text:?}");
        }
    }
}
