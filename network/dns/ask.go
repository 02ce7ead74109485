package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// mostDatagrams is how many datagrams that are no answer to the question are passed over.
const mostDatagrams = 100

// ask asks the servers for the addresses of a name, of both families at the same time.
func (r *Resolver) ask(ctx context.Context, name string) (Answer, error) {
	if neverForwarded(name) {
		return Answer{}, ErrNoName
	}
	types := []dnsmessage.Type{dnsmessage.TypeAAAA, dnsmessage.TypeA}
	if r.config.NoAAAA {
		types = types[1:]
	}
	results := make([]result, len(types))
	var asking sync.WaitGroup
	for i, t := range types {
		one := func() { results[i].response, results[i].err = r.askServers(ctx, name, t) }
		if r.config.SingleRequest || i == len(types)-1 {
			one()
		} else {
			asking.Go(one)
		}
	}
	asking.Wait()
	return merge(results)
}

// result is what came of the question for one type.
type result struct {
	response response
	err      error
}

// merge makes one answer of those for both families. Addresses of one family are enough,
// whatever the other question came to. That a name is not there takes an answer to each.
func merge(results []result) (Answer, error) {
	var answer Answer
	var failed error
	missing := 0
	negative := mostNegative
	for _, r := range results {
		switch {
		case r.err != nil:
			failed = r.err
		case len(r.response.addrs) > 0:
			if len(answer.Addrs) == 0 || r.response.ttl < answer.TTL {
				answer.TTL = r.response.ttl
			}
			answer.Addrs = append(answer.Addrs, r.response.addrs...)
		default:
			negative = min(negative, r.response.ttl)
			if r.response.code == dnsmessage.RCodeNameError {
				missing++
			}
		}
	}
	if failed != nil {
		answer.TTL = 0 // the other family may be there next time
	}
	switch {
	case len(answer.Addrs) > 0:
		return answer, nil
	case failed != nil:
		return Answer{}, failed
	case missing == len(results):
		return Answer{TTL: negative}, ErrNoName
	}
	return Answer{TTL: negative}, ErrNoData
}

// askServers asks one server after the other, as often as resolv.conf(5) says, until one
// has an answer.
func (r *Resolver) askServers(ctx context.Context, name string, t dnsmessage.Type) (response, error) {
	servers := r.config.Servers
	first := 0
	if r.config.Rotate && len(servers) > 0 {
		first = int((r.turn.Add(1) - 1) % uint32(len(servers)))
	}
	err := errors.New("no name server is known")
	for range r.config.Attempts {
		for i := range servers {
			server := servers[(first+i)%len(servers)]
			var got response
			if got, err = r.askServer(ctx, server, name, t); err == nil {
				return got, nil
			}
			err = fmt.Errorf("ask %s about %s: %w", server, name, err)
			if ctx.Err() != nil {
				return response{}, err
			}
		}
	}
	return response{}, err
}

// askServer asks one server, by UDP and then, if its answer does not fit or cannot be told
// from a forged one, by TCP. A server that does not know EDNS is asked without it (RFC
// 6891 section 7).
func (r *Resolver) askServer(ctx context.Context, server netip.AddrPort, name string, t dnsmessage.Type) (response, error) {
	exchange := func(edns bool) (response, error) {
		if !r.config.UseTCP {
			got, err := r.overUDP(ctx, server, name, t, edns)
			if !errors.Is(err, errTruncated) && !errors.Is(err, errCase) {
				return got, err
			}
		}
		return r.overTCP(ctx, server, name, t, edns)
	}
	got, err := exchange(r.config.EDNS0)
	if code := rcodeError(0); r.config.EDNS0 && errors.As(err, &code) &&
		(code == rcodeError(dnsmessage.RCodeFormatError) || code == rcodeError(dnsmessage.RCodeNotImplemented)) {
		return exchange(false)
	}
	return got, err
}

// overUDP asks from a port of its own, which the kernel takes by chance when the socket is
// connected. The kernel then passes on what comes from the server alone. What is no answer
// to this question is passed over, as the right one may still come.
func (r *Resolver) overUDP(ctx context.Context, server netip.AddrPort, name string, t dnsmessage.Type, edns bool) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	q, packet, err := newQuestion(name, t, edns)
	if err != nil {
		return response{}, err
	}
	conn, err := dial(ctx, "udp", server)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(packet); err != nil {
		return response{}, err
	}
	buffer := make([]byte, mostUDP+1)
	for range mostDatagrams {
		n, err := conn.Read(buffer)
		if err != nil {
			return response{}, err
		}
		if n == len(buffer) { // longer than it was told to be
			return response{}, errTruncated
		}
		got, err := q.parseResponse(buffer[:n])
		if !errors.Is(err, errForeign) {
			return got, err
		}
	}
	return response{}, errForeign
}

// overTCP asks by a connection. Whoever could forge its answer sees the question, so its
// case says nothing.
func (r *Resolver) overTCP(ctx context.Context, server netip.AddrPort, name string, t dnsmessage.Type, edns bool) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	q, packet, err := newQuestion(name, t, edns)
	if err != nil {
		return response{}, err
	}
	conn, err := dial(ctx, "tcp", server)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = conn.Close() }()
	if err := writeMessage(conn, packet); err != nil {
		return response{}, err
	}
	answer, err := readMessage(conn, make([]byte, mostTCP))
	if err != nil {
		return response{}, err
	}
	q.anyCase = true
	return q.parseResponse(answer)
}

// dial connects to a server, with the time that the context has for all that follows. It
// binds no socket, which a service may not: so it names the family, as a Dialer that is left
// to find out tries what can be bound, and gives no local address, not even an empty one.
func dial(ctx context.Context, network string, server netip.AddrPort) (net.Conn, error) {
	family := "6"
	if server.Addr().Unmap().Is4() {
		family = "4"
	}
	conn, err := new(net.Dialer).DialContext(ctx, network+family, server.String())
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		err = conn.SetDeadline(deadline)
	}
	return conn, err
}
