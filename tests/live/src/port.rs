//! The port that a server is given before it starts.

use tokio::net::TcpSocket;

/// A port of this machine that no other process is given, also while the server is stopped.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    /// Bound, and never listening.
    held: Option<TcpSocket>,
}

impl Port {
    pub(crate) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().expect("there are sockets");
        socket
            .set_reuseaddr(true)
            .expect("addresses can be used again");
        socket
            .bind(([127, 0, 0, 1], 0).into())
            .expect("a port is free");
        Port {
            number: socket.local_addr().expect("it is bound").port(),
            held: Some(socket),
        }
    }

    /// On Linux two sockets that both set reuse can have one port as long as at most one listens,
    /// so the port is never free. Elsewhere it is free for a moment.
    pub(crate) fn leave_to_server(&mut self) {
        if !cfg!(target_os = "linux") {
            self.held = None;
        }
    }
}
