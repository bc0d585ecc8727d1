//! What is asked over HTTP. Callers choose methods and paths, so both are bounded here.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use prometheus::{Error, HistogramVec, IntCounterVec, IntGauge};

use super::registrar::Registrar;
use super::{Metrics, seconds, with};
use crate::ports::meter::HttpMeter;

const METHODS: [&str; 9] =
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"];
/// The label of all other methods.
const METHOD_OTHER: &str = "OTHER";
/// The label of a path that is no template of ours.
const ROUTE_UNKNOWN: &str = "/unknown";
/// Several times the routes of the house. Somebody who reports raw paths instead of templates
/// fills these, and then makes no more series.
pub(super) const ROUTES_MAX: usize = 128;

pub(super) struct HttpSeries {
    requests: IntCounterVec,
    durations: HistogramVec,
    in_flight: IntGauge,
    problems: IntCounterVec,
    routes: RwLock<HashSet<String>>,
}

impl HttpSeries {
    pub(super) fn new(registrar: &mut Registrar) -> Result<Self, Error> {
        Ok(Self {
            requests: registrar.counters("http_requests_total")?,
            durations: registrar.histograms("http_request_duration_seconds")?,
            in_flight: registrar.gauge("http_requests_in_flight")?,
            problems: registrar.counters("http_errors_total")?,
            routes: RwLock::default(),
        })
    }

    pub(super) fn foresee_problem(&self, code: &str, status: u16) {
        with(&self.problems, &[code, &status.to_string()], drop);
    }

    fn route<'a>(&self, route: &'a str) -> &'a str {
        // The library hashes labels without a mark between them: the stroke is what ends the method.
        if !route.starts_with('/') {
            return ROUTE_UNKNOWN;
        }
        let known = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        if known.contains(route) {
            return route;
        }
        if known.len() >= ROUTES_MAX {
            return ROUTE_UNKNOWN;
        }
        drop(known);
        self.routes.write().unwrap_or_else(PoisonError::into_inner).insert(route.to_owned());
        route
    }
}

fn method(method: &str) -> &'static str {
    METHODS.into_iter().find(|known| *known == method).unwrap_or(METHOD_OTHER)
}

impl HttpMeter for Metrics {
    fn in_flight(&self, change: i64) {
        self.http.in_flight.add(change);
    }

    fn answered(&self, asked: &str, route: &str, status: u16, time: Duration) {
        let (method, route) = (method(asked), self.http.route(route));
        with(&self.http.requests, &[method, route, &status.to_string()], |counter| counter.inc());
        with(&self.http.durations, &[method, route], |histogram| histogram.observe(seconds(time)));
    }

    fn problem(&self, code: &'static str, status: u16) {
        with(&self.http.problems, &[code, &status.to_string()], |counter| counter.inc());
    }
}
