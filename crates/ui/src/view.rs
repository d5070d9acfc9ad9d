//! What the page is made of.

#![allow(unreachable_pub, reason = "`#[component]` writes a second function beside each")]
#![allow(clippy::needless_pass_by_value, reason = "a component owns its properties")]

mod accounts;
mod connection;
mod copy;
mod document;
mod empty;
mod entrance;
mod field;
mod flash;
mod fold;
mod icon;
mod items;
mod keys;
mod later;
mod monitor;
mod more;
mod notice;
mod object;
mod profile;
mod query;
mod route;
mod time;
mod tree;
mod user;
mod watch;

pub use self::{
    accounts::{AccountPage, AccountsPage, NewAccountPage, use_is_administrator},
    connection::{Age, Connection, Waiting},
    copy::{CommandLine, CopyButton},
    document::Document,
    empty::{Deleted, EmptyList, EmptyServer, Missing},
    entrance::{Entrance, Gate, Login, SetUp},
    field::{Action, Field, FieldView, Form, FormView, Panel, PasswordRules},
    flash::{Lamp, Tracked},
    icon::{Icon, Logo},
    items::{Item, Items, use_items},
    keys::{KeyColumn, use_keys},
    later::{Later, Page},
    monitor::MonitorPage,
    more::More,
    notice::{Notice, Skeleton},
    object::{Known, use_object},
    profile::{ProfilePage, Sessions},
    route::{Link, Route, use_route},
    time::{ServerClock, Times, When, now},
    tree::Tree,
    user::User,
    watch::WatchPage,
};
