//! A subscriber that remembers what it was told, whatever becomes of the server.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use monoxide_client::{Change, Client, State, Subscription, Trouble, Update};
use monoxide_protocol::Glob;
use monoxide_testkit::ledger::{Ledger, Objects, Told};
use tokio::{sync::watch, time::timeout};

use crate::server::PATIENCE;

/// What one subscriber watches, and what it has seen.
#[derive(Debug)]
pub(crate) struct Watcher {
    what: String,
    seen: watch::Receiver<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    told: Told,
    is_live: bool,
    messages: u64,
    /// How often it was connected.
    connections: u64,
    wrong: Option<String>,
}

impl Watcher {
    /// Watches `what`, from now on and over all servers.
    pub(crate) fn start(client: &Client, what: &str, ledger: &Arc<Ledger>) -> Result<Self> {
        let subscription = client.subscribe(Glob::parse(what)?);
        let most = ledger.limited_list().filter(|(list, _)| list == what).map(|(_, most)| *most);
        let (sender, seen) = watch::channel(Seen::default());
        tokio::spawn(watch_on(subscription, sender, most, Arc::clone(ledger)));
        Ok(Self { what: what.to_owned(), seen })
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// Waits until it has noticed that it has no connection: then it has read all there was.
    pub(crate) async fn lost(&mut self) -> Result<()> {
        self.wait_for("does not notice the end", |seen| !seen.is_live).await
    }

    /// Waits until it has what is there.
    pub(crate) async fn has(&mut self, now: &Objects) -> Result<()> {
        self.wait_for("does not learn what is there", |it| it.is_live && it.told.objects == *now)
            .await
    }

    async fn wait_for(&mut self, what: &str, is_so: impl Fn(&Seen) -> bool) -> Result<()> {
        let waited = self.seen.wait_for(|seen| seen.wrong.is_some() || is_so(seen));
        let Ok(seen) = timeout(PATIENCE, waited).await else {
            bail!("the subscriber of `{}` {what}", self.what);
        };
        match &seen?.wrong {
            Some(wrong) => bail!("the subscriber of `{}`: {wrong}", self.what),
            None => Ok(()),
        }
    }

    /// Checks that nothing of what it was told is gone.
    pub(crate) fn check(&self, now: &Objects) -> Result<()> {
        let checked = self.seen.borrow().told.is_before(now);
        checked.with_context(|| format!("the subscriber of `{}` was told otherwise", self.what))
    }

    /// How many messages it was told, and how often it was connected.
    pub(crate) fn figures(&self) -> (u64, u64) {
        let seen = self.seen.borrow();
        (seen.messages, seen.connections)
    }
}

async fn watch_on(
    mut subscription: Subscription,
    seen: watch::Sender<Seen>,
    most: Option<usize>,
    ledger: Arc<Ledger>,
) {
    while let Some(update) = subscription.next().await {
        let mut result = Ok(());
        seen.send_modify(|seen| result = take(seen, &update, &subscription, most, &ledger));
        if let Err(wrong) = result {
            seen.send_modify(|seen| seen.wrong = Some(format!("{wrong:#}")));
            return;
        }
    }
    seen.send_modify(|seen| seen.wrong = Some("it was refused".to_owned()));
}

fn take(
    seen: &mut Seen,
    update: &Update,
    subscription: &Subscription,
    most: Option<usize>,
    ledger: &Ledger,
) -> Result<()> {
    let change = match update {
        Update::State(State::Stale(Trouble::Misfit(why))) => bail!("a message did not fit: {why}"),
        Update::State(state) => {
            seen.connections += u64::from(state.is_live());
            seen.is_live = state.is_live();
            return Ok(());
        }
        Update::Change(change) => change,
    };
    let document = subscription.document().context("a message came")?;
    let version = subscription.version().unwrap_or_default().number();
    match change {
        Change::Snapshot { .. } => ledger.heard(version, document),
        Change::Patch { patch, .. } => ledger.heard(version, &serde_json::to_value(patch)?),
    }
    seen.told.hear(version, document)?;
    let count = seen.told.objects.len();
    ensure!(most.is_none_or(|most| count <= most), "it was told of {count} objects");
    seen.messages += 1;
    Ok(())
}

/// Somebody who calls again at once.
pub(crate) fn client(address: &str) -> Result<Client> {
    let client = Client::new(address)?;
    Ok(client.with_backoff(Duration::from_millis(5), Duration::from_millis(20)))
}
