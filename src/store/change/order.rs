//! An order's own changes: amended or removed by its owner.

use entity::orders;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::{Desk, Outcome};
use crate::domain::order::Order;
use crate::domain::order::amend::{self, Amendment, Refusal};
use crate::ports::journal::Changed;
use crate::store::rows;

impl Desk<'_> {
    pub(super) async fn amend_order(&mut self, amendment: &Amendment) -> Result<Outcome, DbErr> {
        let Some(row) = self.locked(amendment.id).await? else {
            return Ok(Err(Refusal::NotFound { id: amendment.id }.into()));
        };
        let before = rows::order(row);
        let terms = match amend::amend(&before, amendment, self.references) {
            Ok(terms) => terms,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let version = before.version.saturating_add(1);
        let price = terms.limit_price.map(|price| price.scaled());
        let update = orders::Entity::update_many()
            .col_expr(orders::Column::BlotterId, Expr::val(terms.blotter_id))
            .col_expr(orders::Column::StatusId, Expr::val(terms.status_id))
            .col_expr(orders::Column::OrderTypeId, Expr::val(terms.order_type_id))
            .col_expr(orders::Column::PortfolioId, Expr::val(terms.portfolio_id.as_str()))
            .col_expr(orders::Column::SecurityId, Expr::val(terms.security_id.as_str()))
            .col_expr(orders::Column::Quantity, Expr::val(terms.quantity.scaled()))
            .col_expr(orders::Column::LimitPrice, Expr::val(price))
            .col_expr(orders::Column::OrderTimestamp, Expr::val(terms.ordered_at.micros()))
            .col_expr(orders::Column::Version, Expr::val(version))
            .col_expr(orders::Column::UpdatedAt, Expr::val(self.now.micros()));
        // The conditions stand in the statement itself: no letter can slip in between.
        let update = update
            .filter(orders::Column::Id.eq(before.id))
            .filter(orders::Column::Version.eq(before.version))
            .filter(orders::Column::LetterId.is_null());
        if update.exec(self.transaction).await?.rows_affected == 0 {
            return Ok(Err(Refusal::InSubmission { id: before.id }.into()));
        }
        self.tallies.take(&before.terms);
        self.tallies.add(&terms);
        Ok(Ok(Changed::Order(Order { terms, version, ..before })))
    }

    pub(super) async fn remove_order(&mut self, id: i64, version: i32) -> Result<Outcome, DbErr> {
        let Some(row) = self.locked(id).await? else {
            return Ok(Err(Refusal::NotFound { id }.into()));
        };
        let order = rows::order(row);
        if let Err(refusal) = amend::remove(&order, version, self.references) {
            return Ok(Err(refusal.into()));
        }
        let delete = orders::Entity::delete_many()
            .filter(orders::Column::Id.eq(id))
            .filter(orders::Column::Version.eq(version))
            .filter(orders::Column::LetterId.is_null());
        if delete.exec(self.transaction).await?.rows_affected == 0 {
            return Ok(Err(Refusal::InSubmission { id }.into()));
        }
        self.tallies.take(&order.terms);
        Ok(Ok(Changed::Removed))
    }

    async fn locked(&self, id: i64) -> Result<Option<orders::Model>, DbErr> {
        orders::Entity::find_by_id(id).lock_exclusive().one(self.transaction).await
    }
}
