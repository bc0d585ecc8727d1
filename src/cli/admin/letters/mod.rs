//! `weir letters`: what waits or was given up, and what an operator decides about it.

mod text;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::motive::Motive;
use super::{Admin, Answer, Reading, well};

const PATH: &str = "/admin/letters";

#[derive(Subcommand)]
pub(crate) enum Letters {
    /// List letters, the oldest first.
    List(List),
    /// Show a letter, its orders and what operators did about it.
    Show {
        id: Uuid,
        #[command(flatten)]
        admin: Admin,
    },
    /// Let one letter go on, or with a filter many; dead ones begin anew.
    ///
    /// Without an id it only says how many it would be, until --yes is given.
    Requeue(Requeue),
    /// Discard one dead letter, or with a filter many; their orders are free again.
    ///
    /// Without an id it only says how many it would be, until --yes is given.
    Discard(Discard),
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
    /// Letters at most, 1 to 200; 50 without it.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Go on behind the page that named this.
    #[arg(long, value_name = "ID")]
    cursor: Option<Uuid>,
    #[command(flatten)]
    admin: Admin,
}

/// Which letters; all of it must fit.
#[derive(Args)]
#[command(next_help_heading = "Filter")]
struct Filter {
    /// Only in this state; of decisions about many, those in the state dead without it.
    #[arg(long, value_parser = ["waiting", "held", "reconcile", "dead"])]
    state: Option<String>,
    /// Only of this client.
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// Only with this in the last error, in any case.
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
    /// Only older than this, such as 5m.
    #[arg(long, value_name = "TIME")]
    older_than: Option<String>,
    /// Only of this batch.
    #[arg(long, value_name = "ID")]
    batch: Option<Uuid>,
}

#[derive(Args)]
pub(crate) struct Requeue {
    #[command(flatten)]
    which: Which,
    /// Let so many a second go, of many; 10 without it.
    #[arg(long, value_name = "N", conflicts_with = "id")]
    rate: Option<u32>,
    #[command(flatten)]
    motive: Motive,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Args)]
pub(crate) struct Discard {
    #[command(flatten)]
    which: Which,
    /// Discard also what may have been placed.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    motive: Motive,
    #[command(flatten)]
    admin: Admin,
}

/// The letter or letters that a decision is about.
#[derive(Args)]
struct Which {
    /// This letter; it is decided about at once.
    #[arg(conflicts_with_all =
        ["dry_run", "yes", "limit", "state", "client", "error", "older_than", "batch"])]
    id: Option<Uuid>,
    /// Only say how many it would be: what happens without --yes.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do it.
    #[arg(long)]
    yes: bool,
    /// Letters at most, the oldest first, 1 to 10000; 1000 without it.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    filter: Filter,
}

impl Letters {
    pub(super) fn admin(&mut self) -> &mut Admin {
        match self {
            Self::List(List { admin, .. })
            | Self::Show { admin, .. }
            | Self::Requeue(Requeue { admin, .. })
            | Self::Discard(Discard { admin, .. }) => admin,
        }
    }

    pub(crate) async fn run(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        match self {
            Self::List(List { filter, limit, cursor, admin }) => {
                let page = [
                    ("limit", limit.map(|limit| limit.to_string())),
                    ("cursor", cursor.map(|cursor| cursor.to_string())),
                ];
                let query: Vec<_> = filter.words().into_iter().chain(page).collect();
                admin.find(settings, PATH, &query, Reading { health: well, text: text::list }).await
            }
            Self::Show { id, admin } => {
                let path = format!("{PATH}/{id}");
                admin.ask(settings, &path, Reading { health: well, text: text::one }).await
            }
            Self::Requeue(Requeue { which, rate, motive, admin }) => {
                let rate = rate.map(|rate| ("ratePerSecond", rate.into()));
                which.decide(settings, admin, "requeue", motive, rate).await
            }
            Self::Discard(Discard { which, force, motive, admin }) => {
                let force = Some(("force", (*force).into()));
                which.decide(settings, admin, "discard", motive, force).await
            }
        }
    }
}

impl Filter {
    /// As the query of the list has them, and the filter of an order.
    fn words(&self) -> [(&'static str, Option<String>); 5] {
        [
            ("state", self.state.clone()),
            ("client", self.client.clone()),
            ("error", self.error.clone()),
            ("olderThan", self.older_than.clone()),
            ("batch", self.batch.map(|batch| batch.to_string())),
        ]
    }
}

impl Which {
    async fn decide(
        &self,
        settings: &AdminSettings,
        admin: &Admin,
        decision: &str,
        motive: &Motive,
        how: Option<(&str, Value)>,
    ) -> Result<Answer, AdminError> {
        let (path, mut body, reading) = match self.id {
            Some(id) => {
                let reading = Reading { health: well, text: text::decided };
                (format!("{PATH}/{id}/{decision}"), motive.sign([]), reading)
            }
            None => {
                let reading = Reading { health: text::health_of_many, text: text::many };
                (format!("{PATH}/{decision}"), motive.sign(self.many()), reading)
            }
        };
        if let (Some((name, value)), Some(members)) = (how, body.as_object_mut()) {
            members.insert(name.to_owned(), value);
        }
        admin.order(settings, &path, &body, reading).await
    }

    fn many(&self) -> [(&'static str, Value); 3] {
        let words = self.filter.words().into_iter();
        let filter: Map<_, _> =
            words.filter_map(|(name, word)| Some((name.to_owned(), word?.into()))).collect();
        [("filter", filter.into()), ("dryRun", json!(!self.yes)), ("limit", json!(self.limit))]
    }
}
