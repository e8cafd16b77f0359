//! The port while the server refuses, and after its end.

use std::io::ErrorKind;
use std::net::TcpListener;

use resource_server::testing::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::{
    HOUR, PATIENCE, address, client, exchange, get_status, io_kind, start,
};

async fn refuse_and_recover() {
    let server = start().await;
    let client = client();
    let (url, port) = (server.jwks_url(), address(&server));
    for _ in 0..3 {
        let mut kept = TcpStream::connect(port).await.unwrap();
        exchange(&mut kept).await.unwrap();
        server.fail(Fault::Refused);
        server.fail(Fault::Refused);
        let error = client.get(&url).send().await.unwrap_err();
        assert!(error.is_connect());
        assert_eq!(io_kind(&error), Some(ErrorKind::ConnectionRefused));
        exchange(&mut kept).await.unwrap_err();
        server.recover();
        server.recover();
        assert_eq!(get_status(&client, &url).await, 200);
        exchange(&mut kept).await.unwrap_err();
    }
    assert_eq!(server.fetches().jwks, 6);

    // By a thread outside the runtime.
    let other = std::thread::spawn(move || {
        server.fail(Fault::Refused);
        server.recover();
        server
    });
    let server = other.join().unwrap();
    assert_eq!(get_status(&client, server.jwks_url()).await, 200);
}

#[tokio::test]
async fn a_refusing_server_recovers_at_the_same_port() {
    refuse_and_recover().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusing_server_recovers_at_the_same_port_with_threads() {
    refuse_and_recover().await;
}

#[tokio::test]
async fn a_closed_port_stays_reserved() {
    let server = start().await;
    server.fail(Fault::Refused);
    let others: Vec<_> = (0..500)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    assert!(
        others
            .iter()
            .all(|other| other.local_addr().unwrap() != address(&server))
    );
    server.recover();
    assert_eq!(get_status(&client(), server.jwks_url()).await, 200);
}

async fn drop_and_look() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    for fault in [
        None,
        Some(Fault::Endless),
        Some(Fault::Delay(HOUR)),
        Some(Fault::Refused),
    ] {
        let before = tasks();
        let server = start().await;
        let port = address(&server);
        let mut own = TcpStream::connect(port).await.unwrap();
        exchange(&mut own).await.unwrap();
        if let Some(fault) = fault {
            server.fail(fault);
        }
        let _ = own.write_all(b"GET /jwks HTTP/1.1\r\n\r\n").await;
        drop(server);
        let listener = TcpListener::bind(port).unwrap();
        drop(listener);
        let refused = TcpStream::connect(port).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let end = async { while !matches!(own.read(&mut [0; 4096]).await, Ok(0) | Err(_)) {} };
        tokio::time::timeout(PATIENCE, end).await.unwrap();
        while tasks() > before {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn dropping_it_frees_the_port_and_ends_its_tasks() {
    drop_and_look().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_it_frees_the_port_and_ends_its_tasks_with_threads() {
    drop_and_look().await;
}

#[test]
fn it_may_outlive_its_runtime() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let server = runtime().block_on(start());
    server.fail(Fault::Garbage);
    server.issuer().rotate_keys();
    let port = address(&server);
    drop(server);
    TcpListener::bind(port).unwrap();
}
