//! How well a name fits what somebody has typed in haste.

/// How well `name` fits `typed`: higher is better, `None` is not at all.
///
/// All characters of `typed` have to be in `name`, in order; upper and lower case are the same.
/// Characters that follow each other, or begin a word, count for more, and short names more than
/// long ones. Nothing fits everything alike.
///
/// ```
/// # use monoxide_ui::model::fits;
/// assert!(fits("bk", "books/*").is_some());
/// assert!(fits("dev", "devices/*") > fits("dev", "users/dean/votes/*"));
/// assert_eq!(fits("xyz", "books/*"), None);
/// ```
#[must_use]
pub fn fits(typed: &str, name: &str) -> Option<i32> {
    let mut wanted = typed.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase);
    let Some(mut next) = wanted.next() else { return Some(0) };
    let (mut score, mut run, mut before) = (0, 0, None::<char>);
    for c in name.chars() {
        let begins = before.is_none_or(|it| !it.is_alphanumeric());
        before = Some(c);
        if !c.to_lowercase().eq([next]) {
            run = 0;
            continue;
        }
        run += 1;
        score += 4 + 4 * run + if begins { 12 } else { 0 };
        match wanted.next() {
            Some(more) => next = more,
            None => return Some(score - i32::try_from(name.chars().count().min(200)).unwrap_or(0)),
        }
    }
    None
}

/// The best of `all` for what was typed, by their names, the best first and at most so many.
pub fn best<T>(
    typed: &str,
    all: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> &str,
    most: usize,
) -> Vec<T> {
    let scored = all.into_iter().filter_map(|it| Some((fits(typed, name(&it))?, it)));
    let mut scored: Vec<_> = scored.collect();
    // What fits alike stays in its order.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.truncate(most);
    scored.into_iter().map(|(_, it)| it).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &[&str]) {
        let all = [
            "Monitor",
            "Live view",
            "Orphan keys",
            "books/*",
            "users/*/books/*",
            "config",
            "Ümläut",
        ];
        assert_eq!(best(typed, all, |it| it, 3), expected, "{typed}");
    }

    #[test]
    fn the_best_comes_first() {
        check("mon", &["Monitor"]);
        check("ok", &["Orphan keys", "books/*", "users/*/books/*"]);
        check("books", &["books/*", "users/*/books/*"]);
        check("ub", &["users/*/books/*"]);
        check("lv", &["Live view"]);
    }

    #[test]
    fn blanks_and_case_do_not_matter() {
        check("ORPHAN KEYS", &["Orphan keys"]);
        check("üml", &["Ümläut"]);
    }

    #[test]
    fn nothing_leaves_all_in_their_order() {
        check("", &["Monitor", "Live view", "Orphan keys"]);
        check("qqq", &[]);
    }
}
