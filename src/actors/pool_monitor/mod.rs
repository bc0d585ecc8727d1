//! Pool monitor.
