//! How full the service's connection pool is: what a caller looks at before it sends more.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The pool; utilisation as a ratio and the time in ISO-8601.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PoolRatio))]
pub struct PoolHealth<'a> {
    pub active: u32,
    pub idle: u32,
    pub waiting: u32,
    pub total: u32,
    pub max: u32,
    /// Active over the maximum, 0 to 1.
    pub utilization: f64,
    /// HEALTHY, WARNING (from 0.75) or CRITICAL (from 0.90).
    #[cfg_attr(feature = "openapi", schema(example = "HEALTHY"))]
    pub status: Cow<'a, str>,
    pub healthy: bool,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub timestamp: DateTime<Utc>,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub recommendations: Vec<Cow<'a, str>>,
}
