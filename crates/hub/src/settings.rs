//! Where the hub is, where its files are kept, and who asks.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::HubError;

const ENDPOINT: &str = "https://huggingface.co";
/// Bytes of a file with a token, at most.
const MOST_TOKEN: u64 = 4096;

/// The hub as this process may use it.
#[derive(Clone)]
pub struct Hub {
    /// Without a slash at its end.
    pub(crate) endpoint: String,
    /// The folder with `models--…`.
    pub(crate) cache: PathBuf,
    pub(crate) token: Option<Token>,
    pub(crate) offline: bool,
    pub(crate) patience: Patience,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From a failure to the next try; twice as long each time.
    pub(crate) pause: Duration,
    /// Without a single byte, until a connection counts as broken.
    pub(crate) silence: Duration,
}

const PATIENCE: Patience = Patience { pause: Duration::from_secs(1), silence: Duration::from_secs(30) };

/// Who asks. Its text goes into a header and nowhere else.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// Where it comes from.
    pub(crate) place: String,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("token", &self.token.as_ref().map(|token| &token.place))
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// As the variables of the environment say, which are those of `huggingface_hub`.
    ///
    /// # Errors
    /// [`HubError::Variable`] where one cannot be what it says.
    pub fn from_environment() -> Result<Self, HubError> {
        Self::of(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// As `variable` says of each variable.
    pub(crate) fn of(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, HubError> {
        let path = |name: &str| variable(name).map(PathBuf::from);
        let flag = |name: &str| {
            variable(name).is_some_and(|value| {
                matches!(value.to_string_lossy().to_lowercase().as_str(), "1" | "on" | "yes" | "true")
            })
        };
        let own_home = || {
            let cache =
                path("XDG_CACHE_HOME").or_else(|| Some(path("HOME").or_else(|| path("USERPROFILE"))?.join(".cache")));
            cache.map(|cache| cache.join("huggingface"))
        };
        let home = path("HF_HOME").or_else(own_home).ok_or_else(|| HubError::Variable {
            variable: "HF_HOME",
            reason: "is not set, and neither is `HOME`: say where files of the hub are to be kept".into(),
        })?;
        let cache = path("HF_HUB_CACHE").or_else(|| path("HUGGINGFACE_HUB_CACHE")).unwrap_or_else(|| home.join("hub"));
        let endpoint = match variable("HF_ENDPOINT") {
            None => ENDPOINT.to_owned(),
            Some(given) => endpoint(&given.to_string_lossy())?,
        };
        let token = if flag("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            None
        } else {
            let file = path("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
            let given = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].into_iter().find_map(|name| {
                let text = variable(name)?.to_string_lossy().trim().to_owned();
                Some(Token { text, place: format!("`{name}`") })
            });
            given.or_else(|| of_file(&file)).filter(|token| !token.text.is_empty())
        };
        let offline = flag("HF_HUB_OFFLINE") || flag("TRANSFORMERS_OFFLINE");
        Ok(Self { endpoint, cache, token, offline, patience: PATIENCE })
    }

    /// Whether nothing may be fetched.
    pub fn is_offline(&self) -> bool {
        self.offline
    }

    /// Where a person finds a file.
    pub fn address(&self, repository: &str, revision: &str, file: &str) -> String {
        format!("{}/{repository}/resolve/{revision}/{file}", self.endpoint)
    }

    /// Where a person finds a repository.
    pub fn page(&self, repository: &str) -> String {
        format!("{}/{repository}", self.endpoint)
    }
}

fn of_file(path: &Path) -> Option<Token> {
    let bytes = foretask_files::read(path, MOST_TOKEN).ok()?;
    Some(Token { text: String::from_utf8(bytes).ok()?.trim().to_owned(), place: format!("`{}`", path.display()) })
}

fn endpoint(given: &str) -> Result<String, HubError> {
    let trimmed = given.trim_end_matches('/');
    let host = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    if host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace)) {
        return Ok(trimmed.to_owned());
    }
    let reason = format!("is \"{given}\", which is no address: it begins with https:// or http://");
    Err(HubError::Variable { variable: "HF_ENDPOINT", reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> Result<Hub, HubError> {
        Hub::of(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn folders_follow_from_variables_as_in_huggingface_hub() {
        let cache = |set: &[(&str, &str)]| of(set).unwrap().cache;
        assert_eq!(cache(&[("HOME", "/h")]), Path::new("/h/.cache/huggingface/hub"));
        assert_eq!(cache(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), Path::new("/x/huggingface/hub"));
        assert_eq!(cache(&[("HOME", "/h"), ("HF_HOME", "/f")]), Path::new("/f/hub"));
        assert_eq!(cache(&[("HF_HOME", "/f"), ("HF_HUB_CACHE", "/c")]), Path::new("/c"));
        assert!(of(&[]).unwrap_err().to_string().contains("HF_HOME"));
    }

    #[test]
    fn endpoint_token_and_offline() {
        let home = tempfile::tempdir().unwrap();
        let at = home.path().to_str().unwrap();
        let hub = of(&[("HF_HOME", at)]).unwrap();
        assert_eq!((hub.endpoint.as_str(), hub.offline, hub.token.is_none()), (ENDPOINT, false, true));
        std::fs::write(home.path().join("token"), "hf_file\n").unwrap();
        let token =
            |set: &[(&str, &str)]| of(&[&[("HF_HOME", at)], set].concat()).unwrap().token.map(|token| token.text);
        assert_eq!(token(&[]).as_deref(), Some("hf_file"));
        assert_eq!(token(&[("HF_TOKEN", " hf_own ")]).as_deref(), Some("hf_own"));
        assert_eq!(token(&[("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
        // What is printed of it holds no token.
        let shown = format!("{:?}", of(&[("HF_HOME", at), ("HF_TOKEN", "hf_secret")]).unwrap());
        assert!(shown.contains("HF_TOKEN") && !shown.contains("hf_secret"), "{shown}");
        let hub = of(&[("HF_HOME", at), ("HF_ENDPOINT", "http://mirror:8080/hf/"), ("HF_HUB_OFFLINE", "ON")]).unwrap();
        assert!(hub.offline);
        assert_eq!(hub.address("a/b", "main", "c"), "http://mirror:8080/hf/a/b/resolve/main/c");
        let error = of(&[("HF_HOME", at), ("HF_ENDPOINT", "huggingface.co")]).unwrap_err().to_string();
        assert!(error.contains("HF_ENDPOINT") && error.contains("https://"), "{error}");
    }
}
