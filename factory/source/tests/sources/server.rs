//! A small HTTP server: one thread a connection, one request a connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn answer(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer {
        status,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: body.into(),
    }
}

pub(crate) fn with_header(mut answer: Answer, name: &str, value: &str) -> Answer {
    answer.headers.push((name.to_owned(), value.to_owned()));
    answer
}

/// A running server; it ends with the test's process.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start(handle: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (handle, log) = (Arc::new(handle), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handle, log) = (Arc::clone(&handle), Arc::clone(&log));
                std::thread::spawn(move || {
                    if let Some(request) = read(&stream) {
                        log.lock().unwrap().push(request.clone());
                        reply(&stream, &handle(&request));
                    }
                });
            }
        });
        Self { address, seen }
    }

    /// A server of the git repositories below a folder, over git's smart protocol.
    pub(crate) fn git(root: &Path, password: Option<&'static str>) -> Self {
        let root = root.to_owned();
        Self::start(move |request| {
            if let Some(password) = password
                && request.header("authorization") != Some(password)
            {
                let refused = answer(401, "text/plain", "who are you?");
                return with_header(refused, "www-authenticate", "Basic realm=\"git\"");
            }
            git_answer(&root, request)
        })
    }
}

fn git_answer(root: &Path, request: &Request) -> Answer {
    let (path, advertise) = match request.path.strip_suffix("/info/refs") {
        Some(path) => (path, true),
        None => (request.path.trim_end_matches("/git-upload-pack"), false),
    };
    let folder: PathBuf = root.join(path.trim_start_matches('/'));
    if !folder.exists() {
        return answer(404, "text/plain", "no such repository");
    }
    let mut command = Command::new("git");
    command.args(["upload-pack", "--stateless-rpc"]);
    if advertise {
        command.arg("--advertise-refs");
    }
    let mut child = command
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&request.body)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let mut body = Vec::new();
    if advertise {
        body.extend_from_slice(b"001e# service=git-upload-pack\n0000");
    }
    body.extend(output.stdout);
    let kind = if advertise { "advertisement" } else { "result" };
    answer(200, &format!("application/x-git-upload-pack-{kind}"), body)
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let target = words.nth(1)?.to_owned();
    let (path, _) = target.split_once('?').unwrap_or((&target, ""));
    let path = path.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request {
        path,
        headers,
        body: Vec::new(),
    };
    if request.header("transfer-encoding") == Some("chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut piece = vec![0; size + 2];
            reader.read_exact(&mut piece).ok()?;
            if size == 0 {
                break;
            }
            request.body.extend_from_slice(&piece[..size]);
        }
    } else if let Some(length) = request
        .header("content-length")
        .and_then(|text| text.parse().ok())
    {
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        request.body = body;
    }
    Some(request)
}

fn reply(mut stream: &TcpStream, answer: &Answer) {
    let mut head = vec![
        format!("HTTP/1.1 {} X", answer.status),
        "connection: close".to_owned(),
        format!("content-length: {}", answer.body.len()),
    ];
    head.extend(
        answer
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}")),
    );
    let head = head.join("\r\n") + "\r\n\r\n";
    // A client that hung up in between has what it wanted.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&answer.body);
}
