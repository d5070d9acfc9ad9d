//! Two texts line by line, side by side.

/// How many lines may differ before what lies between the first and the last of them is taken for
/// different altogether: finding out takes the square of it.
const MOST: usize = 800;

/// How many equal lines show around those that differ.
const AROUND: usize = 3;

/// A line of either text, with its number from 1.
pub type Numbered = (usize, String);

/// One row of two texts beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// The same line in both.
    Same(Numbered, Numbered),
    /// A line that is not in the other, or stands there in the place of another.
    Differs(Option<Numbered>, Option<Numbered>),
    /// So many equal lines, left out.
    Equal(usize),
}

/// What leads from one text to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Keep,
    Remove,
    Add,
}

/// Sets two texts side by side. Long stretches in which they are equal are left out.
///
/// ```
/// # use monoxide_ui::model::{Beside, beside};
/// let rows = beside("{\n1\n}", "{\n2\n}");
/// assert_eq!(rows[1], Beside::Differs(Some((2, "1".to_owned())), Some((2, "2".to_owned()))));
/// ```
#[must_use]
pub fn beside(left: &str, right: &str) -> Vec<Beside> {
    let (left, right): (Vec<_>, Vec<_>) = (left.lines().collect(), right.lines().collect());
    let mut rows = Vec::new();
    let (mut here, mut there) = (0, 0);
    let mut differ: (Vec<Numbered>, Vec<Numbered>) = Default::default();
    let numbered = |lines: &[&str], nth: usize| {
        (nth + 1, lines.get(nth).copied().unwrap_or_default().to_owned())
    };
    for step in steps(&left, &right) {
        match step {
            Step::Remove => {
                differ.0.push(numbered(&left, here));
                here += 1;
            }
            Step::Add => {
                differ.1.push(numbered(&right, there));
                there += 1;
            }
            Step::Keep => {
                pair_up(&mut differ, &mut rows);
                rows.push(Beside::Same(numbered(&left, here), numbered(&right, there)));
                here += 1;
                there += 1;
            }
        }
    }
    pair_up(&mut differ, &mut rows);
    leave_out(rows)
}

/// Sets the lines that differ beside each other.
fn pair_up(differ: &mut (Vec<Numbered>, Vec<Numbered>), rows: &mut Vec<Beside>) {
    let (left, right) = std::mem::take(differ);
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return,
            (left, right) => rows.push(Beside::Differs(left, right)),
        }
    }
}

fn leave_out(rows: Vec<Beside>) -> Vec<Beside> {
    let differs: Vec<_> = rows.iter().map(|row| matches!(row, Beside::Differs(..))).collect();
    let is_near = |nth: usize| {
        let near = nth.saturating_sub(AROUND)..(nth + AROUND + 1).min(differs.len());
        differs.get(near).is_some_and(|near| near.contains(&true))
    };
    let mut shown = Vec::new();
    for (nth, row) in rows.into_iter().enumerate() {
        match (is_near(nth), shown.last_mut()) {
            (true, _) => shown.push(row),
            (false, Some(Beside::Equal(count))) => *count += 1,
            (false, _) => shown.push(Beside::Equal(1)),
        }
    }
    shown
}

/// The shortest way from one to the other (Myers 1986), or none that is short.
fn steps(left: &[&str], right: &[&str]) -> Vec<Step> {
    let head = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (left, right) =
        (left.get(head..).unwrap_or_default(), right.get(head..).unwrap_or_default());
    let tail =
        left.iter().rev().zip(right.iter().rev()).take_while(|(left, right)| left == right).count();
    let left = left.get(..left.len() - tail).unwrap_or_default();
    let right = right.get(..right.len() - tail).unwrap_or_default();
    let middle = shortest(left, right).unwrap_or_else(|| {
        let removed = std::iter::repeat_n(Step::Remove, left.len());
        removed.chain(std::iter::repeat_n(Step::Add, right.len())).collect()
    });
    let keep = |count| std::iter::repeat_n(Step::Keep, count);
    keep(head).chain(middle).chain(keep(tail)).collect()
}

/// How far one gets on each diagonal with so many steps that are no [`Step::Keep`].
///
/// Diagonals go from `-n` to `n`, so they are found `n` further on.
fn shortest(left: &[&str], right: &[&str]) -> Option<Vec<Step>> {
    let mut reached: Vec<Vec<usize>> = Vec::new();
    for cost in 0..=(left.len() + right.len()).min(MOST) {
        let mut now = vec![0; 2 * cost + 1];
        for diagonal in (0..=2 * cost).step_by(2) {
            let before = reached.last();
            let mut x = before.map_or(0, |before| start(before, diagonal).0);
            // Diagonal `cost` is the one on which both have come equally far.
            let mut y = (x + cost).checked_sub(diagonal)?;
            while x < left.len() && y < right.len() && left.get(x) == right.get(y) {
                (x, y) = (x + 1, y + 1);
            }
            *now.get_mut(diagonal)? = x;
            if x >= left.len() && y >= right.len() {
                reached.push(now);
                return Some(back(&reached, left.len(), right.len()));
            }
        }
        reached.push(now);
    }
    None
}

/// Where one stands first on a diagonal, and whether a line was removed to get there.
fn start(before: &[usize], diagonal: usize) -> (usize, bool) {
    // What was diagonal `k` with one step less is `k + 1` now.
    let from_above = diagonal.checked_sub(2).and_then(|it| before.get(it));
    let from_left = before.get(diagonal);
    match (from_above, from_left) {
        (Some(&removing), Some(&adding)) if removing < adding => (adding, false),
        (Some(&removing), _) => (removing + 1, true),
        (None, Some(&adding)) => (adding, false),
        (None, None) => (0, false),
    }
}

/// The way that led to the end.
fn back(reached: &[Vec<usize>], left: usize, right: usize) -> Vec<Step> {
    let (mut x, mut y) = (left, right);
    let mut steps = Vec::new();
    for (cost, before) in reached.iter().take(reached.len().saturating_sub(1)).enumerate().rev() {
        let cost = cost + 1;
        let diagonal = (x + cost).saturating_sub(y);
        let (from, removed) = start(before, diagonal);
        while x > from {
            steps.push(Step::Keep);
            (x, y) = (x - 1, y.saturating_sub(1));
        }
        if removed {
            steps.push(Step::Remove);
            x = x.saturating_sub(1);
        } else {
            steps.push(Step::Add);
            y = y.saturating_sub(1);
        }
    }
    steps.extend(std::iter::repeat_n(Step::Keep, x));
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn differing(rows: &[Beside]) -> usize {
        rows.iter().filter(|row| matches!(row, Beside::Differs(..))).count()
    }

    #[test]
    fn a_line_in_the_middle_moves_the_others_and_changes_none() {
        let rows = beside("a\nb\nc", "a\nnew\nb\nc");
        assert_eq!(differing(&rows), 1);
        assert_eq!(rows[1], Beside::Differs(None, Some((2, "new".to_owned()))));
    }

    #[test]
    fn long_equal_stretches_are_left_out() {
        let text: Vec<_> = (0..100).map(|it| it.to_string()).collect();
        let mut other = text.clone();
        other[50] = "x".to_owned();
        let rows = beside(&text.join("\n"), &other.join("\n"));
        assert_eq!((&rows[0], rows.len()), (&Beside::Equal(47), 9));
    }

    #[test]
    fn two_texts_that_have_nothing_in_common_are_told_quickly() {
        let one: Vec<_> = (0..20_000).map(|it| format!("a{it}")).collect();
        let other: Vec<_> = (0..20_000).map(|it| format!("b{it}")).collect();
        assert_eq!(differing(&beside(&one.join("\n"), &other.join("\n"))), 20_000);
    }

    /// The fewest lines that have to be removed and added, by the plain recurrence.
    fn least(left: &[u8], right: &[u8]) -> usize {
        let mut row: Vec<usize> = (0..=right.len()).collect();
        for (i, a) in left.iter().enumerate() {
            let mut corner = std::mem::replace(&mut row[0], i + 1);
            for (j, b) in right.iter().enumerate() {
                let up = row[j + 1];
                row[j + 1] = if a == b { corner } else { 1 + up.min(row[j]) };
                corner = up;
            }
        }
        row[right.len()]
    }

    proptest! {
        #[test]
        fn the_way_leads_there_and_none_is_shorter(
            left in prop::collection::vec(0_u8..4, 0..20),
            right in prop::collection::vec(0_u8..4, 0..20),
        ) {
            let name = |it: &Vec<u8>| it.iter().map(|it| it.to_string()).collect::<Vec<_>>();
            let (a, b) = (name(&left), name(&right));
            let (a, b): (Vec<_>, Vec<_>) =
                (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
            let steps = steps(&a, &b);
            let (mut here, mut there) = (a.iter(), b.iter());
            for step in &steps {
                match step {
                    Step::Keep => prop_assert_eq!(here.next(), there.next()),
                    Step::Remove => prop_assert!(here.next().is_some()),
                    Step::Add => prop_assert!(there.next().is_some()),
                }
            }
            prop_assert!(here.next().is_none() && there.next().is_none());
            let cost = steps.iter().filter(|it| **it != Step::Keep).count();
            prop_assert_eq!(cost, least(&left, &right));
        }
    }
}
