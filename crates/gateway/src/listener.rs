//! A port that many may come to at once.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// How many may wait to be let in; the system may allow fewer (on Linux `net.core.somaxconn`,
/// 4,096). It turns others away without a word, and they try again after a second, after three,
/// after seven: a thousand, as others have it, is soon reached by those who come back together.
const WAITING: u32 = 65_535;

/// Listens at `address`, with room for many who come at once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let listener = monoxide_gateway::listen(([127, 0, 0, 1], 0).into())?;
/// assert_ne!(listener.local_addr()?.port(), 0);
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// When the address is taken, or is not one of this machine.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Connections of a server that was here before may still be ending. On Windows it would let
    // two servers have the same address.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}
