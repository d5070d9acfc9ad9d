//! Leptos pieces that follow a Monoxide server: what any application's page can be made of.

pub mod model;
