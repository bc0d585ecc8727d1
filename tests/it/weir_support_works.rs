//! The process the other tests stand on: started, asked, broken and started again.

use crate::support::{Kind, Weir, on_both};

on_both! {
    killed_weir_comes_back_on_the_same_database,
    terminated_weir_ends_well,
}

async fn killed_weir_comes_back_on_the_same_database(kind: Kind) {
    let mut weir = Weir::on(kind).set("pool.max", 40).start().await;
    let (url, port) = (weir.database.url.clone(), weir.public.clone());

    weir.kill_9();
    let while_dead = weir.request("GET", "/actuator/health/readiness").try_send().await;
    weir.restart().await;

    assert!(while_dead.is_err());
    assert_ne!(weir.public, port);
    assert_eq!(weir.database.url, url);
    weir.get("/actuator/health/readiness").await.expect(200);
}

async fn terminated_weir_ends_well(kind: Kind) {
    let mut weir = Weir::on(kind).start().await;

    let status = weir.terminate().await;

    assert!(status.success(), "{status}");
}
