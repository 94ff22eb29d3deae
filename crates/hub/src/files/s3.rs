//! Files at a service that speaks S3. Addresses are signed here and asked for with the HTTP client of the house; the
//! keys come from the environment and stand nowhere else.

use super::{Files, checked};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle, actions::ListObjectsV2};
use std::{
    io::{self, ErrorKind},
    sync::Arc,
    time::Duration,
};
use ureq::{
    http::{Response, StatusCode, header},
    tls::{Certificate, RootCerts, TlsConfig},
};

/// How long a signed address holds, and the longest that one request may take with all its tries.
const HOLDS: Duration = Duration::from_secs(300);
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a request is made before it has failed: such services answer "later" now and then.
const TRIES: u32 = 4;
/// The largest answer that is no file: a list, or what is wrong.
const MOST_TEXT: u64 = 4 << 20;

pub struct S3 {
    bucket: Bucket,
    credentials: Credentials,
    /// With a slash at its end, or nothing.
    prefix: String,
    agent: ureq::Agent,
    patience: Duration,
}

fn invalid(why: impl std::fmt::Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why.to_string())
}

impl S3 {
    /// `s3://bucket/prefix?endpoint=https://…&region=…`, keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    pub fn open(place: &str) -> io::Result<S3> {
        let credentials = Credentials::from_env()
            .ok_or_else(|| invalid("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"))?;
        S3::with(place, credentials)
    }

    /// The same with keys that are known already.
    pub fn with(place: &str, credentials: Credentials) -> io::Result<S3> {
        let rest = place
            .strip_prefix("s3://")
            .ok_or_else(|| invalid(format!("{place} does not begin with s3://")))?;
        let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        let (mut endpoint, mut region) = (None, None);
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("endpoint", value)) => endpoint = Some(value.to_owned()),
                Some(("region", value)) => region = Some(value.to_owned()),
                _ => return Err(invalid(format!("{option} is neither endpoint=… nor region=…"))),
            }
        }
        let prefix = match prefix.trim_end_matches('/') {
            "" => String::new(),
            prefix => format!("{}/", checked(prefix)?),
        };
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        // A service of one's own has no name for each bucket; Amazon wants one.
        let (endpoint, style) = match endpoint {
            Some(endpoint) => (endpoint, UrlStyle::Path),
            None => (
                format!("https://s3.{region}.amazonaws.com"),
                UrlStyle::VirtualHost,
            ),
        };
        if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
            return Err(invalid(format!(
                "{endpoint} is no address like https://s3.example.com"
            )));
        }
        let endpoint = endpoint
            .parse()
            .map_err(|_| invalid(format!("{endpoint} is no address")))?;
        let bucket = Bucket::new(endpoint, style, bucket.to_owned(), region).map_err(invalid)?;
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> = roots
            .iter()
            .map(|root| Certificate::from_der(root).to_owned())
            .collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::new_with_certs(&roots))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .timeout_connect(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Ok(S3 {
            bucket,
            credentials,
            prefix,
            agent: config.into(),
            patience: PATIENCE,
        })
    }

    fn key(&self, name: &str) -> io::Result<String> {
        Ok(format!("{}{}", self.prefix, checked(name)?))
    }

    /// Asks until it is answered with more than "later". Each try has half of what the ones before it could have left of
    /// the time, so that all of them together end within it.
    fn ask(
        &self,
        mut request: impl FnMut(&ureq::Agent, Option<Duration>) -> Result<Response<ureq::Body>, ureq::Error>,
    ) -> io::Result<Response<ureq::Body>> {
        let (mut tries, mut left) = (0, self.patience);
        loop {
            tries += 1;
            left /= 2;
            let outcome = request(&self.agent, Some(left));
            let later = match &outcome {
                Ok(answer) => {
                    answer.status().is_server_error() || answer.status() == StatusCode::TOO_MANY_REQUESTS
                }
                Err(_) => true,
            };
            if !later || tries == TRIES {
                return outcome.map_err(io::Error::other);
            }
            std::thread::sleep(Duration::from_millis(100 << tries));
        }
    }
}

/// The text of an answer that is no file.
fn text(mut answer: Response<ureq::Body>) -> io::Result<String> {
    answer
        .body_mut()
        .with_config()
        .limit(MOST_TEXT)
        .read_to_string()
        .map_err(io::Error::other)
}

fn refused(what: &str, answer: Response<ureq::Body>) -> io::Error {
    let status = answer.status();
    let said = text(answer).unwrap_or_default();
    // The word of the refusal; the rest repeats the request.
    let word = said
        .split("<Code>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    io::Error::other(format!(
        "{what}: the file service answered {status} {}",
        word.unwrap_or_default()
    ))
}

impl Files for S3 {
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let key = self.key(name)?;
        let answer = self.ask(|agent, left| {
            let address = self.bucket.put_object(Some(&self.credentials), &key).sign(HOLDS);
            agent
                .put(address.as_str())
                .config()
                .timeout_global(left)
                .build()
                .send(bytes)
        })?;
        match answer.status() {
            StatusCode::OK => Ok(()),
            _ => Err(refused(name, answer)),
        }
    }

    fn get(&self, name: &str, from: u64, most: u64) -> io::Result<Option<Vec<u8>>> {
        let key = self.key(name)?;
        let Some(last) = from
            .saturating_add(most)
            .checked_sub(1)
            .filter(|last| *last >= from)
        else {
            return Ok(Some(vec![]));
        };
        let mut answer = self.ask(|agent, left| {
            let address = self.bucket.get_object(Some(&self.credentials), &key).sign(HOLDS);
            agent
                .get(address.as_str())
                .config()
                .timeout_global(left)
                .build()
                .header(header::RANGE, format!("bytes={from}-{last}"))
                .call()
        })?;
        match answer.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => {}
            StatusCode::RANGE_NOT_SATISFIABLE => return Ok(Some(vec![])),
            StatusCode::NOT_FOUND => {
                let said = text(answer)?;
                return match said.contains("NoSuchKey") {
                    true => Ok(None),
                    false => Err(io::Error::other(format!(
                        "{name}: the file service has no such place"
                    ))),
                };
            }
            _ => return Err(refused(name, answer)),
        }
        // A service that does not know ranges sends all of it.
        let skipped = match answer.status() {
            StatusCode::OK => from,
            _ => 0,
        };
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(skipped.saturating_add(most).saturating_add(1))
            .read_to_vec()
            .map_err(io::Error::other)?;
        let whole = usize::try_from(skipped).unwrap_or(usize::MAX).min(bytes.len());
        Ok(Some(bytes[whole..].to_vec()))
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<(String, u64)>> {
        let below = match prefix {
            "" => self.prefix.clone(),
            prefix => self.key(prefix)?,
        };
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let answer = self.ask(|agent, left| {
                let mut list = self.bucket.list_objects_v2(Some(&self.credentials));
                list.with_prefix(below.clone());
                if let Some(token) = &next {
                    list.with_continuation_token(token.clone());
                }
                agent
                    .get(list.sign(HOLDS).as_str())
                    .config()
                    .timeout_global(left)
                    .build()
                    .call()
            })?;
            if answer.status() != StatusCode::OK {
                return Err(refused(prefix, answer));
            }
            let page = ListObjectsV2::parse_response(&text(answer)?).map_err(io::Error::other)?;
            for one in page.contents {
                if let Some(name) = one.key.strip_prefix(&self.prefix) {
                    let size = one.size.ok_or_else(|| io::Error::other("a list without sizes"))?;
                    found.push((name.to_owned(), size));
                }
            }
            next = page.next_continuation_token;
            if next.is_none() {
                found.sort();
                return Ok(found);
            }
        }
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        let key = self.key(name)?;
        let answer = self.ask(|agent, left| {
            let address = self
                .bucket
                .delete_object(Some(&self.credentials), &key)
                .sign(HOLDS);
            agent
                .delete(address.as_str())
                .config()
                .timeout_global(left)
                .build()
                .call()
        })?;
        match answer.status() {
            StatusCode::OK | StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(()),
            _ => Err(refused(name, answer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "how long it takes is what this is about"
    )]
    fn a_service_that_never_answers_is_given_up_in_one_time_for_all_tries() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = silent.local_addr().expect("an address").port();
        let place = format!("s3://shops?endpoint=http://127.0.0.1:{port}&region=in-1");
        let patience = Duration::from_secs(3);
        let hung = S3 {
            patience,
            ..S3::with(&place, Credentials::new("key", "secret")).expect("a place")
        };
        let begun = std::time::Instant::now();
        assert!(hung.get("a", 0, 1).is_err());
        // Four times all of it would be twelve seconds; there are pauses too.
        assert!(begun.elapsed() < patience * 2, "{:?}", begun.elapsed());
    }

    #[test]
    fn places_are_read_and_mistakes_said() {
        let open = |place: &str| S3::with(place, Credentials::new("key", "secret"));
        let here = open("s3://shops/hub/one?endpoint=http://127.0.0.1:9000&region=in-1").expect("a place");
        assert_eq!((here.bucket.name(), here.bucket.region()), ("shops", "in-1"));
        assert_eq!(here.key("a/b-1").expect("a key"), "hub/one/a/b-1");
        let amazon = open("s3://shops?region=ap-south-1").expect("a place");
        let address = amazon.bucket.object_url("a");
        assert_eq!(address.as_str(), "https://shops.s3.ap-south-1.amazonaws.com/a");
        for wrong in [
            "s3:/shops",
            "s3://shops?colour=red",
            "s3://shops?endpoint=ftp://x",
            "s3://shops/../x",
        ] {
            assert!(open(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "../a", "a//b", "a/.b", "/a"] {
            assert!(amazon.key(wrong).is_err(), "{wrong}");
        }
    }
}
