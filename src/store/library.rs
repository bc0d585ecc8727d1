//! The library: what is read.

use std::sync::Arc;

use async_trait::async_trait;
use entity::{blotters, letters as table, order_tallies, order_types, orders, statuses};
use sea_orm::sea_query::{Expr, IntoColumnRef, Order as Direction};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbErr, EntityTrait, ExprTrait, JoinType,
    QueryFilter, QueryOrder, QuerySelect, RelationTrait, Select,
};
use uuid::Uuid;

use super::{Store, audit, batches, find, letters, rows, sql};
use crate::domain::audit::{AuditLine, AuditQuery};
use crate::domain::batch::{BatchQuery, BatchRecord};
use crate::domain::letter::{Letter, LetterQuery};
use crate::domain::listing::{Filter, Listing, Sort, SortField};
use crate::domain::order::{Order, OrderRecord};
use crate::domain::reference::{ReferenceKind, ReferenceRow, References};
use crate::ports::Failure;
use crate::ports::catalogue::Catalogue;
use crate::ports::library::{Library, Page};

/// A filter in ids. None is no filter; an empty list finds nothing.
struct Wanted {
    blotters: Option<Vec<i32>>,
    statuses: Option<Vec<i32>>,
    order_types: Option<Vec<i32>>,
    timestamps: Option<Vec<i64>>,
}

#[async_trait]
impl Library for Store {
    async fn order(&self, id: i64) -> Result<Option<Order>, Failure> {
        let row = self.read("orders.read", move |orm| async move {
            orders::Entity::find_by_id(id).one(&orm).await
        });
        Ok(row.await?.map(rows::order))
    }

    async fn orders_by_id(&self, ids: &[i64]) -> Result<Vec<Order>, Failure> {
        let found = self.read("orders.by_id", |orm| {
            let ids = sql::json(&ids);
            async move { rows::ORDERS.all::<orders::Model>(&orm, [ids]).await }
        });
        let mut found: Vec<Order> = found.await?.into_iter().map(rows::order).collect();
        found.sort_unstable_by_key(|order| order.id);
        Ok(found)
    }

    async fn orders(&self, listing: &Listing) -> Result<Page, Failure> {
        let wanted = Arc::new(self.wanted(&listing.filter).await?);
        self.read("orders.list", |orm| page(orm, listing.clone(), Arc::clone(&wanted))).await
    }

    async fn batch(&self, id: Uuid) -> Result<Option<BatchRecord>, Failure> {
        self.read("batches.read", |orm| batches::read(orm, id)).await
    }

    async fn find_batches(&self, query: &BatchQuery) -> Result<Vec<Uuid>, Failure> {
        self.read("batches.find", |orm| find::batches(orm, query.clone())).await
    }

    async fn order_record(&self, id: i64) -> Result<Option<OrderRecord>, Failure> {
        self.read("orders.record_of", move |orm| find::order(orm, id)).await
    }

    async fn letters(&self, query: &LetterQuery) -> Result<Vec<Letter>, Failure> {
        self.read("letters.list", |orm| letters::list::list(orm, query.clone())).await
    }

    async fn letter(&self, id: Uuid) -> Result<Option<Letter>, Failure> {
        let row = self.read("letters.read", move |orm| async move {
            let row = table::Entity::find_by_id(id).one(&orm).await?;
            row.map(letters::letter).transpose()
        });
        row.await
    }

    async fn references(&self, kind: ReferenceKind) -> Result<Vec<ReferenceRow>, Failure> {
        let list = move |orm| async move { rows::references(&orm, kind).await };
        self.read("references.list", list).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditLine>, Failure> {
        self.read("audit.list", |orm| audit::read(orm, query.clone())).await
    }
}

impl Store {
    /// The filter's names as ids. A name that the snapshot lacks may be new: it is read again
    /// before it finds nothing.
    async fn wanted(&self, filter: &Filter) -> Result<Wanted, Failure> {
        let snapshot = self.snapshot();
        if Wanted::names_are_known(filter, &snapshot) {
            return Ok(Wanted::of(filter, &snapshot));
        }
        Ok(Wanted::of(filter, &*self.refresh().await?))
    }
}

impl Wanted {
    fn of(filter: &Filter, references: &References) -> Self {
        let ids =
            |kind, names: &[String]| (!names.is_empty()).then(|| references.ids_of(kind, names));
        let timestamps = filter.timestamps.iter().map(|moment| moment.micros()).collect();
        Self {
            blotters: ids(ReferenceKind::Blotter, &filter.blotters),
            statuses: ids(ReferenceKind::Status, &filter.statuses),
            order_types: ids(ReferenceKind::OrderType, &filter.order_types),
            timestamps: (!filter.timestamps.is_empty()).then_some(timestamps),
        }
    }

    /// Name by name: rows may share one, so counting what was found proves nothing.
    fn names_are_known(filter: &Filter, references: &References) -> bool {
        let known = |kind, names: &[String]| {
            let rows = references.of(kind);
            names.iter().all(|name| rows.values().any(|row| row.key() == name))
        };
        known(ReferenceKind::Blotter, &filter.blotters)
            && known(ReferenceKind::Status, &filter.statuses)
            && known(ReferenceKind::OrderType, &filter.order_types)
    }

    /// The same condition on the orders and on their tallies.
    fn condition<Column: ColumnTrait>(&self, columns: [Column; 3]) -> Condition {
        let filters = [&self.blotters, &self.statuses, &self.order_types];
        let mut condition = Condition::all();
        for (column, ids) in columns.into_iter().zip(filters) {
            condition =
                condition.add_option(ids.as_ref().map(|ids| column.is_in(ids.iter().copied())));
        }
        condition
    }

    fn orders(&self) -> Condition {
        use orders::Column::{BlotterId, OrderTimestamp, OrderTypeId, StatusId};
        let timestamps = self.timestamps.as_ref();
        self.condition([BlotterId, StatusId, OrderTypeId])
            .add_option(timestamps.map(|times| OrderTimestamp.is_in(times.iter().copied())))
    }
}

async fn page(
    orm: DatabaseConnection,
    listing: Listing,
    wanted: Arc<Wanted>,
) -> Result<Page, DbErr> {
    let total = total(&orm, &wanted).await?;
    // Nothing is there to be found: the database need not look for it.
    if listing.offset >= total {
        return Ok(Page { orders: Vec::new(), total });
    }
    let mut select = orders::Entity::find().filter(wanted.orders());
    for sort in &listing.sort {
        select = sorted(select, *sort);
    }
    let rows = select.limit(u64::from(listing.limit)).offset(listing.offset).all(&orm).await?;
    Ok(Page { orders: rows.into_iter().map(rows::order).collect(), total })
}

/// How many orders the filter finds: added up from the tallies, which are kept by every write;
/// counted only where a time is asked for, which the index makes cheap.
async fn total(orm: &DatabaseConnection, wanted: &Wanted) -> Result<u64, DbErr> {
    let count: Option<i64> = if wanted.timestamps.is_some() {
        let count = Expr::col(orders::Column::Id).count().cast_as("bigint");
        let select = orders::Entity::find().select_only().column_as(count, "total");
        select.filter(wanted.orders()).into_tuple().one(orm).await?
    } else {
        use order_tallies::Column::{BlotterId, OrderTypeId, Orders, StatusId};
        let sum = Expr::col(Orders).sum().cast_as("bigint");
        let sum = Expr::expr(sum).if_null(0_i64);
        let select = order_tallies::Entity::find().select_only().column_as(sum, "total");
        let condition = wanted.condition([BlotterId, StatusId, OrderTypeId]);
        select.filter(condition).into_tuple().one(orm).await?
    };
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
}

fn sorted(select: Select<orders::Entity>, sort: Sort) -> Select<orders::Entity> {
    use orders::{Column, Relation};
    let direction = if sort.descending { Direction::Desc } else { Direction::Asc };
    let joined = |select: Select<orders::Entity>,
                  relation: Relation,
                  column: sea_orm::sea_query::ColumnRef| {
        let select = select.join(JoinType::LeftJoin, relation.def());
        select.order_by(Expr::col(column), direction.clone())
    };
    match sort.field {
        SortField::Id => select.order_by(Column::Id, direction),
        SortField::Security => select.order_by(Column::SecurityId, direction),
        SortField::Portfolio => select.order_by(Column::PortfolioId, direction),
        SortField::Quantity => select.order_by(Column::Quantity, direction),
        SortField::OrderTimestamp => select.order_by(Column::OrderTimestamp, direction),
        SortField::Blotter => {
            let name = (blotters::Entity, blotters::Column::Name).into_column_ref();
            joined(select, Relation::Blotter, name)
        }
        SortField::Status => {
            let name = (statuses::Entity, statuses::Column::Abbreviation).into_column_ref();
            joined(select, Relation::Status, name)
        }
        SortField::OrderType => {
            let name = (order_types::Entity, order_types::Column::Abbreviation).into_column_ref();
            joined(select, Relation::OrderType, name)
        }
    }
}
