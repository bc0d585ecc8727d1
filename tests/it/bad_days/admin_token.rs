//! The admin listener's token.

use std::time::Duration;

use serde_json::json;

use crate::support::{Kind, Weir, wait_for};

const TOKEN: &str = "correct-horse-battery-staple";
const DEADLINE: Duration = Duration::from_secs(20);

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
async fn a_token_is_changed_without_a_restart_and_never_lost() {
    const NEXT: &str = "another-horse-another-staple";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write(TOKEN);
    let weir = Weir::on(Kind::Sqlite).set("admin.token_file", file.display()).start().await;
    let status = async |token: &str| {
        let request = weir.admin_request("GET", "/admin/build");
        request.header("authorization", format!("Bearer {token}")).send().await.status
    };
    let becomes = async |token: &str, wanted: u16| {
        wait_for("the file to be read again", DEADLINE, async || status(token).await == wanted)
            .await;
    };

    write(&format!("{TOKEN}\n{NEXT}\n"));
    becomes(NEXT, 200).await;
    assert_eq!(status(TOKEN).await, 200, "both are good meanwhile");
    write(NEXT);
    becomes(TOKEN, 401).await;
    assert_eq!(status(NEXT).await, 200);

    for broken in ["", "short"] {
        let before = weir.logged("admin tokens could not be read again").len();
        write(broken);
        wait_for("the file to be found broken", DEADLINE, async || {
            let told = weir.logged("admin tokens could not be read again").len();
            (told > before).then_some(()).ok_or(told)
        })
        .await;
        assert_eq!((status(NEXT).await, status("").await), (200, 401));
        write(&format!("{NEXT}\n{TOKEN}"));
        becomes(TOKEN, 200).await;
        write(NEXT);
        becomes(TOKEN, 401).await;
    }
    assert!(!weir.logs().iter().any(|line| line.contains(TOKEN) || line.contains(NEXT)));
}

#[actix_web::test]
async fn the_settings_are_told_without_the_token() {
    let weir = Weir::on(Kind::Sqlite).set("admin.token", TOKEN).start().await;

    let request = weir.admin_request("GET", "/admin/settings");
    let answer = request.header("authorization", format!("Bearer {TOKEN}")).send().await;

    let answer = answer.expect(200);
    let item = |key: &str| {
        let items = answer.body["items"].as_array().unwrap();
        items.iter().find(|item| item["key"] == key).unwrap().clone()
    };
    let token = item("admin.token");
    let expected = |key: &str, value: &str, origin: &str| json!({"key": key, "value": value, "origin": origin});
    let origin = "environment WEIR__ADMIN__TOKEN";
    assert_eq!(token, expected("admin.token", "\"[redacted]\"", origin));
    assert_eq!(item("pool.max"), expected("pool.max", "60", "default"));
    assert!(!answer.text.contains(TOKEN), "{}", answer.text);
}

#[actix_web::test]
async fn listener_beyond_loopback_is_refused_without_a_token() {
    let plan = Weir::on(Kind::Sqlite).set("admin.bind", "0.0.0.0:0");

    let (status, lines) = plan.start_and_end().await;

    assert_eq!(status.code(), Some(2), "{lines:#?}");
    let fault = lines.iter().find(|line| line.starts_with("admin.bind")).expect("the key is named");
    assert!(fault.contains("admin.token"), "{fault}");
}
