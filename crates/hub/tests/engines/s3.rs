//! A file service that speaks S3, on a port of this machine: moto in the folder that `./dev` makes for it.

use super::python::PythonServer;
use hub::files::S3;
use rusty_s3::Credentials;
use std::process::Stdio;

pub struct Service(PythonServer);

impl Service {
    pub fn start() -> Service {
        // It writes a line for each request.
        Service(PythonServer::start("files", &[], Stdio::null()))
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.0.port)
    }

    /// How a hub is told of it.
    pub fn place(&self, bucket: &str) -> String {
        format!("s3://{bucket}/hub?endpoint={}&region=us-east-1", self.endpoint())
    }

    /// A new bucket, and a hub's way to it.
    pub async fn bucket(&self, bucket: &str) -> S3 {
        let made = reqwest::Client::new()
            .put(format!("{}/{bucket}", self.endpoint()))
            .send()
            .await
            .expect("it answers");
        assert!(made.status().is_success());
        let place = self.place(bucket);
        let opened = tokio::task::spawn_blocking(move || S3::with(&place, Credentials::new("key", "secret")));
        opened.await.expect("no panic").expect("a place")
    }

    pub fn kill(&mut self) {
        self.0.kill();
    }
}
