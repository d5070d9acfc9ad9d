//! Whether a socket may stay open, and as whom: its token may expire, its session may end, its
//! account may have other roles.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use monoxide_engine::Identity;
use monoxide_identity::{Caller, Identities};
use serde::Deserialize;
use tokio::time::sleep;

use super::{Asker, Auth};
use crate::error::Refusal;

/// What is looked after for a socket whose client has a token. Others have none.
pub(crate) struct Watch {
    auth: Arc<Auth>,
    caller: Caller,
    by_cookie: bool,
    /// Comes about when it has to be looked again.
    disturbed: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// What became of the client of a socket.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Its token is not good any more.
    Ended,
    /// It goes on with other roles.
    Changed(Identity),
}

/// What a client says over a socket about who it is.
#[derive(Debug)]
pub(crate) enum Said {
    Token(String),
    /// That it is nobody in particular.
    Nobody,
}

impl Said {
    /// What `text` says about that; `None` when it is about something else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Message {
            #[serde(default, deserialize_with = "present")]
            auth: Option<Option<String>>,
        }
        fn present<'de, D: serde::Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Option<String>>, D::Error> {
            Option::deserialize(deserializer).map(Some)
        }
        match serde_json::from_str::<Message>(text).ok()?.auth? {
            Some(token) => Some(Self::Token(token)),
            None => Some(Self::Nobody),
        }
    }
}

impl Watch {
    /// The watch over a socket, when its client has a token.
    pub(crate) fn of(asker: &Asker) -> Option<Box<Self>> {
        let caller = asker.caller.clone()?;
        Some(Box::new(Self::new(Arc::clone(&asker.auth), caller, asker.by_cookie)))
    }

    fn new(auth: Arc<Auth>, caller: Caller, by_cookie: bool) -> Self {
        let identities = auth.identities.clone();
        let disturbed = Box::pin(until_disturbed(identities, caller.clone(), by_cookie));
        Self { auth, caller, by_cookie, disturbed }
    }

    /// Comes about when the socket has to be closed, or goes on as somebody else.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        ready!(self.disturbed.as_mut().poll(context));
        if !self.caller.changed.is_cancelled() {
            return Poll::Ready(Turn::Ended);
        }
        let Ok(caller) = self.auth.identities.look_again(&self.caller) else {
            return Poll::Ready(Turn::Ended);
        };
        let identity = caller.identity.clone();
        *self = Self::new(Arc::clone(&self.auth), caller, self.by_cookie);
        Poll::Ready(Turn::Changed(identity))
    }

    /// Takes what the client said: with a fresh token of the same account the socket stays open
    /// for longer.
    pub(crate) fn hear(&mut self, said: &Said) -> Result<(), Refusal> {
        let Said::Token(token) = said else { return Err(Refusal::SignIn(None)) };
        let caller = self.auth.identities.check(token)?;
        // What is watched was let through for who it was.
        if caller.identity != self.caller.identity {
            return Err(Refusal::SignIn(None));
        }
        *self = Self::new(Arc::clone(&self.auth), caller, false);
        Ok(())
    }
}

impl Auth {
    /// Who a client says that it is, and the watch over its socket.
    pub(crate) fn hear(
        self: &Arc<Self>,
        said: &Said,
    ) -> Result<(Identity, Option<Box<Watch>>), Refusal> {
        match said {
            Said::Nobody if self.anonymous => Ok((Identity::anonymous(), None)),
            Said::Nobody => Err(Refusal::SignIn(None)),
            Said::Token(token) => {
                let caller = self.identities.check(token)?;
                let identity = caller.identity.clone();
                Ok((identity, Some(Box::new(Watch::new(Arc::clone(self), caller, false)))))
            }
        }
    }
}

async fn until_disturbed(identities: Identities, caller: Caller, by_cookie: bool) {
    let mut expires = caller.expires;
    loop {
        let left = Duration::from_secs(expires).saturating_sub(identities.clock().now());
        if left.is_zero() {
            // A browser keeps its tokens to itself: that it has a fresh one shows in its session.
            match identities.fresh_until(caller.session) {
                Some(later) if by_cookie && later > expires => expires = later,
                _ => return,
            }
            continue;
        }
        tokio::select! {
            () = caller.changed.cancelled() => return,
            () = sleep(left) => {}
        }
    }
}
