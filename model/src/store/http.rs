//! Requests: certificates, credentials, retries, and downloads that go on where they stopped.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use tokio::io::AsyncWriteExt;
use url::Url;

use super::digest::sha256_of;
use super::error::{Error, Result, io_error};
use super::settings::{Secret, Settings};

/// Failures of the network in a row, without a byte won between them, after which it is given up.
const TRIES: u32 = 5;
/// Bytes of a page or answer that is read whole.
const PAGE_BYTES: usize = 64 << 20;

/// Tells how far a download is: file, bytes there, bytes in all if the server said.
pub type Progress<'a> = &'a (dyn Fn(&str, u64, Option<u64>) + Send + Sync);

/// A file to fetch.
pub(super) struct Wanted<'a> {
    pub(super) url: &'a Url,
    pub(super) token: Option<&'a Secret>,
    /// What it must be; `None` where nobody announced it.
    pub(super) sha256: Option<&'a str>,
    /// How it is called when progress is told.
    pub(super) label: &'a str,
}

/// An HTTP client under the settings.
pub(super) struct Http {
    client: reqwest::Client,
}

impl Http {
    pub(super) fn new(settings: &Settings) -> Result<Self> {
        let unusable = |place: String, reason: String| Error::Setting { place, reason };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("swemill/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.patience)
            .read_timeout(settings.patience);
        if let Some(bundle) = &settings.authorities {
            let place = || bundle.display().to_string();
            let pem =
                std::fs::read(bundle).map_err(|error| unusable(place(), error.to_string()))?;
            let found = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| unusable(place(), error.to_string()))?;
            builder = found
                .into_iter()
                .fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        let client = builder
            .build()
            .map_err(|error| unusable("the network".to_owned(), chain(&error)))?;
        Ok(Self { client })
    }

    /// A page, as text.
    pub(super) async fn page(
        &self,
        url: &Url,
        token: Option<&Secret>,
        accept: &str,
    ) -> Result<String> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.page_once(url, token, accept).await {
                Err(Error::Network { .. }) if tries < TRIES => {
                    tokio::time::sleep(pause(tries)).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn page_once(&self, url: &Url, token: Option<&Secret>, accept: &str) -> Result<String> {
        let response = judge(url, self.send(url, token, accept, 0).await?)?;
        let mut body = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(piece) = stream.next().await {
            body.extend_from_slice(&piece.map_err(|error| failed(url, &error))?);
            if body.len() > PAGE_BYTES {
                return Err(Error::Answer {
                    url: bare(url),
                    reason: format!("more than {PAGE_BYTES} bytes where a page was asked for"),
                });
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Fetches a file to `destination`, going on after what already lies there in `destination.part`, and returns
    /// its sha256. `destination` appears only when it is whole and right.
    pub(super) async fn download(
        &self,
        wanted: &Wanted<'_>,
        destination: &Path,
        progress: Progress<'_>,
    ) -> Result<String> {
        if destination.is_file() {
            return sha256_of(destination).await; // whole and checked before a pull that was interrupted later
        }
        let folder = destination.parent().unwrap_or(Path::new("."));
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(io_error("create", folder))?;
        let mut name = destination.as_os_str().to_owned();
        name.push(".part");
        let partial = Path::new(&name);
        let mut failures = 0;
        loop {
            let before = length(partial).await;
            match self.transfer(wanted, partial, before, progress).await {
                Ok(()) => break,
                Err(Error::Network { .. }) if failures + 1 < TRIES => {
                    failures = if length(partial).await > before {
                        0
                    } else {
                        failures + 1
                    };
                    tracing::debug!(url = bare(wanted.url), failures, "going on after a failure");
                    tokio::time::sleep(pause(failures)).await;
                }
                Err(error) => return Err(error),
            }
        }
        let actual = sha256_of(partial).await?;
        if let Some(expected) = wanted
            .sha256
            .filter(|expected| !expected.eq_ignore_ascii_case(&actual))
        {
            tokio::fs::remove_file(partial)
                .await
                .map_err(io_error("remove", partial))?;
            return Err(Error::Digest {
                file: wanted.label.to_owned(),
                expected: expected.to_owned(),
                actual,
            });
        }
        tokio::fs::rename(partial, destination)
            .await
            .map_err(io_error("write", destination))?;
        Ok(actual)
    }

    /// Appends what is missing to `partial`, which has `from` bytes.
    async fn transfer(
        &self,
        wanted: &Wanted<'_>,
        partial: &Path,
        from: u64,
        progress: Progress<'_>,
    ) -> Result<()> {
        let url = wanted.url;
        let response = self.send(url, wanted.token, "*/*", from).await?;
        if from > 0 && response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            return Ok(()); // nothing is left to send; the digest says whether what is there is right
        }
        let response = judge(url, response)?;
        // A server that knows no ranges sends all of it again.
        let at = if continues_at(&response, from) {
            from
        } else {
            0
        };
        let total = response.content_length().map(|rest| at + rest);
        let mut file = tokio::fs::OpenOptions::new()
            .create(true)
            .append(at > 0)
            .write(true)
            .truncate(at == 0)
            .open(partial)
            .await
            .map_err(io_error("write", partial))?;
        let mut done = at;
        let mut stream = response.bytes_stream();
        while let Some(piece) = stream.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    file.flush().await.map_err(io_error("write", partial))?;
                    return Err(failed(url, &error));
                }
            };
            file.write_all(&piece)
                .await
                .map_err(io_error("write", partial))?;
            done += piece.len() as u64;
            progress(wanted.label, done, total);
        }
        file.flush().await.map_err(io_error("write", partial))?;
        if total.is_some_and(|total| done < total) {
            return Err(Error::Network {
                url: bare(url),
                reason: format!("the server stopped after {done} bytes"),
            });
        }
        Ok(())
    }

    async fn send(
        &self,
        url: &Url,
        token: Option<&Secret>,
        accept: &str,
        from: u64,
    ) -> Result<Response> {
        let (address, credentials) = split_credentials(url);
        let mut request = self.client.get(address).header(ACCEPT, accept);
        if let Some((user, password)) = credentials {
            request = request.basic_auth(user, Some(password));
        } else if let Some(token) = token {
            request = request.bearer_auth(token.reveal());
        }
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        request.send().await.map_err(|error| failed(url, &error))
    }
}

/// Whether a response is the rest of a file from this byte on.
fn continues_at(response: &Response, from: u64) -> bool {
    let range = response
        .headers()
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok());
    response.status() == StatusCode::PARTIAL_CONTENT
        && range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}

async fn length(path: &Path) -> u64 {
    tokio::fs::metadata(path)
        .await
        .map_or(0, |about| about.len())
}

/// Takes user and password out of a URL.
fn split_credentials(url: &Url) -> (Url, Option<(String, String)>) {
    let mut address = url.clone();
    if url.username().is_empty() && url.password().is_none() {
        return (address, None);
    }
    let decode = |text: &str| {
        let pair = format!("x={}", text.replace('+', "%2B"));
        let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
        decoded
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let credentials = (
        decode(url.username()),
        decode(url.password().unwrap_or_default()),
    );
    // These fail only for URLs that cannot have a user.
    let _ = address.set_username("");
    let _ = address.set_password(None);
    (address, Some(credentials))
}

/// The URL without the places where tokens live.
pub(super) fn bare(url: &Url) -> String {
    let (mut address, _) = split_credentials(url);
    address.set_query(None);
    address.set_fragment(None);
    address.to_string()
}

fn judge(url: &Url, response: Response) -> Result<Response> {
    let status = response.status();
    let url = bare(url);
    if status.is_success() {
        return Ok(response);
    }
    Err(match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound {
            what: url,
            hint: "the server knows no such thing; check the spelling, and HF_TOKEN for what is private".to_owned(),
        },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => Error::Denied {
            url,
            hint: format!("the server answered {status}; set HF_TOKEN for a hub (and accept the model's terms there), or put user and password into PIP_INDEX_URL"),
        },
        _ if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) => Error::Network {
            url,
            reason: format!("the server answered {status}"),
        },
        _ => Error::Answer {
            url,
            reason: status.to_string(),
        },
    })
}

fn failed(url: &Url, error: &reqwest::Error) -> Error {
    Error::Network {
        url: bare(url),
        reason: chain(error),
    }
}

/// The causes of an error; reqwest's own text names the address, which may hold a password.
fn chain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    if causes.is_empty() {
        "the request failed".to_owned()
    } else {
        causes.join(": ")
    }
}

fn pause(failures: u32) -> Duration {
    Duration::from_millis(200 << failures.min(5))
}
