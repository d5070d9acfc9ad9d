//! What is asked of a list, as it stands in the page's address.

use std::{fmt, ops::Range as Span};

use monoxide_protocol::{Glob, Order, Range, escaped, unescaped};

/// The names and values behind the question mark of an address, in their order.
///
/// ```
/// # use monoxide_ui::model::table::Query;
/// let mut query = Query::read("?find=a%20b&x=1");
/// assert_eq!(query.get("find").as_deref(), Some("a b"));
/// query.set("find", None);
/// query.set("sort", Some("-/title"));
/// assert_eq!(query.to_string(), "?x=1&sort=-/title");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands in an address, from the question mark on.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let parts = text.trim_start_matches('?').split('&').filter(|part| !part.is_empty());
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (unescaped(name), unescaped(value))
        };
        Self(parts.map(pair).collect())
    }

    /// The value of a name, if it is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone())
    }

    /// Sets the value of a name, or takes it out.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.0.retain(|(it, _)| it != name);
        self.0.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
}

impl fmt::Display for Query {
    /// With the question mark; nothing when there is nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, (name, value)) in self.0.iter().enumerate() {
            let mark = if nth == 0 { '?' } else { '&' };
            write!(f, "{mark}{}={}", escaped(name), escaped(value))?;
        }
        Ok(())
    }
}

/// What is asked of a list, wherever one is in the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// The order; that of the list if none.
    pub order: Option<Order>,
    /// Words.
    pub find: String,
    /// The columns that show, by their ids; those that show by themselves if none.
    pub columns: Option<Vec<String>>,
    /// The segments that stars stand for, star by star; an empty one is all.
    pub stars: Vec<String>,
}

impl Question {
    /// Reads it from an address.
    #[must_use]
    pub fn read(query: &Query) -> Self {
        let list = |text: String| text.split(',').map(str::to_owned).collect();
        Self {
            order: query.get("sort").and_then(|text| text.parse().ok()),
            find: query.get("find").unwrap_or_default(),
            columns: query.get("columns").map(list),
            stars: query.get("in").map(list).unwrap_or_default(),
        }
    }

    /// Writes it into an address.
    pub fn write(&self, query: &mut Query) {
        let Self { order, find, columns, stars } = self;
        let order = order.as_ref().map(ToString::to_string);
        query.set("sort", order.as_deref());
        query.set("find", Some(find.as_str()).filter(|find| !find.is_empty()));
        query.set("columns", columns.as_ref().map(|it| it.join(",")).as_deref());
        let is_narrow = stars.iter().any(|it| !it.is_empty());
        query.set("in", is_narrow.then(|| stars.join(",")).as_deref());
    }

    /// The list as the stars narrow it. A segment that no key can have narrows nothing.
    #[must_use]
    pub fn narrowed(&self, list: &Glob) -> Glob {
        let mut stars = self.stars.iter();
        let segment = |part| match part {
            "*" => stars.next().map(String::as_str).filter(|it| !it.is_empty()).unwrap_or("*"),
            part => part,
        };
        let narrowed: Vec<_> = list.segments().map(segment).collect();
        // One star stays, so that it is still a list.
        let narrowed =
            Glob::parse(&narrowed.join("/")).ok().filter(|it| it.is_list() && list.covers(it));
        narrowed.unwrap_or_else(|| list.clone())
    }

    /// The part of the answer that has these rows.
    #[must_use]
    pub fn range(&self, list: &Glob, rows: &Span<usize>) -> Range {
        Range {
            from: rows.start,
            limit: rows.len().max(1),
            order: self.order.clone(),
            find: self.find.trim().to_owned(),
            ..Range::of(self.narrowed(list))
        }
    }

    /// Whether what is new comes before everything else, as far as the page can tell.
    #[must_use]
    pub fn is_newest_first(&self) -> bool {
        self.order
            .as_ref()
            .is_none_or(|order| order.is_descending && order.by == monoxide_protocol::By::Created)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_survives_its_address() {
        for text in [
            "",
            "?sort=-/title",
            "?sort=key&find=a%20b%26%C3%A4%25&columns=/title,created",
            "?in=ann,",
        ] {
            let question = Question::read(&Query::read(text));
            let mut query = Query::default();
            question.write(&mut query);
            assert_eq!(query.to_string(), text);
        }
    }

    #[test]
    fn what_is_none_of_ours_stays_in_the_address_and_nonsense_is_no_question() {
        let mut query = Query::read("?other=1&sort=nonsense&%ZZ");
        let question = Question::read(&query);
        assert_eq!(question, Question::default());
        question.write(&mut query);
        assert_eq!(query.get("other").as_deref(), Some("1"));
    }

    #[test]
    fn stars_narrow_a_list_to_one_that_is_still_a_list() {
        let list = Glob::parse("users/*/posts/*").unwrap();
        let narrowed = |stars: &[&str]| {
            let stars = stars.iter().map(|&it| it.to_owned()).collect();
            Question { stars, ..Question::default() }.narrowed(&list).to_string()
        };
        assert_eq!(narrowed(&["ann"]), "users/ann/posts/*");
        assert_eq!(narrowed(&["", "7"]), "users/*/posts/7");
        assert_eq!(narrowed(&["ann", "7"]), "users/*/posts/*", "that is no list");
        assert_eq!(narrowed(&["a/b"]), "users/*/posts/*");
        assert_eq!(narrowed(&["a b"]), "users/*/posts/*");
    }
}
