//! All series of the house, for whoever asks for one of them by its name.

/// All series of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    pub name: String,
    /// What it is.
    pub help: String,
    pub series: Vec<Series>,
}

/// One of them, told apart by its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub labels: Vec<(String, String)>,
    pub value: Value,
}

/// What it stands at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Counted since the start.
    Count(f64),
    /// As it is now.
    Level(f64),
    /// How many there were, and their sum.
    Distribution { count: f64, total: f64 },
}

/// # Contract
/// Answers at once, from memory: what a scrape would show now.
pub trait Families: Send + Sync {
    fn families(&self) -> Vec<Family>;
}
