//! Whether text is UTF-8 (RFC 3629), while it comes in pieces.

/// A text of which a part was seen.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The beginning of a character whose end was not seen yet.
    begun: [u8; 4],
    len: usize,
}

/// The text is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotUtf8;

impl Text {
    /// Goes on with the text. What can be no text however it goes on is noticed at once.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), NotUtf8> {
        while self.len > 0
            && let Some((&byte, rest)) = bytes.split_first()
        {
            let place = self.begun.get_mut(self.len).ok_or(NotUtf8)?;
            (*place, bytes) = (byte, rest);
            self.len += 1;
            match std::str::from_utf8(self.begun.get(..self.len).ok_or(NotUtf8)?) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(NotUtf8),
            }
        }
        let Err(error) = std::str::from_utf8(bytes) else { return Ok(()) };
        if error.error_len().is_some() {
            return Err(NotUtf8);
        }
        for &byte in bytes.iter().skip(error.valid_up_to()) {
            *self.begun.get_mut(self.len).ok_or(NotUtf8)? = byte;
            self.len += 1;
        }
        Ok(())
    }

    /// Whether it may end here.
    pub(super) fn is_whole(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_text<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> bool {
        let mut text = Text::default();
        pieces.into_iter().all(|piece| text.push(piece).is_ok()) && text.is_whole()
    }

    #[test]
    fn what_can_be_no_text_is_noticed_at_once() {
        // The second byte says that this is beyond the last character there is.
        let mut text = Text::default();
        assert_eq!(text.push(b"\xf4"), Ok(()));
        assert_eq!(text.push(b"\x90"), Err(NotUtf8));
    }

    proptest! {
        #[test]
        fn pieces_are_text_when_the_whole_is(
            characters in any::<String>(),
            noise in prop::collection::vec(any::<u8>(), 0..3),
            at in any::<prop::sample::Index>(),
            size in 1..6_usize,
        ) {
            let mut bytes = characters.into_bytes();
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, noise);

            prop_assert_eq!(is_text(bytes.chunks(size)), std::str::from_utf8(&bytes).is_ok());
        }
    }
}
