//! Requests over 64 connections that are kept.

use std::io;

use super::Bench;
use crate::{
    http::{self, Post},
    publisher::Publisher,
    report::Row,
    requests,
};

/// How many connections ask at once.
const CONNECTIONS: usize = 64;

/// How long the data of an object is.
const DATA: usize = 100;

/// How many objects the list has that is read.
const LISTED: usize = 100;

/// Each connection writes an object of its own.
pub(super) fn set(bench: &Bench) -> io::Result<Vec<Row>> {
    measure(bench, "rest-set", |number| post(&format!("/set/{number}")))
}

/// Each connection reads an object of its own.
pub(super) fn get(bench: &Bench) -> io::Result<Vec<Row>> {
    let mut publisher = Publisher::connect(bench.address, 1)?;
    publisher.pipeline((0..CONNECTIONS).map(|number| post(&format!("/get/{number}"))))?;
    measure(bench, "rest-get", |number| http::request("GET", &format!("/get/{number}")))
}

/// All read the same list.
pub(super) fn list(bench: &Bench) -> io::Result<Vec<Row>> {
    let mut publisher = Publisher::connect(bench.address, 1)?;
    publisher.pipeline((0..LISTED).map(|number| post(&format!("/list/{number}"))))?;
    measure(bench, "rest-list", |_| http::request("GET", "/list/*"))
}

/// All push into the same list.
pub(super) fn push(bench: &Bench) -> io::Result<Vec<Row>> {
    measure(bench, "rest-push", |_| post("/push/*"))
}

fn post(target: &str) -> Vec<u8> {
    Post::new(target, DATA).numbered(1).to_vec()
}

fn measure(bench: &Bench, name: &str, request: impl Fn(usize) -> Vec<u8>) -> io::Result<Vec<Row>> {
    let requests: Vec<_> = (0..CONNECTIONS).map(request).collect();
    Ok(vec![requests::measure(name, bench.address, &bench.server, &requests, bench.time)?])
}
