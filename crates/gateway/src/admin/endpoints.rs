//! `/?api=endpoints`: the application's own routes.

use std::collections::BTreeMap;

use schemars::Schema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    endpoint::{Endpoint, Method},
    example::example,
};

#[derive(Debug, Serialize)]
pub(super) struct Described<'a> {
    path: &'a str,
    methods: Vec<DescribedMethod<'a>>,
    description: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    vars: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DescribedMethod<'a> {
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    params: &'a BTreeMap<String, String>,
    // From here on the names are ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_schema: Option<&'a Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_schema: Option<&'a Schema>,
}

/// The endpoints, and the methods of each, in the order they were added.
pub(super) fn endpoints(endpoints: &[Endpoint]) -> Vec<Described<'_>> {
    let described = endpoints.iter().map(|endpoint| Described {
        path: &endpoint.path,
        methods: endpoint.methods.iter().map(method).collect(),
        description: &endpoint.about,
        vars: endpoint.described_vars(),
    });
    described.collect()
}

fn method(method: &Method) -> DescribedMethod<'_> {
    let shown = |schema: &Schema| example(schema.as_value());
    DescribedMethod {
        method: method.name,
        request: method.request.as_ref().map(shown),
        response: method.response.as_ref().map(shown),
        params: &method.params,
        request_schema: method.request.as_ref(),
        response_schema: method.response.as_ref(),
    }
}
