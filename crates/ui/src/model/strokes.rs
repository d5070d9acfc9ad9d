//! Keys that are pressed for something, one after the other.

/// For how many milliseconds the first key of two waits for the second.
const PATIENCE: u64 = 1_500;

/// The keys that were pressed last, as far as they can still become something.
///
/// ```
/// # use monoxide_ui::model::Strokes;
/// let known = |keys: &str| ["g m", "n"].contains(&keys);
/// let mut strokes = Strokes::default();
/// assert_eq!(strokes.press("g", 0, known), None);
/// assert_eq!(strokes.press("m", 100, known).as_deref(), Some("g m"));
/// assert_eq!(strokes.press("n", 200, known).as_deref(), Some("n"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strokes {
    first: Option<(String, u64)>,
}

impl Strokes {
    /// Takes note of a key, and says what it means, if that is `known`: the key itself, or what was
    /// pressed before and it.
    pub fn press(&mut self, key: &str, now: u64, known: impl Fn(&str) -> bool) -> Option<String> {
        let first = self.first.take().filter(|(_, at)| now.saturating_sub(*at) <= PATIENCE);
        let both = first.map(|(first, _)| format!("{first} {key}")).filter(|both| known(both));
        if both.is_some() {
            return both;
        }
        if known(key) {
            return Some(key.to_owned());
        }
        self.first = Some((key.to_owned(), now));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(keys: &str) -> bool {
        ["g m", "g l", "n", "?"].contains(&keys)
    }

    #[test]
    fn a_pair_is_forgotten_after_a_while_and_by_another_key() {
        let mut strokes = Strokes::default();
        assert_eq!(strokes.press("g", 0, known), None);
        assert_eq!(strokes.press("m", PATIENCE + 1, known), None);

        assert_eq!(strokes.press("g", 5_000, known), None);
        assert_eq!(strokes.press("x", 5_001, known), None);
        assert_eq!(strokes.press("l", 5_002, known), None);
    }

    #[test]
    fn the_last_of_two_first_keys_counts() {
        let mut strokes = Strokes::default();
        strokes.press("g", 0, known);
        strokes.press("g", 10, known);
        assert_eq!(strokes.press("l", 20, known).as_deref(), Some("g l"));
        assert_eq!(strokes.press("?", 30, known).as_deref(), Some("?"));
    }
}
