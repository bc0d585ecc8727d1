//! Which build runs, in our own shape and in the one of Spring's actuator.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::json_answer;
use super::super::problem::Problem;
use super::AdminProblems;

const NAME: &str = "weir";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Whoever builds says it in `WEIR_COMMIT`; a build from an archive has none.
const COMMIT: Option<&str> = option_env!("WEIR_COMMIT");
const COMPILER: &str = env!("WEIR_RUSTC");
const PROFILE: &str = env!("WEIR_PROFILE");

/// The build.
#[derive(Debug, Serialize, ToSchema)]
struct Build {
    name: &'static str,
    version: &'static str,
    /// Of the source; null if the builder did not say.
    commit: Option<&'static str>,
    rustc: &'static str,
    /// debug or release.
    profile: &'static str,
}

/// The build, as Spring's actuator tells it.
#[derive(Debug, Serialize, ToSchema)]
struct Info {
    app: App,
    build: InfoBuild,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    git: Option<Git>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InfoApp)]
struct App {
    name: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct InfoBuild {
    version: &'static str,
    rustc: &'static str,
    profile: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InfoGit)]
struct Git {
    commit: Commit,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InfoCommit)]
struct Commit {
    id: &'static str,
}

/// The build that runs
#[utoipa::path(
    tag = "admin",
    operation_id = "build",
    responses((status = 200, description = "The build", body = Build), AdminProblems),
)]
#[get("/admin/build")]
pub(in crate::http) async fn read() -> Result<HttpResponse, Problem> {
    let (name, version, commit) = (NAME, VERSION, COMMIT);
    let build = Build { name, version, commit, rustc: COMPILER, profile: PROFILE };
    json_answer(StatusCode::OK, &build, 256)
}

/// The build that runs, where the ancestor's operators look
#[utoipa::path(
    tag = "admin",
    operation_id = "actuatorInfo",
    responses((status = 200, description = "The build", body = Info), AdminProblems),
)]
#[get("/actuator/info")]
pub(in crate::http) async fn info() -> Result<HttpResponse, Problem> {
    let info = Info {
        app: App { name: NAME },
        build: InfoBuild { version: VERSION, rustc: COMPILER, profile: PROFILE },
        git: COMMIT.map(|id| Git { commit: Commit { id } }),
    };
    json_answer(StatusCode::OK, &info, 256)
}
