//! A port that can be closed and opened again, and the connections that came by it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// A loopback port with its connections. Opening and closing has happened when the call returns.
pub(super) struct Door {
    address: SocketAddr,
    runtime: Handle,
    state: Mutex<State>,
}

struct State {
    port: Port,
    /// Who waits for a connection. A listener forgets it when it is dropped, so it is kept here.
    waiting: Option<Waker>,
    connections: JoinSet<()>,
}

enum Port {
    Open(TcpListener),
    /// Bound without listening: connects are refused, and no one else gets the port.
    Closed(TcpSocket),
    Freed,
}

impl Door {
    /// A door that is open, at a port of the system's choice.
    pub(super) async fn open_any() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Door {
            address: listener.local_addr()?,
            runtime: Handle::current(),
            state: Mutex::new(State {
                port: Port::Open(listener),
                waiting: None,
                connections: JoinSet::new(),
            }),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Refuses connects, and ends the connections there are.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.connections.abort_all();
        if let Port::Open(_) = state.port {
            // The listener is dropped first, since its port can't be bound twice.
            state.port = Port::Freed;
            let reserved = reserve(self.address).expect("a port just closed can be bound");
            state.port = Port::Closed(reserved);
        }
    }

    /// Accepts connects again.
    pub(super) fn open(&self) {
        let mut state = self.state();
        match std::mem::replace(&mut state.port, Port::Freed) {
            Port::Closed(reserved) => {
                let _context = self.runtime.enter();
                let listener = reserved
                    .listen(BACKLOG)
                    .expect("a port held is listened on");
                state.port = Port::Open(listener);
                if let Some(waiting) = state.waiting.take() {
                    waiting.wake();
                }
            }
            other => state.port = other,
        }
    }

    /// Gives the port up, and ends the connections.
    pub(super) fn free(&self) {
        let mut state = self.state();
        state.port = Port::Freed;
        state.connections.abort_all();
    }

    /// The next connection; waits while the door is closed.
    pub(super) async fn accept(&self) -> TcpStream {
        loop {
            match std::future::poll_fn(|context| self.poll_accept(context)).await {
                Ok(connection) => return connection,
                // Of one connection (gone already) or of the system (out of descriptors): neither
                // ends a server.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let mut state = self.state();
        state.waiting = Some(context.waker().clone());
        match &state.port {
            Port::Open(listener) => {
                let accepted = listener.poll_accept(context);
                accepted.map(|accepted| accepted.map(|(connection, _)| connection))
            }
            Port::Closed(_) | Port::Freed => Poll::Pending,
        }
    }

    /// Serves a connection until it ends or the door is closed.
    pub(super) fn admit(&self, serve: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.state();
        while state.connections.try_join_next().is_some() {}
        // It may have been closed since the connection was accepted.
        if let Port::Open(_) = state.port {
            state.connections.spawn_on(serve, &self.runtime);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections of before may linger at this port. On Windows the option would let others take
    // it.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
