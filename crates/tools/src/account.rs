//! `monoxide account`.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use clap::{Args, Subcommand};
use monoxide_engine::backend::Folder;
use monoxide_identity::{Account as Shown, Identities, Order, Password};

use crate::{
    place::{Owner, Place},
    report,
};

/// How much of standard input is read for a password: more than one may have.
const LONGEST: u64 = 4096;

/// What `monoxide account` is told.
#[derive(Debug, Clone, Args)]
pub struct Account {
    #[command(subcommand)]
    what: What,
}

/// What is to be done. Passwords are asked for, or the first line of standard input.
#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Makes an account.
    Add {
        /// Its name.
        account: String,
        /// What it may do, such as admin; several times for several.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// What the person is called.
        #[arg(long, default_value = "")]
        name: String,
        /// An email address.
        #[arg(long, default_value = "")]
        email: String,
        /// A phone number.
        #[arg(long, default_value = "")]
        phone: String,
    },
    /// Shows all accounts, a line each: name, roles, disabled or not, what the person is called.
    List,
    /// Gives an account another password, and ends its sessions.
    SetPassword {
        /// Which one.
        account: String,
    },
    /// Has nobody sign in to an account any more, and ends its sessions.
    Disable {
        /// Which one.
        account: String,
    },
    /// Lets people sign in to an account again.
    Enable {
        /// Which one.
        account: String,
    },
    /// Says what an account may do; without roles, nothing in particular.
    Role {
        /// Which one.
        account: String,
        /// Its roles from now on, such as admin.
        roles: Vec<String>,
    },
    /// Lifts the lock of an account at which strangers have guessed.
    Unlock {
        /// Which one.
        account: String,
    },
}

impl Account {
    pub(crate) async fn run(self, place: Place) -> Result<()> {
        let order = report::aside(move || self.what.order()).await?;
        let is_list = matches!(order, Order::List);
        let is_new = matches!(order, Order::Add { .. });
        let owner = if is_new { place.owner_or_new().await? } else { place.owner().await? };
        let accounts = match owner {
            Owner::Server(server) => {
                let order = Bytes::from(serde_json::to_vec(&order)?);
                server.ask_json("POST", &[("api", "account")], order).await?
            }
            Owner::Us(folder) => carry_out(place, folder, order).await?,
        };
        tell(&accounts, is_list)
    }
}

impl What {
    fn order(self) -> Result<Order> {
        Ok(match self {
            Self::Add { account, roles, name, email, phone } => {
                let password = password(&account)?;
                Order::Add { account, name, email, phone, roles, password }
            }
            Self::List => Order::List,
            Self::SetPassword { account } => {
                let password = password(&account)?;
                Order::SetPassword { account, password }
            }
            Self::Disable { account } => Order::Disable { account, disabled: true },
            Self::Enable { account } => Order::Disable { account, disabled: false },
            Self::Role { account, roles } => Order::Roles { account, roles },
            Self::Unlock { account } => Order::Unlock { account },
        })
    }
}

/// Reads a password: from whoever sits there, who sees nothing of it and types it twice, or else
/// the first line of standard input. It is never an argument, which others could see.
fn password(account: &str) -> Result<Password> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        let read = io::stdin().lock().take(LONGEST).read_line(&mut line);
        read.context("cannot read the password")?;
        return Ok(line.trim_end_matches(['\n', '\r']).into());
    }
    let ask = |prompt: &str| rpassword::prompt_password(prompt).context("no password");
    let password = ask(&format!("password of {account}: "))?;
    if password != ask("once more: ")? {
        bail!("that is not the same password");
    }
    Ok(password.into())
}

async fn carry_out(place: Place, folder: Folder, order: Order) -> Result<Vec<Shown>> {
    let engine = (place.engine)().backend(folder.opener()).start()?;
    let work = async {
        let identities = Identities::builder(&engine).build()?;
        identities.load().await?;
        identities.carry_out(order).await.map_err(|why| anyhow!(why))
    };
    let accounts = work.await;
    engine.close().await;
    accounts
}

/// A list is data, and what was done is said.
fn tell(accounts: &[Shown], is_list: bool) -> Result<()> {
    let lines: Vec<_> = accounts.iter().map(line).collect();
    if !is_list {
        lines.iter().for_each(|line| report::note(line));
        return Ok(());
    }
    let mut out = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}")).context("cannot write")
}

fn line(account: &Shown) -> String {
    let roles: Vec<_> = account.roles.iter().map(ToString::to_string).collect();
    let roles = if roles.is_empty() { "-".to_owned() } else { roles.join(",") };
    let how = if account.disabled { "disabled" } else { "enabled" };
    format!("{}\t{roles}\t{how}\t{}", account.account, account.name)
}
