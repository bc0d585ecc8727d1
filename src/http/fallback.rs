//! What no route takes: 404, or 405 with the methods that the path does take. The table is
//! made of the document, which is made of the routes.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::{Path, ResourceDef};
use actix_web::{HttpRequest, HttpResponse};
use utoipa::openapi::Paths;
use utoipa::openapi::path::PathItem;

use super::problem::{Code, Problem};

/// The templates of all paths, each with its methods as `Allow` lists them.
#[derive(Clone, Default)]
pub(super) struct Templates(Rc<Vec<(ResourceDef, String)>>);

impl Templates {
    /// Those of the document, and `further` ones that take GET and are not in it.
    pub(super) fn new(paths: &Paths, further: &[&str]) -> Self {
        let known = paths.paths.iter().map(|(path, item)| (path.as_str(), methods(item)));
        let further = further.iter().map(|path| (*path, "GET, HEAD".to_owned()));
        let define = |(path, methods): (&str, String)| (ResourceDef::new(path), methods);
        Self(Rc::new(known.chain(further).map(define).collect()))
    }

    pub(super) fn of(&self, path: &str) -> Option<&str> {
        self.find(path).and_then(|(template, _)| template.pattern())
    }

    fn find(&self, path: &str) -> Option<&(ResourceDef, String)> {
        self.0.iter().find(|(template, _)| template.capture_match_info(&mut Path::new(path)))
    }
}

fn methods(item: &PathItem) -> String {
    let table = [
        (item.get.is_some(), "GET, HEAD"),
        (item.post.is_some(), "POST"),
        (item.put.is_some(), "PUT"),
        (item.delete.is_some(), "DELETE"),
    ];
    let taken = table.iter().filter(|(is_taken, _)| *is_taken).map(|(_, name)| *name);
    taken.collect::<Vec<_>>().join(", ")
}

pub(super) fn unmatched(request: HttpRequest) -> Ready<Result<HttpResponse, Problem>> {
    let templates = request.app_data::<Templates>().cloned().unwrap_or_default();
    let path = request.path();
    ready(Err(match templates.find(path) {
        Some((_, methods)) => {
            let message = format!("{path} takes {methods}, not {}", request.method());
            Problem::new(Code::MethodNotAllowed, message).allow(methods.clone())
        }
        None => Problem::new(Code::NotFound, format!("There is no route {path}")),
    }))
}
