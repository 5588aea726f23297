//! A server on the loopback interface: one answer for whatever is asked, by its path.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// What is answered: the status, a header line or none, the body.
pub(crate) type Answer = (u16, &'static str, Vec<u8>);

/// Starts a server that lives as long as the test's process; returns its address.
pub(crate) fn serve(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || reply(&stream, &*answer));
        }
    });
    address
}

/// A server that lets nobody in.
pub(crate) fn locked() -> String {
    serve(|_| {
        let ask = "WWW-Authenticate: Basic realm=\"private\"\r\n";
        (401, ask, b"who are you?".to_vec())
    })
}

/// A package index with one sdist.
pub(crate) fn index(file: &'static str, sdist: Vec<u8>) -> String {
    let address = serve(move |path| {
        if path.ends_with(file) {
            return (200, "", sdist.clone());
        }
        let page = format!("<!DOCTYPE html><a href=\"/files/{file}\">{file}</a>");
        (200, "Content-Type: text/html\r\n", page.into_bytes())
    });
    format!("{address}/simple")
}

fn reply(mut stream: &TcpStream, answer: &dyn Fn(&str) -> Answer) {
    let mut lines = BufReader::new(stream).lines();
    let Some(Ok(request)) = lines.next() else {
        return;
    };
    // The headers end with an empty line; bodies are not sent to these servers.
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let (status, header, body) = answer(request.split(' ').nth(1).unwrap_or_default());
    let head = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n{header}\r\n",
        body.len()
    );
    // A client that hung up has what it wanted.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&body));
}
