//! A server that a test scripts, in the protocol of Redis (RESP 2).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a command.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Sends this text.
    Text(&'static str),
    /// Ends the connection.
    End,
    /// Waits for the next command.
    Nothing,
}

pub(crate) const OK: Reply = Reply::Text("+OK\r\n");
pub(crate) const NIL: Reply = Reply::Text("$-1\r\n");

/// A running server. It ends with the runtime of the test.
pub(crate) struct FakeRedis {
    address: SocketAddr,
    commands: Arc<Mutex<Vec<Vec<String>>>>,
    connections: Arc<AtomicUsize>,
}

impl FakeRedis {
    /// A server that gives these replies to `SET`, in turn, and then `OK`. Each other command but
    /// the greeting is given the reply `others`.
    pub(crate) async fn start(replies: Vec<Reply>, others: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let commands = Arc::default();
        let script = Script {
            replies: Arc::new(Mutex::new(replies.into_iter())),
            others,
            commands: Arc::clone(&commands),
        };
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(script.clone().serve(connection));
            }
        });
        FakeRedis {
            address,
            commands,
            connections,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Every `SET` so far, with its arguments.
    pub(crate) fn sets(&self) -> Vec<Vec<String>> {
        let commands = self.commands.lock().unwrap();
        let sets = commands.iter().filter(|command| command[0] == "SET");
        sets.cloned().collect()
    }
}

#[derive(Clone)]
struct Script {
    replies: Arc<Mutex<std::vec::IntoIter<Reply>>>,
    others: Reply,
    commands: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Script {
    async fn serve(self, connection: TcpStream) {
        let mut connection = BufReader::new(connection);
        while let Some(command) = read_command(&mut connection).await {
            let reply = match command[0].as_str() {
                "SET" => self.replies.lock().unwrap().next().unwrap_or(OK),
                // The client says what it is.
                "CLIENT" => OK,
                _ => self.others.clone(),
            };
            self.commands.lock().unwrap().push(command);
            match reply {
                Reply::Text(text) => {
                    let sent = connection.get_mut().write_all(text.as_bytes()).await;
                    if sent.is_err() {
                        return;
                    }
                }
                Reply::End => return,
                Reply::Nothing => {}
            }
        }
    }
}

/// An array of strings, or `None` at the end.
async fn read_command(connection: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let arguments = read_number(connection, '*').await?;
    let mut command = Vec::new();
    for _ in 0..arguments {
        let length = read_number(connection, '$').await?;
        let mut text = vec![0; length + 2];
        connection.read_exact(&mut text).await.ok()?;
        text.truncate(length);
        command.push(String::from_utf8(text).unwrap());
    }
    Some(command)
}

async fn read_number(connection: &mut BufReader<TcpStream>, mark: char) -> Option<usize> {
    let mut line = String::new();
    connection.read_line(&mut line).await.ok()?;
    line.trim_end().strip_prefix(mark)?.parse().ok()
}
