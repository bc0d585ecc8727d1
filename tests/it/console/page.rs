//! One page in the browser, over the Chrome DevTools Protocol: what is on it, what it asked for and
//! what it complained of.

use std::time::Duration;

use awc::Client;
use awc::error::WsProtocolError;
use awc::ws::{Frame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde_json::{Value, json};

use super::DEADLINE;
use super::chromium::Chromium;
use crate::support::wait_for;

const FRAME_BYTES_MAX: usize = 16 << 20;
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

trait Wire:
    Sink<Message, Error = WsProtocolError> + Stream<Item = Result<Frame, WsProtocolError>> + Unpin
{
}

impl<T> Wire for T where
    T: Sink<Message, Error = WsProtocolError>
        + Stream<Item = Result<Frame, WsProtocolError>>
        + Unpin
{
}

pub(super) struct Page {
    wire: Box<dyn Wire>,
    session: Option<String>,
    calls: u64,
    /// What the page told without being asked, the oldest first.
    told: Vec<Value>,
    _browser: Chromium,
}

impl Page {
    /// Opens an address and waits for nothing. None where there is no browser.
    pub(super) async fn open(url: &str) -> Option<Self> {
        let browser = Chromium::start().await?;
        let connecting = Client::new().ws(&browser.debugger).max_frame_size(FRAME_BYTES_MAX);
        let (_, wire) = connecting.connect().await.expect("the debugger listens");
        let mut page = Self {
            wire: Box::new(wire),
            session: None,
            calls: 0,
            told: Vec::new(),
            _browser: browser,
        };
        let target = page.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = page.call("Target.attachToTarget", attach).await;
        page.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({})).await;
        }
        page.call("Page.navigate", json!({"url": url})).await;
        Some(page)
    }

    pub(super) async fn resize(&mut self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": true});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// The value of a script in the page.
    pub(super) async fn run(&mut self, script: &str) -> Value {
        let parameters = json!({"expression": script, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", parameters).await;
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer}");
        answer["result"]["value"].clone()
    }

    /// All that people see at one place; empty while it is not there.
    pub(super) async fn text(&mut self, selector: &str) -> String {
        let script = format!("document.querySelector({})?.innerText ?? ''", json!(selector));
        self.run(&script).await.as_str().unwrap().to_owned()
    }

    /// Waits until this is read at one place.
    pub(super) async fn reads(&mut self, selector: &str, words: &str) {
        wait_for(&format!("{words} at {selector}"), DEADLINE, async || {
            let text = self.text(selector).await;
            if text.contains(words) { Ok(()) } else { Err(format!("it reads {text}")) }
        })
        .await;
    }

    /// Waits until a script says true.
    pub(super) async fn holds(&mut self, script: &str) {
        wait_for(script, DEADLINE, async || self.run(script).await == true).await;
    }

    /// Goes to a place as the Tab key does.
    pub(super) async fn focus(&mut self, selector: &str) {
        self.holds(&format!("Boolean(document.querySelector({}))", json!(selector))).await;
        self.run(&format!("document.querySelector({}).focus()", json!(selector))).await;
    }

    /// Presses a key that writes nothing, or one sign.
    pub(super) async fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            _ => 0,
        };
        let text = match key {
            "Enter" => "\r",
            "Escape" | "Tab" => "",
            sign => sign,
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let stroke =
                json!({"type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", stroke).await;
        }
    }

    pub(super) async fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Every address that the page asked for.
    pub(super) fn requests(&self) -> Vec<String> {
        let sent = self.told.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Faults of its scripts, and what its policy forbade. Not the service's refusals, which the
    /// browser writes down too.
    pub(super) fn complaints(&self) -> Vec<&Value> {
        let is_fault = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Log.entryAdded") => event["params"]["entry"]["source"] != "network",
            _ => false,
        };
        self.told.iter().filter(is_fault).collect()
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut call = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        let answer = async {
            self.wire.send(Message::Text(call.to_string().into())).await.unwrap();
            loop {
                let heard = self.hear().await;
                if heard["id"] == id {
                    return heard;
                }
                self.told.push(heard);
            }
        };
        let answer = tokio::time::timeout(ANSWER_WITHIN, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {call}"));
        assert!(answer["error"].is_null(), "{call}: {answer}");
        answer["result"].clone()
    }

    async fn hear(&mut self) -> Value {
        loop {
            let frame = self.wire.next().await.expect("the browser is there").unwrap();
            if let Frame::Text(text) = frame {
                return serde_json::from_slice(&text).unwrap();
            }
        }
    }
}
