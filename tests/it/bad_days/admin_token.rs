//! The admin listener's token.

use crate::support::{Kind, Weir};

const TOKEN: &str = "correct-horse-battery-staple";

#[actix_web::test]
async fn loopback_listener_without_a_token_is_open() {
    let weir = Weir::on(Kind::Sqlite).start().await;

    weir.admin_get("/metrics").await.expect(200);
}

#[actix_web::test]
async fn listener_with_a_token_tells_nothing_without_it() {
    let weir = Weir::on(Kind::Sqlite).set("admin.token", TOKEN).start().await;
    let wrong = [
        None,
        Some(String::new()),
        Some("Bearer ".to_owned()),
        Some("Bearer wrong-horse-battery-staple".to_owned()),
        Some(format!("Bearer {TOKEN}x")),
        Some(format!("Bearer {}", &TOKEN[1..])),
        Some(format!("Basic {TOKEN}")),
        Some(TOKEN.to_owned()),
    ];

    for path in ["/metrics", "/actuator/prometheus", "/nowhere"] {
        for value in &wrong {
            let request = weir.admin_request("GET", path);
            let request = match value {
                Some(value) => request.header("authorization", value),
                None => request,
            };
            let answer = request.send().await.expect(401);
            assert_eq!(answer.body["code"], "AUTHENTICATION_ERROR", "{}", answer.text);
            let challenge = answer.header("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Bearer"), "{challenge}");
            assert!(!answer.text.contains(TOKEN));
        }
    }

    for scheme in ["Bearer", "bearer"] {
        let request = weir.admin_request("GET", "/metrics");
        request.header("authorization", format!("{scheme} {TOKEN}")).send().await.expect(200);
    }
    weir.get("/api/v1/health/connection-pool").await.expect(200);
    assert!(!weir.logs().iter().any(|line| line.contains(TOKEN)));
}

#[actix_web::test]
async fn token_from_a_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();

    let weir = Weir::on(Kind::Sqlite).set("admin.token_file", file.display()).start().await;

    weir.admin_get("/metrics").await.expect(401);
    let request = weir.admin_request("GET", "/metrics");
    request.header("authorization", format!("Bearer {TOKEN}")).send().await.expect(200);
}

#[actix_web::test]
async fn listener_beyond_loopback_is_refused_without_a_token() {
    let plan = Weir::on(Kind::Sqlite).set("admin.bind", "0.0.0.0:0");

    let (status, lines) = plan.start_and_end().await;

    assert_eq!(status.code(), Some(2), "{lines:#?}");
    let fault = lines.iter().find(|line| line.starts_with("admin.bind")).expect("the key is named");
    assert!(fault.contains("admin.token"), "{fault}");
}
