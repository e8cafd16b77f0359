//! A server of Redis, and commands to it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use std::{env, fs, process};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::port::Port;

/// A start needs some milliseconds. The rest is for a machine that is busy.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What the server writes when it is ready.
const READY: &str = "Ready to accept connections";

/// The server ends when the standard input of this does. So it also ends with a test process that
/// dies before it can drop anything.
const RUN: &str = r#"redis-server "$@" & server=$!; cat; kill -9 "$server"; wait"#;

/// A server of Redis on a port of its own, which ends when this is dropped. It starts by
/// [`start`](Self::start), and writes every change to a file before it replies.
#[derive(Debug)]
pub struct RedisServer {
    port: Port,
    folder: PathBuf,
    process: Option<Child>,
}

impl RedisServer {
    /// A server that is not started.
    ///
    /// # Panics
    /// When no folder can be made for its files.
    #[must_use]
    pub fn stopped() -> Self {
        let mut port = Port::reserve();
        port.leave_to_server();
        let name = format!("resource-server-redis-{}-{}", process::id(), port.number);
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder can be made");
        RedisServer {
            port,
            folder,
            process: None,
        }
    }

    /// A server that is started with these options.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn started(options: &[&str]) -> Self {
        let mut server = Self::stopped();
        server.start(options).await;
        server
    }

    /// Starts it on the files of its last run, with options such as `--requirepass secret`.
    ///
    /// # Panics
    /// Without the package redis-server of Debian, or when the server isn't ready within a minute.
    pub async fn start(&mut self, options: &[&str]) {
        let port = self.port.number.to_string();
        let mut process = Command::new("sh")
            .args(["-c", RUN, "sh", "--bind", "127.0.0.1", "--port", &port])
            .args([
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                "--dir",
            ])
            .arg(&self.folder)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("sh can be started");
        let mut lines =
            BufReader::new(process.stdout.take().expect("a pipe was asked for")).lines();
        let mut log = String::new();
        let ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                log.push_str(&line);
                log.push('\n');
                if line.contains(READY) {
                    return true;
                }
            }
            false
        };
        let is_ready = timeout(START_LIMIT, ready).await == Ok(true);
        assert!(
            is_ready,
            "redis-server is not ready: is it installed?\n{log}"
        );
        // A pipe that is full, or closed, would stop the server.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.process = Some(process);
    }

    /// Ends it at once, as a crash would.
    ///
    /// # Panics
    /// When it is not started, or can't be waited for.
    pub async fn crash(&mut self) {
        let mut process = self.process.take().expect("it is started");
        drop(process.stdin.take());
        process.wait().await.expect("a process can be waited for");
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port.number)
    }

    /// The URL, without user information.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// The reply to a command, over a connection of its own: without its mark, and of a string
    /// its text.
    ///
    /// # Panics
    /// When the server can't be reached, or the reply is an error or an array.
    pub async fn ask(&self, command: &[&str]) -> String {
        let connection = TcpStream::connect(self.address()).await;
        let mut connection = BufReader::new(connection.expect("the server is running"));
        let mut request = format!("*{}\r\n", command.len()).into_bytes();
        for word in command {
            request.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
        }
        let sent = connection.get_mut().write_all(&request).await;
        sent.expect("a command can be sent");
        let mut line = String::new();
        let read = connection.read_line(&mut line).await;
        read.expect("there is a reply");
        let (mark, reply) = line.trim_end().split_at(1);
        match mark {
            "+" | ":" => reply.to_owned(),
            "$" => {
                let length = reply.parse().expect("a string that is there");
                let mut text = vec![0; length];
                let read = connection.read_exact(&mut text).await;
                read.expect("the string is whole");
                String::from_utf8(text).expect("the string is text")
            }
            _ => panic!("{command:?} is replied to with {line}"),
        }
    }

    /// Seconds since 1970 on the server's clock.
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    pub async fn now(&self) -> i64 {
        let script = ["EVAL", "return redis.call('TIME')[1]", "0"];
        let seconds = self.ask(&script).await;
        seconds.parse().expect("the time is a number")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // The server ends with its input. It may write until then, so a folder may remain.
        drop(self.process.take());
        let _ = fs::remove_dir_all(&self.folder);
    }
}
