//! Requests: credentials, certificates, proxies, retries, bounds.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Response, StatusCode};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::error::{Error, Result, io};
use crate::settings::split_credentials;
use crate::{Limits, Settings, redact};

/// Bytes of an index page: the largest of PyPI is a tenth of this.
const PAGE_BYTES: usize = 512 << 20;

/// A page: its text and what kind it is.
pub(super) struct Page {
    pub(super) text: String,
    pub(super) kind: String,
    /// Where it was in the end, after redirects: what its links are relative to.
    pub(super) url: Url,
}

/// An HTTP client under the settings.
#[derive(Debug, Clone)]
pub(super) struct Http {
    client: reqwest::Client,
    /// For hosts whose certificate is not to be checked.
    lenient: reqwest::Client,
    settings: Settings,
    limits: Limits,
}

impl Http {
    pub(super) fn new(settings: &Settings, limits: &Limits) -> Result<Self> {
        Ok(Self {
            client: build(settings, limits, false)?,
            lenient: build(settings, limits, true)?,
            settings: settings.clone(),
            limits: limits.clone(),
        })
    }

    /// A page of an index, from the web or the disk.
    pub(super) async fn page(&self, url: &Url, accept: &str) -> Result<Page> {
        if url.scheme() == "file" {
            return local_page(url).await;
        }
        let response = self.get(url, accept).await?;
        let kind = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("text/html")
            .to_ascii_lowercase();
        let address = response.url().clone();
        let mut body = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| failed(url, &error))?;
            if body.len() + piece.len() > PAGE_BYTES {
                return Err(too_large(url, PAGE_BYTES as u64));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Page {
            text: String::from_utf8_lossy(&body).into_owned(),
            kind,
            url: split_credentials(&address).0,
        })
    }

    /// A file, checked and moved into place when whole. Returns its sha256.
    pub(super) async fn download(
        &self,
        url: &Url,
        sha256: Option<&str>,
        destination: &Path,
    ) -> Result<String> {
        let folder = destination.parent().unwrap_or(Path::new("."));
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(io("create", folder))?;
        let partial =
            tempfile::NamedTempFile::new_in(folder).map_err(io("create a file in", folder))?;
        let mut tries = 0;
        let actual = loop {
            tries += 1;
            match self.transfer(url, partial.path()).await {
                Ok(digest) => break digest,
                Err(error)
                    if matches!(error, Error::Network { .. }) && tries < self.limits.tries =>
                {
                    tokio::time::sleep(pause(tries)).await;
                }
                Err(error) => return Err(error),
            }
        };
        if let Some(expected) = sha256.filter(|expected| !expected.eq_ignore_ascii_case(&actual)) {
            return Err(Error::Digest {
                file: redact::url(url),
                expected: expected.to_owned(),
                actual,
            });
        }
        partial
            .persist(destination)
            .map_err(|error| io("write", destination)(error.error))?;
        Ok(actual)
    }

    async fn transfer(&self, url: &Url, destination: &Path) -> Result<String> {
        let mut out = tokio::fs::File::create(destination)
            .await
            .map_err(io("write", destination))?;
        let mut hash = Sha256::new();
        let mut size = 0_u64;
        let mut keep = |piece: &[u8]| {
            size += piece.len() as u64;
            hash.update(piece);
            if size > self.limits.download_bytes {
                return Err(too_large(url, self.limits.download_bytes));
            }
            Ok(())
        };
        if url.scheme() == "file" {
            let place = url.to_file_path().map_err(|()| no_path(url))?;
            let mut file = tokio::fs::File::open(&place)
                .await
                .map_err(io("read", &place))?;
            let mut buffer = vec![0; 1 << 16];
            loop {
                let count = tokio::io::AsyncReadExt::read(&mut file, &mut buffer)
                    .await
                    .map_err(io("read", &place))?;
                if count == 0 {
                    break;
                }
                keep(&buffer[..count])?;
                out.write_all(&buffer[..count])
                    .await
                    .map_err(io("write", destination))?;
            }
        } else {
            let mut stream = self.get(url, "*/*").await?.bytes_stream();
            while let Some(piece) = stream.next().await {
                let piece = piece.map_err(|error| failed(url, &error))?;
                keep(&piece)?;
                out.write_all(&piece)
                    .await
                    .map_err(io("write", destination))?;
            }
        }
        out.flush().await.map_err(io("write", destination))?;
        Ok(hex::encode(hash.finalize()))
    }

    /// A successful answer, after retries.
    async fn get(&self, url: &Url, accept: &str) -> Result<Response> {
        if self.settings.offline {
            return Err(Error::Offline {
                what: redact::url(url),
            });
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.send(url, accept).await {
                Ok(response) => match judge(url, response) {
                    Ok(response) => return Ok(response),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if !matches!(error, Error::Network { .. }) || tries >= self.limits.tries {
                return Err(error);
            }
            tracing::debug!(url = redact::url(url), tries, %error, "trying again");
            tokio::time::sleep(pause(tries)).await;
        }
    }

    async fn send(&self, url: &Url, accept: &str) -> Result<Response> {
        let (bare, _) = split_credentials(url);
        let client = if self.settings.trusts(&bare) {
            &self.lenient
        } else {
            &self.client
        };
        let mut request = client.get(bare).header(ACCEPT, accept);
        if let Some(who) = self.settings.credentials_for(url) {
            request = request.basic_auth(&who.user, Some(who.password.reveal()));
        }
        request.send().await.map_err(|error| failed(url, &error))
    }
}

fn build(settings: &Settings, limits: &Limits, lenient: bool) -> Result<reqwest::Client> {
    let unusable = |place: &str, reason: String| Error::Setting {
        place: place.to_owned(),
        reason,
    };
    let wait = settings.timeout.unwrap_or(limits.stall);
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("swemill/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(wait)
        .read_timeout(wait)
        .timeout(limits.transfer)
        .danger_accept_invalid_certs(lenient);
    if let Some(bundle) = &settings.authorities {
        let place = bundle.display().to_string();
        let pem = std::fs::read(bundle).map_err(|error| unusable(&place, error.to_string()))?;
        let found = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|error| unusable(&place, error.to_string()))?;
        builder = found
            .into_iter()
            .fold(builder, reqwest::ClientBuilder::add_root_certificate);
    }
    if let Some(file) = &settings.client_certificate {
        let place = file.display().to_string();
        let pem =
            std::fs::read_to_string(file).map_err(|error| unusable(&place, error.to_string()))?;
        let at = pem.find("-----BEGIN PRIVATE KEY-----").ok_or_else(|| {
            unusable(
                &place,
                "it holds no key that begins with BEGIN PRIVATE KEY (PKCS 8)".to_owned(),
            )
        })?;
        let identity = reqwest::Identity::from_pkcs8_pem(pem.as_bytes(), &pem.as_bytes()[at..])
            .map_err(|error| unusable(&place, error.to_string()))?;
        builder = builder.identity(identity);
    }
    if let Some(proxy) = &settings.proxy {
        let proxy = reqwest::Proxy::all(proxy)
            .map_err(|_| {
                unusable(
                    "the proxy",
                    format!("'{}' is no address of a proxy", redact::text(proxy)),
                )
            })?
            .no_proxy(reqwest::NoProxy::from_env());
        builder = builder.proxy(proxy);
    }
    builder
        .build()
        .map_err(|error| unusable("the network", chain(&error)))
}

fn judge(url: &Url, response: Response) -> Result<Response> {
    let status = response.status();
    let shown = redact::url(url);
    match status {
        _ if status.is_success() => Ok(response),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(Error::NotFound {
            what: shown,
            hint: format!("the server answered {status}"),
        }),
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(Error::NeedsPassword {
            url: shown,
            hint: format!(
                "the server answered {status}. Put the user and password into the index URL or ~/.netrc, and check them if they are there"
            ),
        }),
        _ if status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT =>
        {
            Err(Error::Network {
                url: shown,
                reason: format!("the server answered {status}"),
            })
        }
        _ => Err(Error::Answer {
            url: shown,
            reason: status.to_string(),
        }),
    }
}

fn failed(url: &Url, error: &reqwest::Error) -> Error {
    let shown = redact::url(url);
    let reason = redact::text(&chain(error));
    if reason.to_ascii_lowercase().contains("certificate") {
        Error::Tls { url: shown, reason }
    } else {
        Error::Network { url: shown, reason }
    }
}

/// The causes of an error, innermost last; reqwest's own text names only the outermost.
fn chain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        cause = inner.source();
    }
    if parts.is_empty() {
        "the request failed".to_owned()
    } else {
        parts.join(": ")
    }
}

fn pause(tries: u32) -> Duration {
    Duration::from_millis(250 << tries.min(6))
}

async fn local_page(url: &Url) -> Result<Page> {
    let mut place = url.to_file_path().map_err(|()| no_path(url))?;
    if place.is_dir() {
        place.push("index.html");
    }
    match tokio::fs::read(&place).await {
        Ok(bytes) => Ok(Page {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            kind: "text/html".to_owned(),
            url: url.clone(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::NotFound {
            what: place.display().to_string(),
            hint: "there is no such page".to_owned(),
        }),
        Err(error) => Err(io("read", &place)(error)),
    }
}

fn no_path(url: &Url) -> Error {
    Error::NotFound {
        what: redact::url(url),
        hint: "the file URL names no place of this machine".to_owned(),
    }
}

fn too_large(url: &Url, limit: u64) -> Error {
    Error::TooLarge {
        what: redact::url(url),
        limit: format!("{limit} bytes"),
    }
}
