//! The habits of Spring's actuator, for the tools and the fingers of the ancestor's operators.

pub(in crate::http) mod breakers;
pub(in crate::http) mod metrics;
