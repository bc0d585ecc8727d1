//! The settings that are in effect, each with where it came from. Secrets were taken out before
//! they came here.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::problem::Problem;
use super::super::{Doors, json_answer};
use super::AdminProblems;
use crate::settings::Shown;

#[derive(Debug, Serialize, ToSchema)]
struct Settings<'a> {
    items: Vec<Setting<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Setting<'a> {
    #[schema(example = "pool.max")]
    key: &'a str,
    /// As it would stand in a file; `"[redacted]"` in the place of a secret.
    #[schema(example = "60")]
    value: &'a str,
    /// `default`, `file NAME`, `environment NAME` or `flag`.
    #[schema(example = "environment WEIR__POOL__MAX")]
    origin: &'a str,
}

/// The settings in effect
#[utoipa::path(
    tag = "admin",
    operation_id = "settings",
    responses((status = 200, description = "Every key", body = Settings), AdminProblems),
)]
#[get("/admin/settings")]
pub(in crate::http) async fn list(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let items = doors.settings.iter().map(Setting::of).collect();
    json_answer(StatusCode::OK, &Settings { items }, 8 * 1024)
}

impl<'a> Setting<'a> {
    fn of(Shown { key, value, origin }: &'a Shown) -> Self {
        Self { key, value, origin }
    }
}
