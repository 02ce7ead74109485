"""Asks for hosts in ways in which names are spelled byte by byte, and says what came of it.

Arguments are KIND/HOST/PORT or sni/HOST/PORT/SERVER/MODE. HOST and SERVER have %XX for other bytes.
"""

import socket
import ssl
import struct
import sys
from urllib.parse import unquote_to_bytes

PROXY = ("proxy.jail", 1080)


def through(c):
    """Sends something by a connection and returns the answer."""
    c.sendall(b"\0\3x\r\n\r\n")
    return "through, got %r" % c.recv(20)


def socks(host, port):
    """By SOCKS5 (RFC 1928)."""
    with socket.create_connection(PROXY, 20) as c:
        c.sendall(b"\5\1\0")
        assert c.recv(2) == b"\5\0"
        c.sendall(b"\5\1\0\3" + bytes([len(host)]) + host + struct.pack("!H", port))
        reply = c.recv(10)
        return through(c) if reply[1:2] == b"\0" else "refused %r" % reply[1:2]


def connect(host, port):
    """By CONNECT of HTTP (RFC 9110, section 9.3.6)."""
    with socket.create_connection(PROXY, 20) as c:
        to = host + b":" + str(port).encode()
        c.sendall(b"CONNECT " + to + b" HTTP/1.1\r\nHost: " + to + b"\r\n\r\n")
        reply = b""
        while b"\r\n\r\n" not in reply:
            more = c.recv(1000)
            if not more:
                break
            reply += more
        status = reply.split(b" ")[1:2]
        return through(c) if status == [b"200"] else "refused %r" % status


def dns(host, port):
    """By a question (RFC 1035, section 4.1) of the type PORT to the first name server."""
    name = b"".join(bytes([min(len(label), 63)]) + label[:63] for label in host.split(b".") if label) + b"\0"
    with open("/etc/resolv.conf") as f:
        server = [line.split()[1] for line in f if line.startswith("nameserver")][0]
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.connect((server, 53))
        s.send(struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + name + struct.pack("!2H", port, 1))
        reply = s.recv(4096)
        return "rcode %d, %d answers" % (reply[3] & 15, struct.unpack("!H", reply[6:8])[0])


def libc(host, port):
    """By what the C library takes for a name or an address."""
    with socket.create_connection((host.decode("latin-1"), port), 20) as c:
        return through(c)


def hello(server):
    """The first bytes that a client of TLS sends for a server."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(coming, going, server_hostname=server or None)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return going.read()


def sni(host, port, server, mode):
    """By a hello for a server, which is sent as a whole, in bytes, or in several records."""
    first = hello(server)
    with socket.create_connection((host, port), 20) as c:
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if mode == "records":  # RFC 8446, section 5.1
            body, first = first[5:], b""
            while body:
                first += b"\x16\3\1" + struct.pack("!H", len(body[:90])) + body[:90]
                body = body[90:]
        for part in [first[i : i + 1] for i in range(len(first))] if mode == "bytes" else [first]:
            c.sendall(part)
        reply = c.recv(5)
        return "answered by TLS" if reply[:1] == b"\x16" else "got %r" % reply


KINDS = {"socks": socks, "connect": connect, "dns": dns, "libc": libc}

for argument in sys.argv[1:]:
    kind, host, port, *more = argument.split("/")
    try:
        if kind == "sni":
            result = sni(host, int(port), *more)
        else:
            result = KINDS[kind](unquote_to_bytes(host), int(port))
    except (OSError, UnicodeError, AssertionError, ValueError) as e:
        result = "%s %s" % (type(e).__name__, e)
    print(argument, result, flush=True)
