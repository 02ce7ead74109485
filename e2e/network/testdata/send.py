"""Sends something to each address of the arguments, KIND/HOST/PORT, and says what came of it.

What arrives is counted outside; nothing here decides a test by itself.
"""

import errno
import fcntl
import socket
import struct
import sys
import time

INET = {4: socket.AF_INET, 6: socket.AF_INET6}
MPTCP = 262


def addresses(host, port, kind):
    return [(a[0], a[4]) for a in socket.getaddrinfo(host, port, 0, kind)]


def links():
    """The network interfaces, by ioctl(2): the list takes a socket of netlink(7)."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for name in "eth0", "dum0", "lo":
            request = struct.pack("16s24x", name.encode())
            try:
                reply = fcntl.ioctl(s, 0x8933, request)  # SIOCGIFINDEX
            except OSError:
                continue
            found.append((struct.unpack("16xi20x", reply)[0], name))
    return found


def stream(host, port, protocol=0):
    """Connects to the first address that takes the connection, and waits for its end."""
    failure = OSError("no address")
    for family, to in addresses(host, port, socket.SOCK_STREAM):
        with socket.socket(family, socket.SOCK_STREAM, protocol) as s:
            s.settimeout(5)
            try:
                s.connect(to)
                s.sendall(b"\0\3x\r\n\r\n")  # which ends a message of DNS, and a request
                return "got %r" % s.recv(100)
            except OSError as e:
                failure = e
    raise failure


def fastopen(host, port):
    """Sends data with the first packet (MSG_FASTOPEN of tcp(7))."""
    family, to = addresses(host, port, socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.sendto(b"x", socket.MSG_FASTOPEN, to)
        return "got %r" % s.recv(100)


def datagram(host, port):
    """Also to broadcast and multicast addresses."""
    family, to = addresses(host, port, socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if family == socket.AF_INET6 and host.startswith("ff"):
            to = (to[0], to[1], 0, links()[0][0])
        s.sendto(b"x" * 40, to)
        return "sent"


def connected(host, port):
    """By a socket that is connected, of which the kernel tells errors."""
    family, to = addresses(host, port, socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(0.2)
        s.connect(to)
        s.send(b"x" * 40)
        return "got %r" % s.recv(100)


def echo(host, kind):
    """Asks for an echo, by a socket of icmp(7) or a raw one."""
    family, to = addresses(host, 0, socket.SOCK_DGRAM)[0]
    v4 = family == socket.AF_INET
    with socket.socket(family, kind, socket.IPPROTO_ICMP if v4 else socket.IPPROTO_ICMPV6) as s:
        packet = struct.pack("!BBHHH", 8 if v4 else 128, 0, 0, 0, 1)
        total = sum(struct.unpack("!4H", packet))
        s.sendto(struct.pack("!BBHHH", packet[0], 0, 0xFFFF - total, 0, 1), to)
        return "sent"


def raw(host, protocol):
    """Sends a packet of some protocol."""
    family, to = addresses(host, 0, socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_RAW, protocol) as s:
        s.sendto(b"x" * 40, to)
        return "sent"


def frame():
    """Sends a frame by each link, past the addresses (packet(7))."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        for _, name in links():
            s.bind((name, 0))
            s.send(b"\xff" * 6 + b"\x02" * 6 + b"\x08\x00" + b"\x45" + b"\0" * 50)
        return "sent"


def act(kind, host, port):
    if kind == "tcp":
        return stream(host, port)
    if kind == "mptcp":
        return stream(host, port, MPTCP)
    if kind == "fastopen":
        return fastopen(host, port)
    if kind == "udp":
        return datagram(host, port)
    if kind == "connected":
        return connected(host, port)
    if kind == "icmp":
        return echo(host, socket.SOCK_DGRAM)
    if kind == "rawicmp":
        return echo(host, socket.SOCK_RAW)
    if kind == "raw":
        return raw(host, port)
    if kind == "frame":
        return frame()
    if kind == "sleep":
        time.sleep(port / 1000)
        return "slept"
    raise SystemExit("unknown kind " + kind)


for argument in sys.argv[1:]:
    kind, host, port = argument.split("/")
    began = time.monotonic()
    try:
        result = act(kind, host, int(port))
    except socket.gaierror as e:
        result = "no name: %s" % e
    except OSError as e:
        result = errno.errorcode.get(e.errno, str(e))
    print(argument, result, "%.1fs" % (time.monotonic() - began), flush=True)
