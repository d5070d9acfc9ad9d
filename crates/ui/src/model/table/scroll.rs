//! Which rows of a long table are on the screen.

use std::ops::Range;

/// Browsers cannot make elements of any height: the least of them ends at some 17 million pixels,
/// and positions get inexact before. A longer table moves faster than what scrolls it.
const TALLEST: f64 = 8_000_000.0;

/// How many screens further one can scroll without being taken to have dragged the scrollbar.
const NEAR: f64 = 2.0;

/// How many rows are made before and after those that show.
const AROUND: usize = 6;

/// Where one is in a table whose rows are all of one height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scroll {
    /// How many rows there are.
    count: usize,
    /// How tall a row is, in pixels.
    row: f64,
    /// How much of the rows shows, in pixels.
    screen: f64,
    /// How far the rows are moved up.
    top: f64,
    /// How far the element is that scrolls, which is the same unless it cannot be as tall.
    element: f64,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a table has fewer rows than 2^52, and its pixels are not below 0"
)]
impl Scroll {
    /// The top of a table that has no rows yet.
    #[must_use]
    pub fn new(row: f64, screen: f64) -> Self {
        Self { count: 0, row, screen, top: 0.0, element: 0.0 }
    }

    fn whole(&self) -> f64 {
        self.count as f64 * self.row
    }

    /// How tall the element is that stands for all rows.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.whole().min(TALLEST)
    }

    fn is_short(&self) -> bool {
        self.whole() <= TALLEST
    }

    fn lowest(&self) -> f64 {
        (self.whole() - self.screen).max(0.0)
    }

    fn lowest_element(&self) -> f64 {
        (self.height() - self.screen).max(0.0)
    }

    /// Takes note of where the element is. Steps are steps of the rows, and a leap, as with the
    /// scrollbar, goes to the same part of them.
    pub fn scrolled(&mut self, to: f64) {
        let step = to - self.element;
        self.element = to;
        self.top = if self.is_short() {
            to
        } else if to <= 0.0 {
            0.0
        } else if to >= self.lowest_element() - 1.0 {
            self.lowest()
        } else if step.abs() <= NEAR * self.screen {
            (self.top + step).clamp(0.0, self.lowest())
        } else {
            to / self.lowest_element() * self.lowest()
        };
    }

    /// Where the element belongs for what shows. To be asked when nobody scrolls, so that many
    /// steps do not lead to its end before the rows end.
    pub fn settle(&mut self) -> f64 {
        self.element = if self.is_short() {
            self.top
        } else {
            self.top / self.lowest().max(1.0) * self.lowest_element()
        };
        self.element
    }

    /// Moves the rows, and says where the element is to be.
    pub fn go_to(&mut self, top: f64) -> f64 {
        self.top = top.clamp(0.0, self.lowest());
        self.settle()
    }

    /// Moves the rows as little as makes one of them show, and says where the element is to be.
    pub fn show(&mut self, row: usize) -> f64 {
        let start = row as f64 * self.row;
        let highest = start + self.row - self.screen;
        let top = if start < self.top {
            start
        } else if highest > self.top {
            highest
        } else {
            self.top
        };
        self.go_to(top)
    }

    /// Takes note of how many rows there are now, of which `shift` more, or fewer, are above those
    /// that show. Those stay where they are, unless the first row shows: then new ones do, too.
    /// Says where the element is to be.
    pub fn count(&mut self, count: usize, shift: isize) -> f64 {
        self.count = count;
        let moved = if self.is_at_top() { 0.0 } else { shift as f64 * self.row };
        self.go_to(self.top + moved)
    }

    /// Takes note of the sizes, and says where the element is to be.
    pub fn resize(&mut self, row: f64, screen: f64) -> f64 {
        let first = self.top / self.row;
        (self.row, self.screen) = (row, screen);
        self.go_to(first * row)
    }

    /// Whether nothing is above what shows.
    #[must_use]
    pub fn is_at_top(&self) -> bool {
        self.top < 1.0
    }

    /// The first row that shows.
    #[must_use]
    pub fn first(&self) -> usize {
        (self.top / self.row) as usize
    }

    /// How many rows fit on the screen.
    #[must_use]
    pub fn page(&self) -> usize {
        ((self.screen / self.row) as usize).max(1)
    }

    /// The rows that show.
    #[must_use]
    pub fn visible(&self) -> Range<usize> {
        let end = ((self.top + self.screen) / self.row).ceil() as usize;
        self.first().min(self.count)..end.min(self.count)
    }

    /// The rows that are made.
    #[must_use]
    pub fn made(&self) -> Range<usize> {
        let Range { start, end } = self.visible();
        start.saturating_sub(AROUND)..(end + AROUND).min(self.count)
    }

    /// How far down in the element a row stands.
    #[must_use]
    pub fn place(&self, row: usize) -> f64 {
        row as f64 * self.row + (self.element - self.top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scroll(count: usize) -> Scroll {
        let mut scroll = Scroll::new(40.0, 400.0);
        scroll.count(count, 0);
        scroll
    }

    #[test]
    fn the_rows_on_the_screen_and_a_few_around_are_made() {
        let mut scroll = scroll(1000);
        assert_eq!((scroll.visible(), scroll.made()), (0..10, 0..16));

        scroll.scrolled(4010.0);
        assert_eq!((scroll.visible(), scroll.made()), (100..111, 94..117));

        scroll.scrolled(1000.0 * 40.0 - 400.0);
        assert_eq!((scroll.visible(), scroll.made()), (990..1000, 984..1000));
    }

    #[test]
    fn what_one_reads_stays_when_rows_come_above() {
        let mut scroll = scroll(1000);
        scroll.scrolled(4010.0);
        let before = scroll.place(100) - scroll.element;

        let element = scroll.count(1003, 3);

        assert_eq!(element, 4130.0);
        assert_eq!(scroll.place(103) - scroll.element, before);
    }

    #[test]
    fn who_is_at_the_top_sees_what_comes() {
        let mut scroll = scroll(1000);
        assert_eq!(scroll.count(1003, 3), 0.0);
        assert_eq!(scroll.visible(), 0..10);
    }

    #[test]
    fn a_table_that_gets_shorter_than_where_one_is_shows_its_end() {
        let mut scroll = scroll(1000);
        scroll.scrolled(39_000.0);
        scroll.count(20, 0);
        assert_eq!(scroll.visible(), 10..20);
        scroll.count(0, 0);
        assert_eq!(scroll.made(), 0..0);
    }

    #[test]
    fn the_last_of_ten_million_rows_is_reached_in_an_element_that_browsers_can_make() {
        let mut scroll = scroll(10_000_000);
        assert!(scroll.height() <= TALLEST);

        scroll.scrolled(scroll.height() - 400.0);
        assert_eq!(scroll.visible(), 9_999_990..10_000_000);
        let at = scroll.place(9_999_999) - scroll.element;
        assert_eq!(at, 360.0, "the last row ends where the screen does");

        scroll.scrolled(scroll.height() / 2.0);
        assert!((4_900_000..5_100_000).contains(&scroll.first()), "{}", scroll.first());
    }

    #[test]
    fn small_steps_in_a_very_long_table_move_it_by_as_much_and_never_past_its_end() {
        let mut scroll = scroll(10_000_000);
        for nth in 1..1000_usize {
            scroll.scrolled(scroll.element + 40.0);
            assert_eq!(scroll.first(), nth);
            if nth % 10 == 0 {
                scroll.settle();
            }
        }
        assert!(scroll.element < 1200.0, "the scrollbar stays where the part is");
    }

    #[test]
    fn a_row_that_shows_does_not_move_when_it_is_to_show() {
        let mut scroll = scroll(1000);
        assert_eq!(scroll.show(5), 0.0);
        assert_eq!(scroll.show(10), 40.0);
        assert_eq!(scroll.show(999), 39_600.0);
        assert_eq!(scroll.show(995), 39_600.0);
        assert_eq!(scroll.show(0), 0.0);
    }
}
