//! Charts, as shapes with classes that the style sheet colours.
//!
//! `plotters` works out scales, axes and lines. Its own SVG has colours and sizes of its own in it,
//! which neither a dark theme nor the page's policy could do with, so it draws to shapes here: a
//! "colour" is the number of a class.

use std::{convert::Infallible, ops::Range};

use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{cartesian::Cartesian2d, types::RangedCoordf64},
    drawing::{DrawingAreaErrorKind, IntoDrawingArea as _},
    series::{AreaSeries, LineSeries},
    style::{Color as _, IntoFont as _, RGBAColor, RGBColor, TRANSPARENT, text_anchor::HPos},
};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use super::unit::{Unit, digits};

/// Where nothing was seen for so many minutes, a line has a gap.
const GAP: f64 = 0.75;

/// How many minutes a chart shows at least.
const SHORTEST: f64 = 5.0;

/// How wide a digit is, about.
const DIGIT: u32 = 7;

/// The height of a line of text.
const LINE: u32 = 12;

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it shows.
    pub name: &'static str,
    /// A value for each time; not a number where there is none.
    pub values: Vec<f64>,
}

/// A part of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A line through points, as SVG's `d` has it.
    Line {
        /// Its class in the style sheet.
        class: String,
        /// The way it goes.
        path: String,
    },
    /// What is filled between points.
    Area {
        /// Its class in the style sheet.
        class: String,
        /// The way around it.
        path: String,
    },
    /// A text at an axis.
    Text {
        /// Where it stands: its middle line, and its start, middle or end.
        at: (i32, i32),
        /// `start`, `middle` or `end`.
        anchor: &'static str,
        /// What it says.
        text: String,
    },
}

/// A drawn chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drawing {
    /// From back to front.
    pub shapes: Vec<Shape>,
    /// Where each time is, from left to right.
    pub columns: Vec<i32>,
    /// From where to where the lines go, from top to bottom.
    pub rows: Range<i32>,
}

/// Draws lines over time. `minutes` are those before now, as numbers not above zero, in order.
///
/// ```
/// # use monoxide_ui::model::{chart::{Series, Shape, draw}, unit::Unit};
/// let reads = Series { name: "reads", values: vec![1.0, 3.0] };
/// let drawing = draw((400, 160), &[-1.0, -0.9], &[reads], Unit::Rate);
/// assert!(drawing.shapes.iter().any(|it| matches!(it, Shape::Line { class, .. } if class == "line-0")));
/// ```
#[must_use]
pub fn draw(size: (u32, u32), minutes: &[f64], series: &[Series], unit: Unit) -> Drawing {
    let mut shapes = Vec::new();
    // Shapes never fail, and neither does anything before the first of them.
    let plotted = plot(Shapes { size, shapes: &mut shapes }, minutes, series, unit);
    let (columns, rows) = plotted.unwrap_or_default();
    Drawing { shapes, columns, rows }
}

type Failed = DrawingAreaErrorKind<Infallible>;
type Context<'a, 'b> = ChartContext<'a, Shapes<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn plot(
    shapes: Shapes<'_>,
    minutes: &[f64],
    series: &[Series],
    unit: Unit,
) -> Result<(Vec<i32>, Range<i32>), Failed> {
    let values = series.iter().flat_map(|series| &series.values);
    let most = values.copied().fold(0.0, f64::max);
    let scale = unit.scale(most);
    let top = if most > 0.0 { most / scale.by * 1.1 } else { 1.0 };
    let first = minutes.first().copied().unwrap_or_default().min(-SHORTEST);
    let area = shapes.into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin_top(8)
        .margin_right(16)
        .x_label_area_size(24)
        .y_label_area_size(64)
        .build_cartesian_2d(first..0.0, 0.0..top)?;
    mesh(&mut chart, scale.name)?;
    for (nth, line) in series.iter().enumerate() {
        let points: Vec<_> = minutes
            .iter()
            .zip(&line.values)
            .map(|(at, value)| (*at, value / scale.by))
            .filter(|(_, value)| value.is_finite())
            .collect();
        for part in points.chunk_by(|(before, _), (after, _)| after - before < GAP) {
            let nth = u8::try_from(nth).unwrap_or(u8::MAX);
            if series.len() == 1 {
                let none = TRANSPARENT;
                chart.draw_series(
                    AreaSeries::new(part.iter().copied(), 0.0, area_class(nth)).border_style(none),
                )?;
            }
            // A single moment is a dot: a line from there to there.
            let dot = part.first().filter(|_| part.len() == 1);
            let points = part.iter().chain(dot).copied();
            chart.draw_series(LineSeries::new(points, class(LINES, nth)))?;
        }
    }
    let place = |at: f64, value: f64| chart.backend_coord(&(at, value));
    let columns = minutes.iter().map(|at| place(*at, 0.0).0).collect();
    Ok((columns, place(0.0, top).1..place(0.0, 0.0).1))
}

fn mesh(chart: &mut Context<'_, '_>, unit: &str) -> Result<(), Failed> {
    let text = ("sans-serif", f64::from(LINE)).into_font();
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(class(GRID, 0))
        .axis_style(class(GRID, 1))
        .label_style(text)
        .x_labels(7)
        .y_labels(5)
        .x_label_formatter(&|at| match at {
            now if now.abs() < 0.01 => "now".to_owned(),
            at => format!("−{} min", digits(-at)),
        })
        .y_label_formatter(&|value| match unit {
            // It stands beside the first label below the axis.
            _ if *value == 0.0 => "0".to_owned(),
            "" | "/s" | "k" | "k/s" | "M" | "M/s" => format!("{}{unit}", digits(*value)),
            unit => format!("{} {unit}", digits(*value)),
        })
        .draw()
}

/// What a "colour" stands for: its first byte says which of these, its second the how manieth.
const GRID: u8 = 1;
const LINES: u8 = 2;

fn class(kind: u8, nth: u8) -> RGBColor {
    RGBColor(kind, nth, 0)
}

fn area_class(nth: u8) -> RGBAColor {
    class(LINES, nth).to_rgba()
}

fn name(BackendColor { rgb: (kind, nth, _), .. }: BackendColor) -> String {
    match (kind, nth) {
        (GRID, 0) => "grid".to_owned(),
        (LINES, nth) => format!("line-{nth}"),
        _ => "axis".to_owned(),
    }
}

/// What plotters draws.
struct Shapes<'a> {
    size: (u32, u32),
    shapes: &'a mut Vec<Shape>,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

fn path(points: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        path.push(if path.is_empty() { 'M' } else { 'L' });
        path.push_str(&format!("{x} {y}"));
    }
    path
}

impl DrawingBackend for Shapes<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Drawn {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            self.shapes.push(Shape::Line { class: name(style.color()), path: path(points) });
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Drawn {
        self.shapes.push(Shape::Area { class: name(style.color()), path: path(points) });
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Right => "end",
            HPos::Center => "middle",
        };
        self.shapes.push(Shape::Text { at, anchor, text: text.to_owned() });
        Ok(())
    }

    /// Asking the browser would take an element with a `style` attribute, which the page's policy
    /// forbids.
    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        _: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let count = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        Ok((count.saturating_mul(DIGIT), LINE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(minutes: &[f64], values: &[f64]) -> Drawing {
        let values = values.to_vec();
        draw((400, 160), minutes, &[Series { name: "x", values }], Unit::Bytes)
    }

    fn lines<'a>(drawing: &'a Drawing, wanted: &'a str) -> impl Iterator<Item = &'a str> {
        drawing.shapes.iter().filter_map(move |shape| match shape {
            Shape::Line { class, path } if class == wanted => Some(path.as_str()),
            _ => None,
        })
    }

    fn text(shape: &Shape) -> Option<&str> {
        match shape {
            Shape::Text { text, .. } => Some(text),
            Shape::Line { .. } | Shape::Area { .. } => None,
        }
    }

    fn texts(drawing: &Drawing) -> Vec<&str> {
        drawing.shapes.iter().filter_map(text).collect()
    }

    #[test]
    fn a_line_goes_up_where_values_grow_and_ends_at_the_right() {
        let drawing = one(&[-4.0, -3.5, 0.0], &[0.0, 1024.0, 1024.0]);
        let path = lines(&drawing, "line-0").next().unwrap();
        let points: Vec<Vec<i32>> = path
            .trim_start_matches('M')
            .split('L')
            .map(|point| point.split(' ').map(|it| it.parse().unwrap()).collect())
            .collect();
        assert!(points[1][1] < points[0][1], "up is less: {path}");
        assert_eq!(drawing.columns.len(), 3);
        assert_eq!(points[0][0], drawing.columns[0]);
        assert!(drawing.columns.is_sorted() && drawing.columns[2] >= 380, "{drawing:?}");
        assert!(drawing.rows.start < points[1][1] && points[1][1] < drawing.rows.end);
    }

    #[test]
    fn where_nothing_was_seen_there_is_a_gap() {
        let drawing = one(&[-4.0, -3.8, -1.0, -0.8], &[1.0; 4]);
        assert_eq!(lines(&drawing, "line-0").count(), 2);
    }

    #[test]
    fn what_is_no_number_is_not_drawn_and_a_single_moment_is_a_dot() {
        let drawing = one(&[-4.0, -3.8, -3.6], &[f64::NAN, 1.0, f64::NAN]);
        let dot = lines(&drawing, "line-0").next().unwrap();
        let (from, to) = dot.trim_start_matches('M').split_once('L').unwrap();
        assert_eq!(from, to);
        assert_eq!((lines(&drawing, "line-0").count(), drawing.columns.len()), (1, 3));
    }

    #[test]
    fn axes_say_their_unit_and_no_line_of_a_grid_is_drawn_twice() {
        let drawing = one(&[-5.0, 0.0], &[3.0 * 1024.0 * 1024.0; 2]);
        assert!(texts(&drawing).contains(&"2 MiB"), "{:?}", texts(&drawing));
        assert!(texts(&drawing).contains(&"now"), "{:?}", texts(&drawing));
        assert!(lines(&drawing, "grid").count() >= 3);
    }

    #[test]
    fn nothing_at_all_can_be_drawn() {
        let drawing = one(&[], &[]);
        assert!(drawing.columns.is_empty());
        assert_eq!(lines(&drawing, "line-0").count(), 0);
        assert!(one(&[-1.0, 0.0], &[0.0, 0.0]).shapes.len() > 3);
    }
}
