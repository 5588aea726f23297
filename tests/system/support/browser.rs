//! A browser without windows, driven through Chromium's own protocol for tools: JSON documents over two pipes, each ended by a
//! null byte.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::python::prepared;

/// The longest that the browser may take for one thing.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running browser with one page.
pub(crate) struct Browser {
    process: Child,
    stdin: ChildStdin,
    said: Receiver<Value>,
    /// What it told that was no answer.
    events: Vec<Value>,
    session: Option<String>,
    last: u64,
    _profile: TempDir,
}

impl Browser {
    /// None where there is no browser, which CI may not lack.
    pub(crate) fn start() -> Option<Self> {
        let program = prepared("scripts/browser")?;
        let profile = tempfile::tempdir().unwrap();
        // The protocol speaks through descriptors 3 and 4.
        let mut process = Command::new("sh")
            .args([
                "-c",
                r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#,
                "sh",
            ])
            .arg(program)
            // Tests may run as root, whom Chromium's own sandbox does not serve; the pages are the tests' own.
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args(["--remote-debugging-pipe", "--force-prefers-reduced-motion"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = process.stdin.take().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let (tell, said) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while stdout.read_until(0, &mut bytes).is_ok_and(|read| read > 0) {
                bytes.pop();
                let Ok(document) = serde_json::from_slice(&bytes) else {
                    return;
                };
                if tell.send(document).is_err() {
                    return;
                }
                bytes.clear();
            }
        });
        let mut browser = Self {
            process,
            stdin,
            said,
            events: Vec::new(),
            session: None,
            last: 0,
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let attached = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.ask("Target.attachToTarget", attached);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Opens a file and waits until it is loaded. What was told of the page before is forgotten.
    pub(crate) fn open(&mut self, page: &Path, fragment: &str) {
        // Another fragment alone would load nothing.
        self.ask("Page.navigate", json!({"url": "about:blank"}));
        self.wait_for("Page.loadEventFired");
        self.events.clear();
        let url = format!("file://{}{fragment}", page.display());
        let opened = self.ask("Page.navigate", json!({"url": url}));
        assert!(opened["errorText"].is_null(), "{opened}");
        self.wait_for("Page.loadEventFired");
    }

    /// A window of this size in CSS pixels, of a person who likes it `light` or `dark`.
    pub(crate) fn look(&mut self, width: u32, height: u32, scheme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.ask("Emulation.setDeviceMetricsOverride", size);
        let liked = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.ask("Emulation.setEmulatedMedia", liked);
    }

    /// The value of a script.
    pub(crate) fn evaluate(&mut self, script: &str) -> Value {
        let asked = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let done = self.ask("Runtime.evaluate", asked);
        assert!(done["exceptionDetails"].is_null(), "{script}: {done}");
        done["result"]["value"].clone()
    }

    /// What one sees, as a PNG.
    pub(crate) fn picture(&mut self, file: &Path) {
        let taken = self.ask("Page.captureScreenshot", json!({"format": "png"}));
        let data = taken["data"].as_str().unwrap();
        let bytes = base64::prelude::BASE64_STANDARD.decode(data).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// Demands that the page said nothing on the console, broke no policy and asked the network for nothing but itself.
    pub(crate) fn is_calm(&mut self) {
        // What was told before this answer is there with it.
        self.evaluate("0");
        let loud = self
            .events
            .iter()
            .filter(|event| match event["method"].as_str() {
                Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded") => {
                    true
                }
                Some("Network.requestWillBeSent") => event["params"]["type"] != "Document",
                _ => false,
            });
        let loud: Vec<_> = loud.collect();
        assert!(loud.is_empty(), "{loud:?}");
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers write it down where they ask"
    )]
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut asked = json!({"id": self.last, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            asked["sessionId"] = session.as_str().into();
        }
        self.stdin
            .write_all(format!("{asked}\0").as_bytes())
            .unwrap();
        loop {
            let said = self.next(method);
            if said["id"] == self.last {
                assert!(said["error"].is_null(), "{method}: {said}");
                return said["result"].clone();
            }
            self.events.push(said);
        }
    }

    fn wait_for(&mut self, event: &str) {
        while !self.events.iter().any(|said| said["method"] == event) {
            let said = self.next(event);
            self.events.push(said);
        }
        self.events.retain(|said| said["method"] != event);
    }

    fn next(&self, what: &str) -> Value {
        self.said
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|error| panic!("the browser and {what}: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
