//! What the page is made of.

#![allow(unreachable_pub, reason = "`#[component]` writes a second function beside each")]
#![allow(clippy::needless_pass_by_value, reason = "a component owns its properties")]

mod accounts;
mod conflict;
mod connection;
mod copy;
mod dialogs;
mod document;
mod drafts;
mod edit;
mod editor;
mod empty;
mod entrance;
mod export;
mod field;
mod flash;
mod fold;
mod icon;
mod import;
mod items;
mod keys;
mod later;
mod list_actions;
mod menu;
mod more;
mod notice;
mod object;
mod object_page;
mod profile;
mod query;
mod route;
mod schema;
mod time;
mod toast;
mod tree;
mod user;

pub use self::{
    accounts::{AccountPage, AccountsPage, NewAccountPage, use_is_administrator},
    connection::{Age, Connection, Waiting},
    copy::{CommandLine, CopyButton},
    document::Document,
    editor::{Editor, EditorView},
    empty::{Deleted, EmptyList, EmptyServer, Missing},
    entrance::{Entrance, Gate, Login, SetUp},
    field::{Action, Field, FieldView, Form, FormView, Panel, PasswordRules},
    flash::{Lamp, Tracked},
    icon::{Icon, Logo},
    items::{Item, Items, use_items},
    keys::{KeyColumn, use_keys},
    later::{Later, Page},
    list_actions::ListActions,
    more::More,
    notice::{Notice, Skeleton},
    object::{Known, use_object},
    profile::{ProfilePage, Sessions},
    route::{Link, Route, use_route},
    time::{ServerClock, Times, When, now},
    toast::{Toasts, ToastsView, use_toasts},
    tree::Tree,
    user::User,
};
