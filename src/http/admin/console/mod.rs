//! The console: one page for people, kept in the binary. Its files hold nothing of the house, so
//! anybody may read them; what the page shows it asks for with the token of whoever looks.

use std::future::ready;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETag, EntityTag, Header, IfNoneMatch,
    LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use sha2::{Digest, Sha256};

const HOME: &str = "/console";
/// As people type it; the page's own links would not hold there.
const HOME_AS_FOLDER: &str = "/console/";

/// Nothing of another host, nothing inline, and no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const DRAWING: &str = "image/svg+xml";

const FILES: [File; 15] = [
    File::new(HOME, HTML, include_str!("index.html")),
    File::new("/console/style.css", STYLE, include_str!("style.css")),
    File::new("/console/icon.svg", DRAWING, include_str!("icon.svg")),
    File::new("/console/console.js", SCRIPT, include_str!("console.js")),
    File::new("/console/breakers.js", SCRIPT, include_str!("breakers.js")),
    File::new("/console/describe.js", SCRIPT, include_str!("describe.js")),
    File::new("/console/dialog.js", SCRIPT, include_str!("dialog.js")),
    File::new("/console/dom.js", SCRIPT, include_str!("dom.js")),
    File::new("/console/letters.js", SCRIPT, include_str!("letters.js")),
    File::new("/console/link.js", SCRIPT, include_str!("link.js")),
    File::new("/console/lookup.js", SCRIPT, include_str!("lookup.js")),
    File::new("/console/overview.js", SCRIPT, include_str!("overview.js")),
    File::new("/console/pauses.js", SCRIPT, include_str!("pauses.js")),
    File::new("/console/plot.js", SCRIPT, include_str!("plot.js")),
    File::new("/console/records.js", SCRIPT, include_str!("records.js")),
];

struct File {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

impl File {
    const fn new(path: &'static str, kind: &'static str, text: &'static str) -> Self {
        Self { path, kind, text }
    }

    /// Changes with the text, and with nothing else.
    fn tag(&self) -> EntityTag {
        let digest = Sha256::digest(self.text);
        let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
        EntityTag::new_strong(digits.collect())
    }

    fn answer(&self, request: &HttpRequest, tag: &EntityTag) -> HttpResponse {
        let is_known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
            Err(_) => false,
        };
        if is_known {
            return guarded(HttpResponse::NotModified()).insert_header(ETag(tag.clone())).finish();
        }
        guarded(HttpResponse::Ok())
            .insert_header((CONTENT_TYPE, self.kind))
            .insert_header(ETag(tag.clone()))
            .body(self.text)
    }
}

/// Is this one of the console's own paths?
pub(in crate::http) fn holds(path: &str) -> bool {
    path == HOME_AS_FOLDER || FILES.iter().any(|file| file.path == path)
}

/// Its paths, for the table of what takes GET.
pub(in crate::http) fn paths() -> Vec<&'static str> {
    FILES.iter().map(|file| file.path).chain([HOME_AS_FOLDER]).collect()
}

pub(in crate::http) fn serve(config: &mut web::ServiceConfig) {
    for file in &FILES {
        let tag = file.tag();
        let answer = move |request: HttpRequest| ready(file.answer(&request, &tag));
        config.route(file.path, web::get().to(answer));
    }
    let to_home = || {
        let redirect = guarded(HttpResponse::PermanentRedirect())
            .insert_header((LOCATION, "../console"))
            .finish();
        ready(redirect)
    };
    config.route(HOME_AS_FOLDER, web::get().to(to_home));
}

fn guarded(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"));
    response
}
