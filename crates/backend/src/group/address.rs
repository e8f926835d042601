//! The address at which the other ranks reach this one.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

use super::launch::Meeting;

/// Where a rank is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// A numeric address of this machine.
    pub(super) address: String,
    /// The network interface instead, where one was asked for.
    pub(super) interface: Option<String>,
}

impl Address {
    /// By the interface that leads to the meeting place, unless one was asked for. gloo's own choice is the address of this machine's
    /// name, which on many machines is one that only they themselves reach.
    ///
    /// # Errors
    /// The meeting place's name is unknown here, or no way leads to it.
    pub(super) fn own(meeting: &Meeting) -> io::Result<Self> {
        if meeting.interface.is_some() {
            return Ok(Self { address: String::new(), interface: meeting.interface.clone() });
        }
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for there in (meeting.host.as_str(), meeting.port).to_socket_addrs()? {
            match local(there) {
                Ok(address) => {
                    let address = if address.is_loopback() && !says_loopback(&meeting.host) {
                        outward().unwrap_or(address)
                    } else {
                        address
                    };
                    return Ok(Self { address: address.to_string(), interface: None });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// This machine's address on the way there. Nothing is sent.
fn local(there: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = if there.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(there)?;
    Ok(socket.local_addr()?.ip())
}

/// Whether all ranks are meant to be on one machine.
fn says_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The address on the way to other networks: this machine's own name stands for the machine itself in its list of names, but
/// others come from outside. The one asked for here is set aside for documents (RFC 5737).
fn outward() -> Option<IpAddr> {
    local(SocketAddr::from(([192, 0, 2, 1], 9))).ok().filter(|address| !address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::launch::Keeper;
    use super::*;

    fn meeting(host: &str, interface: Option<&str>) -> Meeting {
        let interface = interface.map(str::to_owned);
        Meeting { host: host.into(), port: 29500, keeper: Keeper::FirstRank, job: "test".into(), interface }
    }

    #[test]
    fn one_machine_meets_within_itself() {
        assert_eq!(Address::own(&meeting("127.0.0.1", None)).unwrap().address, "127.0.0.1");
        let named = Address::own(&meeting("localhost", None)).unwrap().address;
        assert!(named.parse::<IpAddr>().unwrap().is_loopback(), "{named}");
    }

    #[test]
    fn an_interface_that_was_asked_for_is_taken() {
        let own = Address::own(&meeting("nowhere.invalid", Some("eth1"))).unwrap();
        assert_eq!(own.interface.as_deref(), Some("eth1"));
        assert!(Address::own(&meeting("nowhere.invalid", None)).is_err());
    }
}
