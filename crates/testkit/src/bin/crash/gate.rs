//! The way of subscribers to whichever server there is.
//!
//! Servers come and go, each on a port of its own; subscribers know one address. Between two servers
//! the gate is shut, and connections through it can be cut.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    way: watch::Sender<Way>,
}

/// Where connections lead now.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    server: Option<SocketAddr>,
    cuts: u64,
}

impl Gate {
    pub(crate) async fn new() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let way = watch::Sender::new(Way::default());
        let ways = way.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, ways.clone()));
            }
        });
        Ok(Self { address, way })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads to this server from now on; to none, when there is none.
    pub(crate) fn open(&self, server: Option<SocketAddr>) {
        self.way.send_modify(|way| way.server = server);
    }

    /// Cuts every connection there is.
    pub(crate) fn cut(&self) {
        self.way.send_modify(|way| way.cuts += 1);
    }
}

/// Carries bytes between a client and the server until one of them ends, or the connection is cut.
/// An error on the way ends it like any other end.
async fn lead(client: TcpStream, mut ways: watch::Receiver<Way>) {
    let Way { server, cuts } = *ways.borrow();
    let Some(server) = server else { return };
    let Ok(server) = TcpStream::connect(server).await else { return };
    _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        _ = carry(from_server, to_client) => {}
        _ = carry(from_client, to_server) => {}
        _ = ways.wait_for(|way| way.cuts != cuts) => {}
    }
}

/// Everything that came is passed on, also when the sender has died since.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        let Some(read) = bytes.get(..count).filter(|read| !read.is_empty()) else { return Ok(()) };
        to.write_all(read).await?;
    }
}
