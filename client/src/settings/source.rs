//! The guide's names in a file and in the environment. Times are milliseconds, as there.

use std::path::Path;
use std::time::Duration;

use resilience::breaker::Rules;
use serde::Deserialize;

use super::{Connection, Settings, SettingsError};

/// What the names of variables begin with.
const PREFIX: &str = "ORDER_SERVICE_CLIENT_";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    order_service: Service,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    client: Given,
}

/// What one source says; the rest stays as it was.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Given {
    base_url: Option<String>,
    connect_timeout: Option<u64>,
    read_timeout: Option<u64>,
    connection_request_timeout: Option<u64>,
    max_connections: Option<usize>,
    max_connections_per_route: Option<usize>,
}

impl Given {
    fn lay_on(self, connection: &mut Connection) {
        let Self { base_url, connect_timeout, read_timeout, .. } = self;
        connection.base_url = base_url.unwrap_or_else(|| connection.base_url.clone());
        lay(&mut connection.connect_timeout, connect_timeout);
        lay(&mut connection.read_timeout, read_timeout);
        lay(&mut connection.connection_request_timeout, self.connection_request_timeout);
        connection.max_connections = self.max_connections.unwrap_or(connection.max_connections);
        connection.max_connections_per_route =
            self.max_connections_per_route.unwrap_or(connection.max_connections_per_route);
    }
}

fn lay(time: &mut Duration, millis: Option<u64>) {
    *time = millis.map_or(*time, Duration::from_millis);
}

impl Settings {
    /// Lays a TOML file over what is set: `base-url`, `connect-timeout` and the guide's other names
    /// under `[order-service.client]`.
    pub fn with_file(mut self, path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::File { path: path.to_owned(), source })?;
        let file: File = toml::from_str(&text).map_err(|source| SettingsError::Format {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        file.order_service.client.lay_on(&mut self.connection);
        Ok(self)
    }

    /// Lays variables over what is set: `ORDER_SERVICE_CLIENT_BASE_URL`,
    /// `ORDER_SERVICE_CLIENT_CONNECT_TIMEOUT` and so on. Other variables are left alone.
    pub fn with_variables(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut given = Given::default();
        for (name, value) in variables {
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            let wrong = |must| SettingsError::Value { key: name.clone(), must };
            let number = || value.trim().parse().map_err(|_| wrong("be a whole number"));
            match key {
                "BASE_URL" => given.base_url = Some(value),
                "CONNECT_TIMEOUT" => given.connect_timeout = Some(number()?),
                "READ_TIMEOUT" => given.read_timeout = Some(number()?),
                "CONNECTION_REQUEST_TIMEOUT" => given.connection_request_timeout = Some(number()?),
                "MAX_CONNECTIONS" => given.max_connections = Some(count(number()?)),
                "MAX_CONNECTIONS_PER_ROUTE" => {
                    given.max_connections_per_route = Some(count(number()?));
                }
                _ => return Err(wrong("be one of the settings of the client")),
            }
        }
        given.lay_on(&mut self.connection);
        Ok(self)
    }

    /// What must hold before anything is sent.
    pub(crate) fn check(&self) -> Result<Rules, SettingsError> {
        let value = |key: &str, must| SettingsError::Value { key: key.to_owned(), must };
        let connection = &self.connection;
        let is_url = ["http://", "https://"].iter().any(|scheme| {
            connection.base_url.strip_prefix(scheme).is_some_and(|host| !host.is_empty())
        });
        let rate = self.rate;
        let rules = [
            (is_url, "base-url", "begin with http:// or https://, and name a host"),
            (!connection.connect_timeout.is_zero(), "connect-timeout", "be more than 0"),
            (!connection.read_timeout.is_zero(), "read-timeout", "be more than 0"),
            (connection.max_connections > 0, "max-connections", "be at least 1"),
            (
                connection.max_connections_per_route > 0,
                "max-connections-per-route",
                "be at least 1",
            ),
            (self.retry.attempts > 0, "retry.attempts", "be at least 1"),
            (!self.health_every.is_zero(), "health_every", "be more than 0"),
            (!self.rate_every.is_zero(), "rate_every", "be more than 0"),
            (!self.queue.every.is_zero(), "queue.every", "be more than 0"),
            (self.queue.attempts > 0, "queue.attempts", "be at least 1"),
            (
                rate.least > 0.0 && rate.least <= rate.most,
                "rate.least",
                "be above 0 and at most rate.most",
            ),
            (rate.most.is_finite(), "rate.most", "be finite"),
        ];
        if let Some((_, key, must)) = rules.into_iter().find(|(holds, ..)| !holds) {
            return Err(value(key, must));
        }
        let first = |faults: Vec<_>| faults.into_iter().next().map(SettingsError::from);
        self.breaker.check().map_err(|faults| {
            first(faults).unwrap_or_else(|| value("breaker", "be without contradictions"))
        })
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use resilience::backoff::Jitter;
    use resilience::breaker::{Config, Rates, Span};

    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::default().with_variables(pairs)
    }

    fn all(number: usize) -> Connection {
        let time = Duration::from_millis(u64::try_from(number).unwrap());
        Connection {
            base_url: format!("http://{number}"),
            connect_timeout: time,
            read_timeout: time * 2,
            connection_request_timeout: time * 3,
            max_connections: number * 4,
            max_connections_per_route: number * 5,
        }
    }

    #[test]
    fn the_defaults_are_the_guides() {
        let settings = Settings::default();

        let Settings { connection, retry, breaker, queue, .. } = &settings;
        let at_connection = [
            connection.connect_timeout,
            connection.read_timeout,
            connection.connection_request_timeout,
        ];
        let elsewhere = [
            retry.backoff.base,
            retry.backoff.cap,
            settings.health_every,
            settings.rate_every,
            queue.every,
            settings.answers_kept,
            breaker.opening.time,
        ];
        assert_eq!(at_connection.map(|time| time.as_secs()), [5, 60, 3]);
        assert_eq!(elsewhere.map(|time| time.as_secs()), [1, 30, 10, 5, 5, 86_400, 15]);
        assert_eq!((connection.max_connections, connection.max_connections_per_route), (50, 25));
        assert_eq!((retry.attempts, retry.backoff.jitter), (3, Jitter::Half));
        assert_eq!((retry.budget, retry.reserve), (0.1, 10));
        assert_eq!((queue.most, queue.batch, queue.attempts), (100_000, 10, 5));
        assert!(settings.check().is_ok());
    }

    #[test]
    fn our_own_breaker_opens_after_five_failures_or_half_of_ten_calls() {
        let Config { consecutive_failures, rates, .. } = Settings::default().breaker;

        let Rates { window, calls_min, failure_rate, slow } = rates.unwrap();
        assert_eq!((consecutive_failures, calls_min, failure_rate), (Some(5), 10, Some(0.5)));
        assert_eq!((window, slow), (Span::Time(Duration::from_secs(30)), None));
    }

    #[test]
    fn a_file_sets_every_name_of_the_guide() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("client.toml");
        let text = "[order-service.client]\nbase-url = 'http://100'\nconnect-timeout = 100\n\
            read-timeout = 200\nconnection-request-timeout = 300\nmax-connections = 400\n\
            max-connections-per-route = 500\n";
        std::fs::write(&path, text).unwrap();

        let settings = Settings::default().with_file(&path).unwrap();

        assert_eq!(settings.connection, all(100));
    }

    #[test]
    fn the_environment_sets_every_name_and_wins() {
        let settings = variables(&[
            ("ORDER_SERVICE_CLIENT_BASE_URL", "http://7"),
            ("ORDER_SERVICE_CLIENT_CONNECT_TIMEOUT", "7"),
            ("ORDER_SERVICE_CLIENT_READ_TIMEOUT", "14"),
            ("ORDER_SERVICE_CLIENT_CONNECTION_REQUEST_TIMEOUT", "21"),
            ("ORDER_SERVICE_CLIENT_MAX_CONNECTIONS", "28"),
            ("ORDER_SERVICE_CLIENT_MAX_CONNECTIONS_PER_ROUTE", "35"),
            ("PATH", "/bin"),
        ]);

        assert_eq!(settings.unwrap().connection, all(7));
    }

    #[test]
    fn unknown_names_and_values_of_the_wrong_kind_are_told() {
        let table = [
            (
                ("ORDER_SERVICE_CLIENT_RAED_TIMEOUT", "1"),
                "ORDER_SERVICE_CLIENT_RAED_TIMEOUT must be one of the settings of the client",
            ),
            (
                ("ORDER_SERVICE_CLIENT_READ_TIMEOUT", "1s"),
                "ORDER_SERVICE_CLIENT_READ_TIMEOUT must be a whole number",
            ),
        ];
        for (pair, message) in table {
            assert_eq!(variables(&[pair]).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn what_cannot_work_is_refused_before_anything_is_sent() {
        type Change = fn(&mut Settings);
        let table: [(Change, &str); 8] = [
            (|s| s.connection.base_url = "order-service:8080".to_owned(), "base-url"),
            (|s| s.connection.base_url = "http://".to_owned(), "base-url"),
            (|s| s.connection.read_timeout = Duration::ZERO, "read-timeout"),
            (|s| s.connection.max_connections = 0, "max-connections"),
            (|s| s.retry.attempts = 0, "retry.attempts"),
            (|s| s.rate.least = 0.0, "rate.least"),
            (|s| s.rate.least = 30.0, "rate.least"),
            (|s| s.breaker.probing.probes = 0, "breaker.probes"),
        ];
        for (change, key) in table {
            let mut settings = Settings::default();
            change(&mut settings);
            let error = settings.check().unwrap_err().to_string();
            assert!(error.starts_with(key), "{key}: {error}");
        }
    }
}
