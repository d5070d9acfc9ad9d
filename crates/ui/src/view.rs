//! What the page is made of.

#![allow(unreachable_pub, reason = "`#[component]` writes a second function beside each")]
#![allow(clippy::needless_pass_by_value, reason = "a component owns its properties")]

mod accounts;
mod admission;
mod ask;
mod asked;
mod backups;
mod badges;
mod commands;
mod conflict;
mod connection;
mod copy;
mod dialogs;
mod document;
mod download;
mod drafts;
mod edit;
mod editor;
mod empty;
mod endpoints;
mod entrance;
mod explorer;
mod export;
mod field;
mod filters;
mod flash;
mod fold;
mod icon;
mod import;
mod keys;
mod later;
mod list_actions;
mod login;
mod menu;
mod monitor;
mod more;
mod nav;
mod notice;
mod object;
mod object_page;
mod orphans;
mod palette;
mod profile;
mod query;
mod route;
mod schema;
mod table;
mod theme;
mod time;
mod toast;
mod tree;
mod user;
mod watch;
mod words;

pub use self::{
    accounts::{AccountPage, AccountsPage, NewAccountPage, use_is_administrator},
    admission::Admission,
    ask::{Asking, Editing, Loading, NewKey, Parts},
    backups::BackupsPage,
    badges::AskBadges,
    commands::{Commands, Offer, Overlay, PAGES, is_for_administrators, use_commands},
    connection::{Age, Connection, Waiting},
    copy::{CommandLine, CopyButton},
    dialogs::DialogPart,
    document::Document,
    edit::EditorPart,
    editor::{Editor, EditorView},
    empty::{Deleted, EmptyList, EmptyServer, Missing},
    endpoints::EndpointsPage,
    entrance::{Gate, Newcomer},
    explorer::Explorer,
    field::{Action, Field, FieldView, Form, FormView, Panel, PasswordRules},
    filters::FiltersPage,
    flash::{Lamp, Tracked},
    icon::{Icon, Logo},
    keys::{KeyColumn, use_keys},
    later::{Later, Page},
    list_actions::ListActions,
    login::Login,
    monitor::MonitorPage,
    more::More,
    nav::{Nav, use_looks_after},
    notice::{Notice, Skeleton},
    object::{Known, use_object},
    orphans::OrphansPage,
    palette::OverlayView,
    profile::{ProfilePage, Sessions},
    route::{Link, Route, use_route},
    table::TablePage,
    theme::{Theme, ThemeButton, Themes, use_theme},
    time::{ServerClock, Times, When, now},
    toast::{Toasts, ToastsView, use_toasts},
    tree::Tree,
    user::User,
    watch::WatchPage,
};
