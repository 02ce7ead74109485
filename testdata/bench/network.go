package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// route is one of the ways from a client to a server on the host's loopback.
type route struct {
	name    string
	command []string // what starts a client, before its own arguments
	address string
	err     error // why there is no such way on this host
}

// transfer is one kind of what is sent: see testdata/bench/flow.
type transfer struct {
	name, what   string
	count, flows int
	host, others float64 // targets: largest ratios to the host's loopback, and to the others
}

// transfers lists them. A ratio of 1.43 is 0.7 of what the peer carries.
func (s *stage) transfers() []transfer {
	const bulk = 500_000_000
	list := []transfer{
		{"network, bulk out", "send", bulk, 1, 1.43, 1},
		{"network, bulk in", "receive", bulk, 1, 1.43, 1},
		{"network, 100 flows in", "receive", bulk, 100, 0, 1},
		{"network, 2,000 bytes there and back", "echo", 2000, 1, 0, 0},
		{"network, 500 connections", "connect", 500, 4, 0, 1},
	}
	if s.short {
		for i := range list {
			list[i].count = max(list[i].count/100, list[i].flows)
		}
	}
	return list
}

// network measures what a filtered jail carries, beside the host's loopback and others that
// need no privileges either. The clients say how long their transfers took.
func (s *stage) network(o *options) ([]Time, error) {
	serve := s.asUser([]string{s.path("flow"), "serve"})
	out, err := serve.StdoutPipe()
	if err == nil {
		err = serve.Start()
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		_, _ = serve.Process.Kill(), serve.Wait()
		collect(&cost{}) // what the others have left behind
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server says no port: %w", err)
	}
	port := strings.TrimSpace(line)
	flow := s.path("flow")
	jail := route{
		name: "jail", address: "host.jail:" + port,
		command: []string{s.program, "run", "--profile", s.path("plain.yaml"), "--read", flow, "--allow", "@host:" + port, "--", flow},
	}
	peers := []route{{name: "host", command: []string{flow}, address: "127.0.0.1:" + port}, s.pasta(flow, port), s.slirp(flow, port)}
	var rows []Time
	for _, t := range s.transfers() {
		for i, peer := range peers {
			if !o.wants(t.name) {
				continue
			}
			progress("%s: %s", t.name, peer.name)
			target := t.others
			if i == 0 {
				target = t.host
			}
			rows = append(rows, s.compareFlows(&t, &jail, &peer, target))
		}
	}
	return rows, nil
}

// pasta leads to the host's loopback by the address of the default gateway (pasta(1)).
func (s *stage) pasta(flow, port string) route {
	r := route{name: "pasta", command: []string{"/usr/bin/pasta", "--config-net", "--foreground", "--quiet", "--", flow}}
	gateway, err := gateway()
	r.address, r.err = gateway.String()+":"+port, errors.Join(installed(r.command[0]), err)
	return r
}

// slirp leads there by an address of its own (slirp4netns(1)).
func (s *stage) slirp(flow, port string) route {
	const program = "/usr/bin/slirp4netns"
	return route{name: "slirp4netns", command: []string{flow, "slirp", program, flow}, address: "10.0.2.2:" + port, err: installed(program)}
}

// installed tells whether there is a program that makes networks by way of /dev/net/tun.
// Without rights to that, pasta waits without end.
func installed(program string) error {
	if _, err := os.Stat(program); err != nil {
		return errors.New("not installed")
	}
	const forAll = 0o006
	if info, err := os.Stat("/dev/net/tun"); err != nil || info.Mode()&forAll != forAll {
		return errors.New("users cannot open /dev/net/tun")
	}
	return nil
}

// gateway is that of the default route (/proc/net/route, proc_pid_net(5)).
func gateway() (netip.Addr, error) {
	text, err := os.ReadFile("/proc/net/route")
	if err != nil {
		return netip.Addr{}, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[1] != "00000000" {
			continue
		}
		bytes, err := hex.DecodeString(fields[2])
		if err != nil || len(bytes) != 4 {
			break
		}
		var addr [4]byte
		binary.NativeEndian.PutUint32(addr[:], binary.BigEndian.Uint32(bytes))
		return netip.AddrFrom4(addr), nil
	}
	return netip.Addr{}, errors.New("the host has no default route")
}

// compareFlows runs a transfer by jail and by a peer in turns.
func (s *stage) compareFlows(t *transfer, jail, peer *route, target float64) Time {
	row := Time{Name: t.name, Against: peer.name, Target: target}
	if peer.err != nil {
		row.Note, row.Target = peer.err.Error(), 0
		return row
	}
	var times [2][]cost
	for i := range max(s.slow(), 2) {
		for turn := range 2 {
			side, by := turn^i%2, jail
			if side == 1 {
				by = peer
			}
			took, err := s.flow(by, t)
			if err != nil {
				row.Error = fmt.Sprintf("%s: %v", by.name, err)
				return row
			}
			times[side] = append(times[side], cost{wall: took})
		}
	}
	row.fill(times[0], times[1], 1, func(c cost) time.Duration { return c.wall })
	return row
}

// mostTime is how long a client may take, with its sandbox.
const mostTime = time.Minute

// flow runs a client and returns what it says.
func (s *stage) flow(by *route, t *transfer) (time.Duration, error) {
	command := slices.Concat(by.command, []string{t.what, by.address, strconv.Itoa(t.count), strconv.Itoa(t.flows)})
	var out, complaints bytes.Buffer
	run := s.asUser(command)
	run.Stdout, run.Stderr = &out, &complaints
	if err := run.Start(); err != nil {
		return 0, err
	}
	late := time.AfterFunc(mostTime, func() { _ = run.Process.Kill() })
	defer late.Stop()
	if err := run.Wait(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(complaints.String()), "\n")
		return 0, fmt.Errorf("%w: %s", err, first)
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64)
	return time.Duration(nanoseconds), err
}
