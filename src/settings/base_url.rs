//! Where another service is: the part of its address that all its routes share.

use std::fmt;
use std::str::FromStr;

const FORM: &str = "http://HOST[:PORT][/PATH], or https://";

/// Scheme, host and port, and a path without a stroke at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BaseUrl {
    /// What the text must be, as the end of a sentence that begins with "must".
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let rest = rest.ok_or_else(|| format!("be {FORM}"))?;
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("hold visible ASCII characters only".to_owned());
        }
        if text.contains('@') {
            return Err("hold no user and no password".to_owned());
        }
        if text.contains(['?', '#']) {
            return Err("have no parameters: they belong to each call".to_owned());
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if !is_host_and_port(authority) {
            return Err("name a host, and a port from 1 to 65535 if any".to_owned());
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

fn is_host_and_port(authority: &str) -> bool {
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match authority.rsplit_once(']') {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or_default())),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    !host.is_empty() && port.is_none_or(is_port)
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_without_the_stroke_at_its_end() {
        for (text, kept) in [
            ("http://trade", "http://trade"),
            ("http://trade:8082/", "http://trade:8082"),
            ("https://10.1.2.3:443/gate/trade//", "https://10.1.2.3:443/gate/trade"),
            ("http://[::1]:8082", "http://[::1]:8082"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn usual_mistakes_are_told_in_a_sentence() {
        for (text, told) in [
            ("trade:8082", "be http://HOST"),
            ("ftp://trade", "be http://HOST"),
            ("http://", "name a host"),
            ("http://:8082", "name a host"),
            ("http:///api", "name a host"),
            ("http://trade:0", "a port from 1"),
            ("http://trade:80820", "a port from 1"),
            ("http://trade:", "a port from 1"),
            ("http://[::1]8082", "a port from 1"),
            ("http://tr ade", "visible ASCII"),
            ("http://user:s3cret@trade", "no password"),
            ("http://trade?x=1", "no parameters"),
        ] {
            let fault = text.parse::<BaseUrl>().unwrap_err();
            assert!(fault.contains(told), "{text}: {fault}");
        }
    }
}
