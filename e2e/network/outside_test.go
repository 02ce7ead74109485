package network

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// outside is all that the host's network reaches.
type outside struct {
	dir     string // files of the outside that everybody may read
	packets *counter
	zone    *zone
	authority
	plain, secure *handed // to the servers for HTTP and HTTPS

	mu    sync.Mutex
	sites map[netip.Addr]*site
	used  uint16 // numbers of sites
}

// handed is a listener for connections that others have accepted.
type handed struct {
	net.Listener
	conns chan net.Conn
}

func (h *handed) Accept() (net.Conn, error) { return <-h.conns, nil }

func takeOutside(dir string) (*outside, error) {
	sockets, err := takeSockets()
	if err != nil {
		return nil, err
	}
	o := &outside{dir: dir, packets: newCounter(sockets["packets"]), zone: newZone(), sites: map[netip.Addr]*site{}}
	if err := o.authority.make(filepath.Join(dir, "ca.pem")); err != nil {
		return nil, err
	}
	for name, f := range sockets {
		if strings.HasPrefix(name, "names") {
			c, err := net.FilePacketConn(f)
			if err != nil {
				return nil, err
			}
			go o.zone.serveUDP(c)
		}
	}
	for _, port := range ports() {
		l, err := net.FileListener(sockets[fmt.Sprint("tcp", port)])
		if err != nil {
			return nil, err
		}
		go o.accept(l, uint16(port))
		if o.plain == nil {
			o.plain, o.secure = &handed{l, make(chan net.Conn)}, &handed{l, make(chan net.Conn)}
		}
	}
	server := &http.Server{Handler: http.HandlerFunc(o.serveHTTP), ReadHeaderTimeout: time.Minute, ConnContext: withConn, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = server.Serve(o.plain) }()
	go func() {
		_ = server.Serve(tls.NewListener(o.secure, &tls.Config{GetConfigForClient: o.configFor, MinVersion: tls.VersionTLS12}))
	}()
	return o, nil
}

// accept hands each connection to the site with its address.
func (o *outside) accept(l net.Listener, port uint16) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s := o.at(localOf(c))
		switch {
		case port == 53 && (s == nil || s.raw[port] == nil):
			go o.zone.serveTCP(c)
		case s == nil:
			_ = c.Close()
		case s.raw[port] != nil:
			go s.raw[port](c)
		case port == 80 || port == 8080:
			o.plain.conns <- c
		case port == 443 || port == 8443:
			o.secure.conns <- c
		default:
			_ = c.Close()
		}
	}
}

func localOf(c net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

func (o *outside) at(addr netip.Addr) *site {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sites[addr]
}

// site is a server outside with a name and an address of each family.
type site struct {
	name   string
	v4, v6 netip.Addr

	handler http.Handler
	raw     map[uint16]func(net.Conn) // by port

	mu    sync.Mutex
	hello []string // the names in TLS hellos
}

// site makes one. Its name begins with the label; the rest is this site's own. Without a
// handler it answers each request with its name.
func (o *outside) site(label string) *site {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.used++
	s := &site{
		name: fmt.Sprintf("%s.site%d.org", label, o.used), raw: map[uint16]func(net.Conn){},
		v4: netip.AddrFrom4([4]byte{45, 140, byte(o.used >> 8), byte(o.used)}),
		v6: netip.AddrFrom16([16]byte{0x2a, 0x11, 0xbe, 0xef, 14: byte(o.used >> 8), 15: byte(o.used)}),
	}
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "this is %s\n", s.name) })
	o.sites[s.v4], o.sites[s.v6] = s, s
	o.zone.set(s.name, s.v4, s.v6)
	return s
}

// arrived is what was sent to a site while something was done.
func (s *site) arrived(t *testing.T, what func()) map[string]int {
	t.Helper()
	return only(out.packets.during(t, what), " "+s.v4.String()+":", " "+s.v4.String(), "["+s.v6.String()+"]:", " "+s.v6.String())
}

// hellos are the names in TLS hellos since it was called before.
func (s *site) hellos() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.hello
	s.hello = nil
	return names
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, localOf(c))
}

func (o *outside) serveHTTP(w http.ResponseWriter, r *http.Request) {
	addr, _ := r.Context().Value(connKey{}).(netip.Addr)
	s := o.at(addr)
	if s == nil {
		http.NotFound(w, r)
		return
	}
	s.handler.ServeHTTP(w, r)
}

// configFor notes which server a client asks for by TLS, and is every server.
func (o *outside) configFor(h *tls.ClientHelloInfo) (*tls.Config, error) {
	if s := o.at(localOf(h.Conn)); s != nil {
		s.mu.Lock()
		s.hello = append(s.hello, h.ServerName)
		s.mu.Unlock()
	}
	return &tls.Config{GetCertificate: o.certificate, MinVersion: tls.VersionTLS12}, nil
}

// world is a world of which programs trust the outside's certificates.
func world(t *testing.T) *testenv.World {
	t.Helper()
	w := testenv.NewBareWorld(t)
	if out == nil {
		testenv.Missing(t, "ip is not installed: run make deps")
	}
	ca := filepath.Join(out.dir, "ca.pem")
	for _, variable := range []string{"SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"} {
		w.Env = append(w.Env, variable+"="+ca)
	}
	return w
}

// jailed are the words that run a program in a jail that reaches some hosts.
func jailed(w *testenv.World, allow []string, further ...string) []string {
	w.T.Helper()
	argv := []string{w.JailBin, "run", "--profile", "default", "--read", out.dir, "--write", w.Project, "--network", "filtered"}
	for _, variable := range []string{"SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"} {
		argv = append(argv, "--env", variable)
	}
	for _, host := range allow {
		argv = append(argv, "--allow", host)
	}
	return append(append(argv, further...), "--")
}

// helper writes a program of testdata where jails can read it.
func helper(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(out.dir, name)
	if !testenv.Exists(file) {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		testenv.Must(t, err)
		testenv.Must(t, os.WriteFile(file, text, 0o644))
	}
	return file
}
