"""What programs do with sockets of their own. Each check prints a line."""
import errno, multiprocessing, os, select, signal, socket, struct, sys, threading, time
from multiprocessing.connection import Client, Listener

def check(name, good):
    print(("ok " if good else "FAILED ") + name, flush=True)

def fails(call, *numbers):
    try:
        call()
    except OSError as e:
        return e.errno in numbers
    return False

def serve(family, address, kind=socket.SOCK_STREAM, backlog=16):
    s = socket.socket(family, kind)
    s.bind(address)
    s.listen(backlog)
    return s

def own(directory):
    path = directory + "/own"
    s = serve(socket.AF_UNIX, path)
    c = socket.socket(socket.AF_UNIX)
    c.connect(path)
    a, _ = s.accept()
    a.send(b"x")
    check("stream in " + directory, c.recv(1) == b"x" and c.getpeername() == path)
    check("connected twice", fails(lambda: c.connect(path), errno.EISCONN))
    os.chdir(directory)
    c = socket.socket(socket.AF_UNIX)
    c.connect("own")
    os.symlink("own", "link")
    c = socket.socket(socket.AF_UNIX)
    c.connect("../" + os.path.basename(directory) + "/link")
    check("relative, by a link", True)
    os.unlink(path)
    check("name gone", fails(lambda: socket.socket(socket.AF_UNIX).connect(path), errno.ENOENT))
    s.close()

def seqpacket():
    s = serve(socket.AF_UNIX, "/tmp/packets", socket.SOCK_SEQPACKET)
    c = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    c.connect("/tmp/packets")
    check("seqpacket", True)
    check("other type", fails(lambda: socket.socket(socket.AF_UNIX).connect("/tmp/packets"), errno.EPROTOTYPE))

def mistakes():
    u = socket.socket(socket.AF_UNIX)
    check("no file", fails(lambda: u.connect("/tmp/missing"), errno.ENOENT))
    open("/tmp/file", "w").close()
    check("no socket", fails(lambda: u.connect("/tmp/file"), errno.ECONNREFUSED))
    s = serve(socket.AF_UNIX, "/tmp/dead")
    s.close()
    check("nobody there", fails(lambda: u.connect("/tmp/dead"), errno.ECONNREFUSED))
    s = serve(socket.AF_UNIX, "/tmp/private")
    os.chmod("/tmp/private", 0)
    check("not permitted", os.getuid() == 0 or fails(lambda: u.connect("/tmp/private"), errno.EACCES))
    check("datagrams", fails(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), errno.ESOCKTNOSUPPORT))
    check("datagram pair", fails(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM), errno.ESOCKTNOSUPPORT))
    libc = __import__("ctypes").CDLL(None, use_errno=True)
    get = __import__("ctypes").get_errno
    t = socket.socket()
    check("no socket at all", libc.connect(1000, b"x" * 16, 16) == -1 and get() == errno.EBADF)
    null = os.open("/dev/null", os.O_RDONLY)
    check("not a socket", libc.connect(null, b"x" * 16, 16) == -1 and get() == errno.ENOTSOCK)
    check("bad address", libc.connect(t.fileno(), 16, 16) == -1 and get() == errno.EFAULT)
    check("long address", libc.connect(t.fileno(), b"x" * 200, 200) == -1 and get() == errno.EINVAL)
    check("negative length", libc.connect(t.fileno(), b"x" * 16, -1) == -1 and get() == errno.EINVAL)
    check("no address", libc.connect(t.fileno(), b"", 0) == -1 and get() == errno.EINVAL)

def abstract():
    name = "\0jail-own-%d-%d" % (os.getpid(), time.time_ns())
    s = serve(socket.AF_UNIX, name)
    try:
        socket.socket(socket.AF_UNIX).connect(name)
        print("abstract names are connected to")
    except ConnectionRefusedError:
        print("abstract names are refused")

def internet():
    for family, address in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
        s = serve(family, (address, 0))
        c = socket.socket(family)
        c.connect(s.getsockname())
        a, peer = s.accept()
        check("TCP " + address, peer[1] == c.getsockname()[1])
        c = socket.socket(family)
        c.setblocking(False)
        started = fails(lambda: c.connect(s.getsockname()), errno.EINPROGRESS) or True
        ready = select.select([], [c], [], 5)[1]
        check("TCP without waiting", started and ready == [c] and c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0)
        port = s.getsockname()[1]
        s.close()
        check("TCP refused", fails(lambda: socket.socket(family).connect((address, port)), errno.ECONNREFUSED))
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.connect(("127.0.0.1", 9))
    check("UDP", u.getpeername() == ("127.0.0.1", 9))

def full():
    """A server whose queue is full: the next connection waits."""
    s = serve(socket.AF_INET, ("127.0.0.1", 0), backlog=0)
    held = []
    while True:
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(s.getsockname())
        held.append(c)
        if not select.select([], [c], [], 0.3)[1]:
            return s, held

def waiting():
    s, held = full()
    c = socket.socket()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 300000))
    began = time.monotonic()
    check("timeout of the socket", fails(lambda: c.connect(s.getsockname()), errno.EINPROGRESS) and 0.2 < time.monotonic() - began < 3)
    c = socket.socket()
    c.settimeout(0.3)
    try:
        c.connect(s.getsockname())
        check("timeout of select", False)
    except TimeoutError:
        check("timeout of select", True)

    class Alarm(Exception):
        pass
    def ring(*_):
        raise Alarm
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    began = time.monotonic()
    try:
        socket.socket().connect(s.getsockname())
        check("interrupted", False)
    except Alarm:
        check("interrupted", time.monotonic() - began < 3)

    # While one waits others go on.
    blocked = threading.Thread(target=lambda: socket.socket().connect_ex(s.getsockname()), daemon=True)
    blocked.start()
    time.sleep(0.1)
    began = time.monotonic()
    other = serve(socket.AF_UNIX, "/tmp/other")
    for _ in range(10):
        socket.socket(socket.AF_UNIX).connect("/tmp/other")
        other.accept()
    check("others go on", blocked.is_alive() and time.monotonic() - began < 2)

    u = serve(socket.AF_UNIX, "/tmp/queue", backlog=1)
    held = []
    while True:
        c = socket.socket(socket.AF_UNIX)
        c.setblocking(False)
        held.append(c)
        if c.connect_ex("/tmp/queue") == errno.EAGAIN:
            break
    late = socket.socket(socket.AF_UNIX)
    done = []
    t = threading.Thread(target=lambda: (late.connect("/tmp/queue"), done.append(1)))
    t.start()
    time.sleep(0.2)
    before = list(done)
    u.accept()
    t.join(5)
    check("room in the queue", before == [] and done == [1])
    late = socket.socket(socket.AF_UNIX)
    late.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 200000))
    check("timeout of a full queue", fails(lambda: late.connect("/tmp/queue"), errno.EAGAIN))

def storm():
    """Signals that come all the time, with handlers that let calls be made anew."""
    signal.signal(signal.SIGPROF, lambda *_: None)
    signal.siginterrupt(signal.SIGPROF, False)
    s = serve(socket.AF_UNIX, "/tmp/storm", backlog=4096)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    def accept():
        while True:
            try:
                s.accept()
            except OSError:
                return
    threading.Thread(target=accept, daemon=True).start()
    stop = time.monotonic() + 2
    n = 0
    while time.monotonic() < stop:
        c = socket.socket(socket.AF_UNIX)
        c.connect("/tmp/storm")
        c.close()
        n += 1
    signal.setitimer(signal.ITIMER_PROF, 0)
    check("signals", n > 100)

def worker(pipe):
    pipe.send(42)

def processes():
    a, b = multiprocessing.Pipe()
    p = multiprocessing.get_context("spawn").Process(target=worker, args=(b,))
    p.start()
    check("multiprocessing", a.recv() == 42)
    p.join()
    with Listener("/tmp/listener", "AF_UNIX") as l:
        threading.Thread(target=lambda: Client("/tmp/listener").send("hello"), daemon=True).start()
        check("listener", l.accept().recv() == "hello")
    with multiprocessing.Manager() as m:
        d = m.dict()
        d["x"] = 1
        check("manager", d["x"] == 1)

if __name__ == "__main__":
    for directory in sys.argv[1:]:
        own(directory)
    seqpacket()
    mistakes()
    abstract()
    internet()
    waiting()
    storm()
    processes()
    print("done")
