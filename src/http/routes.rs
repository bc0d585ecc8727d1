//! Every route, on one page. The document is made of the very routes that are served.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, HttpResponse, web};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::fallback::{Templates, unmatched};
use super::frame::{admin_frame, frame};
use super::reference::routes::{blotters, order_types, read_order_type_plural, statuses};
use super::{Doors, admin, batches, document, health, orders, pool_health};

const DOCUMENT: &str = "/openapi.json";
const DOCS: &str = "/docs";
const DOCS_FILES: &str = "/docs/{_:.*}";

/// The routes of the public listener; the busiest stands first, since they are tried in turn.
fn public_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(batches::submit_new::submit_new)
        .service(orders::create::create)
        .service(batches::submit_standing::submit_standing)
        .service(batches::submit_one::submit_one)
        .service(batches::read::read)
        .service(orders::list::list)
        .service(orders::read::read)
        .service(orders::amend::amend)
        .service(orders::remove::remove)
        .service(blotters::list)
        .service(blotters::read)
        .service(blotters::create)
        .service(blotters::amend)
        .service(blotters::remove)
        .service(statuses::list)
        .service(statuses::read)
        .service(statuses::create)
        .service(statuses::amend)
        .service(statuses::remove)
        .service(order_types::list)
        .service(order_types::read)
        .service(order_types::create)
        .service(order_types::amend)
        .service(order_types::remove)
        .service(read_order_type_plural)
        .service(health::short)
        .service(health::full)
        .service(health::liveness)
        .service(health::readiness)
        .service(health::startup)
        .service(pool_health::system)
        .service(pool_health::pool_percent)
        .service(pool_health::pool_ratio);
}

fn admin_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(admin::metrics)
        .service(admin::prometheus)
        .service(admin::status::read)
        .service(admin::events::watch)
        .service(admin::pool::read)
        .service(admin::settings::list)
        .service(admin::build::read)
        .service(admin::build::info)
        .service(admin::log_level::read)
        .service(admin::log_level::set)
        .service(admin::actors::list)
        .service(admin::actors::read)
        .service(admin::breakers::list)
        .service(admin::breakers::read)
        .service(admin::breakers::operate_one)
        .service(admin::audit::list)
        .service(admin::letters::read::list)
        .service(admin::letters::read::read)
        .service(admin::letters::bulk::requeue)
        .service(admin::letters::bulk::discard)
        .service(admin::letters::decide::requeue)
        .service(admin::letters::decide::discard)
        .service(admin::batches::list)
        .service(admin::batches::read)
        .service(admin::orders::read)
        .service(admin::pauses::list)
        .service(admin::pauses::pause)
        .service(admin::pauses::resume)
        .service(admin::actuator::breakers::list)
        .service(admin::actuator::breakers::operate_one)
        .service(admin::actuator::breakers::events)
        .service(admin::actuator::breakers::events_of_one)
        .service(admin::actuator::metrics::list)
        .service(admin::actuator::metrics::read);
}

/// The public application.
pub(super) fn public(doors: web::Data<Doors>) -> App<impl AppEntry> {
    let (app, mut document) =
        App::new().into_utoipa_app().configure(public_routes).split_for_parts();
    document::complete(&mut document, "Weir");
    let templates = Templates::new(&document.paths, &[DOCUMENT, DOCS, DOCS_FILES]);
    // Without this the page asks a validator on the internet about the document.
    let docs = Config::from(DOCUMENT).validator_url("none");
    app.configure(serve_document(&document))
        .service(SwaggerUi::new(DOCS_FILES).config(docs))
        .default_service(web::to(unmatched))
        .app_data(doors.clone())
        .app_data(templates)
        .wrap(from_fn(move |request, next| frame(doors.clone(), request, next)))
}

/// The admin routes, and what they say of themselves.
pub(super) fn documented_admin() -> (App<impl AppEntry>, OpenApi) {
    App::new().into_utoipa_app().configure(admin_routes).split_for_parts()
}

/// The admin application.
pub(super) fn admin(doors: web::Data<Doors>) -> App<impl AppEntry> {
    let (app, document) = documented_admin();
    app.configure(admin::console::serve)
        .default_service(web::to(unmatched))
        .app_data(doors.clone())
        .app_data(Templates::new(&document.paths, &admin::console::paths()))
        .wrap(from_fn(move |request, next| admin_frame(doors.clone(), request, next)))
}

/// What actix needs an application to be.
pub(super) trait AppEntry:
    ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >
{
}

impl<T> AppEntry for T where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<BoxBody>,
            Error = Error,
            InitError = (),
        >
{
}

/// The document as it will not change any more, and the way to its page.
fn serve_document(document: &OpenApi) -> impl FnOnce(&mut web::ServiceConfig) {
    // The document holds nothing that has no JSON form.
    let text = web::Bytes::from(document.to_json().unwrap_or_default());
    let serve = move || {
        let response =
            HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(text.clone());
        std::future::ready(response)
    };
    let redirect = || {
        let location = format!("{DOCS}/");
        let response = HttpResponse::PermanentRedirect()
            .insert_header((LOCATION, location.clone()))
            .body(location);
        std::future::ready(response)
    };
    move |config| {
        config.route(DOCUMENT, web::get().to(serve)).route(DOCS, web::get().to(redirect));
    }
}
