//! What a token file holds: one token, or two while one takes the place of the other.

use super::reader::token_is_sound;
use super::secret::Secret;

/// A rotation needs the old one and the new one.
const TOKENS_MAX: usize = 2;

/// The tokens of a file, one to a line; or what the file must do, as the end of a sentence that
/// begins with "must".
pub fn tokens(text: &str) -> Result<Vec<Secret>, String> {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let are_sound = lines.iter().copied().all(token_is_sound);
    if !are_sound || lines.is_empty() || lines.len() > TOKENS_MAX {
        let must = "hold one token or two, each on a line of its own, of 16 or more visible ASCII \
            characters";
        return Err(must.to_owned());
    }
    Ok(lines.into_iter().map(Secret::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "0123456789abcdef-old";
    const NEW: &str = "0123456789abcdef-new";

    #[test]
    fn one_token_or_two_are_read_without_the_space_around_them() {
        for (text, expected) in [
            (OLD.to_owned(), vec![OLD]),
            (format!(" {OLD}\r\n\n"), vec![OLD]),
            (format!("{OLD}\n\n\t{NEW}\n"), vec![OLD, NEW]),
        ] {
            let tokens = tokens(&text).unwrap();
            assert_eq!(tokens.iter().map(Secret::expose).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn no_token_a_short_one_and_a_third_one_are_refused() {
        let three = format!("{OLD}\n{NEW}\n{OLD}");
        for text in ["", " \n", "short", &format!("{OLD}\nshort"), &three, &format!("{OLD} {NEW}")]
        {
            assert!(tokens(text).unwrap_err().starts_with("hold one token or two"), "{text}");
        }
    }
}
