//! Single series by name: what a shell asks for that has no Prometheus.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::super::document::problems;
use super::super::super::problem::{Code, Problem};
use super::super::super::{Doors, json_answer};
use super::super::{AdminProblems, Name};
use crate::ports::series::{Family, Series, Value};

problems! {
    /// What can go wrong with one metric.
    OneProblems: &[
        Code::AuthenticationError,
        Code::InvalidFieldValue,
        Code::NotFound,
        Code::InternalError,
    ];
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MetricNames)]
struct Names {
    names: Vec<String>,
}

/// One metric: all series of its name that have the tags, added up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Metric)]
struct MetricAnswer {
    #[schema(example = "order_outcomes_total")]
    name: String,
    description: String,
    /// As the name says: seconds, bytes or ratio; null for a count.
    base_unit: Option<&'static str>,
    measurements: Vec<Measurement>,
    /// What else can be asked for.
    available_tags: Vec<Tag>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Measurement {
    /// COUNT, TOTAL (of a histogram, with its COUNT) or VALUE.
    #[schema(example = "COUNT")]
    statistic: &'static str,
    value: f64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MetricTag)]
struct Tag {
    #[schema(example = "outcome")]
    tag: String,
    values: BTreeSet<String>,
}

/// The names of all metrics
#[utoipa::path(
    tag = "admin",
    operation_id = "metricNames",
    responses((status = 200, description = "All names", body = Names), AdminProblems),
)]
#[get("/actuator/metrics")]
pub(in crate::http) async fn list(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let names = doors.families.families().into_iter().map(|family| family.name).collect();
    json_answer(StatusCode::OK, &Names { names }, 4 * 1024)
}

/// One metric
#[utoipa::path(
    tag = "admin",
    operation_id = "readMetric",
    params(
        ("name" = String, Path),
        ("tag" = Option<Vec<String>>, Query, description = "NAME:VALUE, each narrows it down"),
    ),
    responses((status = 200, description = "Its sum", body = MetricAnswer), OneProblems),
)]
#[get("/actuator/metrics/{name}")]
pub(in crate::http) async fn read(
    doors: web::Data<Doors>,
    request: HttpRequest,
    Name(name): Name,
) -> Result<HttpResponse, Problem> {
    let wanted = wanted(&request)?;
    let families = doors.families.families();
    let family = families.into_iter().find(|family| family.name == name);
    let family = family.ok_or_else(|| missing(format!("There is no metric {name}"), "name"))?;
    let series: Vec<_> = family.series.iter().filter(|series| has(series, &wanted)).collect();
    if series.is_empty() {
        return Err(missing(format!("No series of {name} has these tags"), "tag"));
    }
    json_answer(StatusCode::OK, &MetricAnswer::of(&family, &series, &wanted), 512)
}

fn missing(message: String, field: &str) -> Problem {
    Problem::new(Code::NotFound, message).at(field)
}

/// The tags of the query.
fn wanted(request: &HttpRequest) -> Result<Vec<(String, String)>, Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let pairs = pairs.map(web::Query::into_inner).unwrap_or_default().into_iter();
    let tags = pairs.filter(|(key, _)| key == "tag").map(|(_, tag)| {
        let (name, value) = tag.split_once(':').ok_or_else(|| {
            let message = format!("A tag is NAME:VALUE, got: {tag}");
            Problem::new(Code::InvalidFieldValue, message).at("tag")
        })?;
        Ok((name.to_owned(), value.to_owned()))
    });
    tags.collect()
}

fn has(series: &Series, wanted: &[(String, String)]) -> bool {
    wanted.iter().all(|tag| series.labels.contains(tag))
}

impl MetricAnswer {
    fn of(family: &Family, series: &[&Series], wanted: &[(String, String)]) -> Self {
        let mut sums: BTreeMap<&'static str, f64> = BTreeMap::new();
        for (statistic, value) in series.iter().flat_map(|series| measured(series.value)) {
            *sums.entry(statistic).or_default() += value;
        }
        let mut tags: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let labels = series.iter().flat_map(|series| &series.labels);
        for (name, value) in labels.filter(|label| !wanted.contains(label)) {
            tags.entry(name).or_default().insert(value.clone());
        }
        let measurement = |(statistic, value)| Measurement { statistic, value };
        let tag = |(tag, values): (&str, _)| Tag { tag: tag.to_owned(), values };
        Self {
            name: family.name.clone(),
            description: family.help.clone(),
            base_unit: unit(&family.name),
            measurements: sums.into_iter().map(measurement).collect(),
            available_tags: tags.into_iter().map(tag).collect(),
        }
    }
}

fn measured(value: Value) -> Vec<(&'static str, f64)> {
    match value {
        Value::Count(count) => vec![("COUNT", count)],
        Value::Level(level) => vec![("VALUE", level)],
        Value::Distribution { count, total } => vec![("COUNT", count), ("TOTAL", total)],
    }
}

fn unit(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches("_total");
    ["seconds", "bytes", "ratio"].into_iter().find(|unit| name.ends_with(unit))
}
