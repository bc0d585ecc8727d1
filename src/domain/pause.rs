//! Pauses: what operators have stopped from being sent, until they resume it.

use std::collections::HashSet;

use super::audit::Subject;
use super::client::ClientId;
use super::moment::Moment;

/// The one destination that there is.
pub const TRADE: &str = "trade";

/// What can be paused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Paused {
    /// The trade service: nothing is sent to anybody, and nothing is looked up.
    Destination,
    /// What this client sends stays in line.
    Client(ClientId),
}

/// The sorts of pauses, as they are stored and told.
pub const KINDS: [&str; 2] = ["destination", "client"];

impl Paused {
    /// What these two words mean, if anything.
    #[must_use]
    pub fn of(kind: &str, name: &str) -> Option<Self> {
        match (kind, name) {
            ("destination", TRADE) => Some(Self::Destination),
            ("client", name) => ClientId::from_header(name.as_bytes()).ok().map(Self::Client),
            _ => None,
        }
    }

    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Destination => "destination",
            Self::Client(_) => "client",
        }
    }

    /// What the audit calls it.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Destination => Subject::Destination,
            Self::Client(_) => Subject::Client,
        }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Destination => TRADE,
            Self::Client(client) => client.as_str(),
        }
    }
}

/// Something that is paused, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub paused: Paused,
    pub since: Moment,
    pub operator: String,
    pub reason: String,
}

impl Pause {
    /// The same in a sentence.
    #[must_use]
    pub fn tell(&self) -> String {
        let what = match &self.paused {
            Paused::Destination => "The trade service".to_owned(),
            Paused::Client(client) => format!("Client {}", client.as_str()),
        };
        let Self { since, operator, reason, .. } = self;
        format!("{what} is paused since {since}, by {operator}: {reason}")
    }
}

/// All that is paused at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses {
    all: Vec<Pause>,
    destination: bool,
    clients: HashSet<ClientId>,
}

impl FromIterator<Pause> for Pauses {
    fn from_iter<I: IntoIterator<Item = Pause>>(all: I) -> Self {
        let mut pauses = Self { all: all.into_iter().collect(), ..Self::default() };
        for pause in &pauses.all {
            match &pause.paused {
                Paused::Destination => pauses.destination = true,
                Paused::Client(client) => {
                    pauses.clients.insert(client.clone());
                }
            }
        }
        pauses
    }
}

impl Pauses {
    #[must_use]
    pub fn all(&self) -> &[Pause] {
        &self.all
    }

    /// Is nothing sent to the trade service?
    #[must_use]
    pub const fn stop_everything(&self) -> bool {
        self.destination
    }

    /// Does what this client sends stay in line?
    #[must_use]
    pub fn stop(&self, client: &ClientId) -> bool {
        self.clients.contains(client)
    }

    #[must_use]
    pub fn clients(&self) -> Vec<ClientId> {
        self.clients.iter().cloned().collect()
    }

    /// The clients that were paused in `before` and are not any more.
    pub fn resumed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a ClientId> {
        before.clients.difference(&self.clients)
    }

    /// How many there are of each of the [`KINDS`].
    #[must_use]
    pub fn count(&self) -> [usize; 2] {
        [usize::from(self.destination), self.clients.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: &str) -> Paused {
        Paused::of("client", name).unwrap()
    }

    fn pauses<const COUNT: usize>(all: [Paused; COUNT]) -> Pauses {
        let pause = |paused| Pause {
            paused,
            since: Moment::from_micros(0),
            operator: "ann".to_owned(),
            reason: "it sends nonsense".to_owned(),
        };
        all.into_iter().map(pause).collect()
    }

    fn id(name: &str) -> ClientId {
        ClientId::from_header(name.as_bytes()).unwrap()
    }

    #[test]
    fn two_words_name_what_is_paused_and_nothing_else_can_be() {
        for (kind, name) in [("destination", "trade"), ("client", "desk-7")] {
            let paused = Paused::of(kind, name).unwrap();
            assert_eq!((paused.kind(), paused.name()), (kind, name));
            assert!(KINDS.contains(&kind));
        }
        for (kind, name) in [("destination", "moon"), ("client", ""), ("client", "a b"), ("", "x")]
        {
            assert_eq!(Paused::of(kind, name), None, "{kind} {name}");
        }
    }

    #[test]
    fn a_paused_client_stops_nobody_else_and_a_paused_destination_stops_all() {
        let nothing = Pauses::default();
        let one = pauses([client("a"), client("a")]);
        let all = pauses([Paused::Destination, client("a"), client("b")]);

        assert!(!nothing.stop_everything() && !nothing.stop(&id("a")));
        assert!(!one.stop_everything() && one.stop(&id("a")) && !one.stop(&id("b")));
        assert!(all.stop_everything() && all.stop(&id("b")));
        assert_eq!([nothing.count(), one.count(), all.count()], [[0, 0], [0, 1], [1, 2]]);
    }

    #[test]
    fn a_pause_is_told_with_who_and_why() {
        let pauses = pauses([Paused::Destination, client("a")]);
        let told: Vec<_> = pauses.all().iter().map(Pause::tell).collect();

        let tail = "is paused since 1970-01-01T00:00:00Z, by ann: it sends nonsense";
        assert_eq!(told, [format!("The trade service {tail}"), format!("Client a {tail}")]);
    }

    #[test]
    fn who_is_not_paused_any_more_is_known() {
        let before = pauses([client("a"), client("b")]);
        let now = pauses([client("b"), client("c")]);

        assert_eq!(now.resumed_since(&before).collect::<Vec<_>>(), [&id("a")]);
        assert_eq!(before.resumed_since(&before).count(), 0);
    }
}
