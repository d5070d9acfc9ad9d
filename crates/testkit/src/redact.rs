//! Times and versions, which differ from run to run, as `#1`, `#2`, … in the order they appear.

/// Gives the same time the same name, also as the version that it is in hexadecimal.
#[derive(Debug, Default)]
pub struct Redactor {
    seen: Vec<u64>,
}

impl Redactor {
    /// The text without its times.
    #[must_use]
    pub fn redact(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
            let (before, word) = rest.split_at(start);
            let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
            let (word, after) = word.split_at(end);
            out.push_str(before);
            match time(word) {
                Some(time) => {
                    let known = self.seen.iter().position(|&it| it == time);
                    let nth = known.unwrap_or_else(|| {
                        self.seen.push(time);
                        self.seen.len() - 1
                    });
                    out.push_str(&format!("#{}", nth + 1));
                }
                None => out.push_str(word),
            }
            rest = after;
        }
        out + rest
    }
}

/// The time that a word is, in nanoseconds: nineteen digits, or sixteen in hexadecimal.
fn time(word: &str) -> Option<u64> {
    match word.len() {
        19 => word.parse().ok(),
        16 => u64::from_str_radix(word, 16).ok(),
        _ => None,
    }
}
