//! Certificates, credentials and time limits of git's transports, and what their errors mean.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Once;
use std::time::Instant;

use git2::{
    Config, Cred, CredentialHelper, CredentialType, ErrorClass, ErrorCode, FetchOptions,
    ProxyOptions, RemoteCallbacks,
};
use url::Url;

use crate::error::Error;
use crate::settings::{Credentials, split_credentials};
use crate::{Limits, Settings};

/// Sets libgit2 up, once a process: its certificate bundle and the longest wait for a server.
pub(super) fn set_up(settings: &Settings, limits: &Limits) {
    static ONCE: Once = Once::new();
    accept_any_owner();
    ONCE.call_once(|| {
        let configured = || Config::open_default().and_then(|config| config.get_path("http.sslCAInfo")).ok();
        let bundle = std::env::var_os("GIT_SSL_CAINFO")
            .map(PathBuf::from)
            .or_else(configured)
            .or_else(|| settings.authorities.clone());
        let wait = i32::try_from(limits.stall.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: these set process-wide values of libgit2 that its transports read when they connect.
        // This runs once, before this crate makes its first connection, and no other crate uses git2.
        let outcome = unsafe {
            bundle
                .as_ref()
                .map_or(Ok(()), |bundle| git2::opts::set_ssl_cert_file(bundle))
                .and_then(|()| git2::opts::set_server_connect_timeout_in_milliseconds(wait))
                .and_then(|()| git2::opts::set_server_timeout_in_milliseconds(wait))
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, bundle = ?bundle, "git's certificate bundle or timeouts could not be set");
        }
    });
}

/// Lets libgit2 open repositories of other users, once a process: root builds for the sandbox's user, and a
/// repository that the user names may be a colleague's. What git's own check of owners guards against are
/// hooks and commands in a foreign configuration; libgit2 runs neither.
pub(crate) fn accept_any_owner() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: this sets a process-wide flag of libgit2 that is read when a repository is opened. It runs
        // once, before this crate opens its first repository, and no other crate uses git2.
        if let Err(error) = unsafe { git2::opts::set_verify_owner_validation(false) } {
            tracing::warn!(%error, "repositories of other users cannot be opened");
        }
    });
}

/// Callbacks that answer for credentials without ever asking a person, and end a transfer at its bounds.
pub(super) fn callbacks<'c>(
    url: &Url,
    settings: &Settings,
    limits: &Limits,
) -> RemoteCallbacks<'c> {
    let mut callbacks = RemoteCallbacks::new();
    let mut offers = Offers::new(url, settings);
    callbacks.credentials(move |address, user, allowed| offers.next(address, user, allowed));
    let (deadline, most) = (Instant::now() + limits.transfer, limits.download_bytes);
    let over = Rc::new(Cell::new(false));
    let seen = Rc::clone(&over);
    callbacks.transfer_progress(move |progress| {
        let fine = Instant::now() < deadline && progress.received_bytes() as u64 <= most;
        seen.set(!fine);
        fine
    });
    callbacks.sideband_progress(move |_| Instant::now() < deadline && !over.get());
    if settings.trusts(url) {
        callbacks.certificate_check(|_, _| Ok(git2::CertificateCheckStatus::CertificateOk));
    }
    callbacks
}

/// Options of a fetch, with git's own proxy settings.
pub(super) fn fetch_options<'c>(
    url: &Url,
    settings: &Settings,
    limits: &Limits,
    depth: i32,
) -> FetchOptions<'c> {
    let mut options = FetchOptions::new();
    options
        .remote_callbacks(callbacks(url, settings, limits))
        .proxy_options(proxy(settings))
        .download_tags(git2::AutotagOption::None)
        .update_fetchhead(false)
        .depth(depth);
    options
}

/// The proxy that pip's settings name, or what git's configuration and the environment say.
pub(super) fn proxy<'p>(settings: &Settings) -> ProxyOptions<'p> {
    let mut options = ProxyOptions::new();
    match &settings.proxy {
        Some(proxy) => options.url(proxy),
        None => options.auto(),
    };
    options
}

/// Credentials to offer, each once: a server that refuses one is offered the next, and then none.
struct Offers {
    passwords: Vec<Source>,
    keys: Vec<Key>,
}

enum Source {
    Known(Credentials),
    Helper,
}

enum Key {
    Agent,
    File(PathBuf),
}

impl Offers {
    fn new(url: &Url, settings: &Settings) -> Self {
        let own = split_credentials(url).1.filter(|_| url.scheme() != "ssh");
        let noted = url
            .host_str()
            .and_then(|host| settings.netrc.credentials_for(host));
        let mut passwords = vec![Source::Helper];
        passwords.extend(noted.map(Source::Known));
        passwords.extend(own.map(Source::Known));
        let home = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        let mut keys: Vec<Key> = ["id_rsa", "id_ecdsa", "id_ed25519"]
            .iter()
            .map(|name| home.join(".ssh").join(name))
            .filter(|file| file.is_file())
            .map(Key::File)
            .collect();
        keys.push(Key::Agent);
        Self { passwords, keys }
    }

    fn next(
        &mut self,
        address: &str,
        user: Option<&str>,
        allowed: CredentialType,
    ) -> Result<Cred, git2::Error> {
        let login = user.unwrap_or("git");
        if allowed.contains(CredentialType::USERNAME) {
            return Cred::username(login);
        }
        while allowed.contains(CredentialType::SSH_KEY) {
            let offer = match self.keys.pop() {
                None => break,
                Some(Key::Agent) => Cred::ssh_key_from_agent(login),
                // A key under a passphrase cannot be unlocked here; the agent is there for that.
                Some(Key::File(file)) => Cred::ssh_key(login, None, &file, None),
            };
            if offer.is_ok() {
                return offer;
            }
        }
        while allowed.contains(CredentialType::USER_PASS_PLAINTEXT) {
            match self.passwords.pop() {
                None => break,
                Some(Source::Known(known)) => {
                    return Cred::userpass_plaintext(&known.user, known.password.reveal());
                }
                Some(Source::Helper) => {
                    let mut helper = CredentialHelper::new(address);
                    if let Ok(config) = Config::open_default() {
                        helper.username(user).config(&config);
                    }
                    if let Some((user, password)) = helper.execute() {
                        return Cred::userpass_plaintext(&user, &password);
                    }
                }
            }
        }
        Err(git2::Error::new(
            ErrorCode::Auth,
            ErrorClass::Callback,
            "no credentials were accepted",
        ))
    }
}

/// What an error of libgit2 means for the user. `url` is redacted already.
pub(super) fn explain(url: &str, error: &git2::Error) -> Error {
    let (url, reason) = (url.to_owned(), crate::redact::text(error.message()));
    let lower = reason.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if error.code() == ErrorCode::Certificate || error.class() == ErrorClass::Ssl {
        return Error::Tls { url, reason };
    }
    if error.code() == ErrorCode::Auth
        || says(&["status code: 401", "status code: 403", "authenticat"])
    {
        return Error::NeedsPassword {
            url,
            hint: "or it does not exist: hosts do not tell the two apart. Credentials are taken from the URL, ~/.netrc, \
                   git's credential helpers, and for ssh from the agent and the keys in ~/.ssh"
                .to_owned(),
        };
    }
    if error.code() == ErrorCode::Owner {
        return Error::Git {
            url: url.clone(),
            reason: format!(
                "it belongs to another user; allow it with: git config --global --add safe.directory '{}'",
                url.trim_start_matches("file://")
            ),
        };
    }
    if says(&["no space left"]) {
        return Error::DiskFull {
            path: PathBuf::from(url),
        };
    }
    if says(&[
        "status code: 404",
        "repository not found",
        "does not appear to be a git repository",
    ]) {
        return Error::NotFound {
            what: format!("the repository {url}"),
            hint: "check the address; a private one may also answer like this".to_owned(),
        };
    }
    match error.class() {
        ErrorClass::Net | ErrorClass::Http | ErrorClass::Ssh | ErrorClass::Os => {
            Error::Network { url, reason }
        }
        ErrorClass::Callback => Error::TooLarge {
            what: format!("the transfer of {url}"),
            limit: "the bytes or the time a download may take".to_owned(),
        },
        _ => Error::Git { url, reason },
    }
}
