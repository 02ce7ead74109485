// Command flow is both ends of the connections that the bench measures: a server, and a
// client that says how long its transfers took. The client is what runs in a sandbox, so
// that the sandbox's own start is not counted.
//
//	flow serve                       prints the port of 127.0.0.1 at which it serves
//	flow send ADDRESS BYTES FLOWS    sends so much in all, over so many connections at once
//	flow receive ADDRESS BYTES FLOWS
//	flow echo ADDRESS TIMES FLOWS    one byte there and back, so many times in all
//	flow connect ADDRESS TIMES FLOWS connects, gets one byte and closes, likewise
//
// A client prints the nanoseconds that it took. Before, it has made a connection, or all of
// them but for connect, and got a byte by each: what a sandbox does once is not counted.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What a client asks for by its first byte. A number of bytes follows.
const (
	sends    = 's'
	receives = 'r'
	echoes   = 'e'
)

func main() {
	err := errors.New("usage: flow serve | send|receive|echo|connect ADDRESS COUNT FLOWS")
	switch {
	case len(os.Args) == 2 && os.Args[1] == "serve":
		err = serve()
	case len(os.Args) == 5:
		err = client(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "flow:", err)
		os.Exit(1)
	}
}

func serve() error {
	with := net.ListenConfig{Control: unpaced}
	l, err := with.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	fmt.Println(port)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go answer(c)
	}
}

// answer does what a client asks for, until it goes away.
func answer(c net.Conn) {
	defer func() { _ = c.Close() }()
	buffer := make([]byte, chunk)
	for err := error(nil); err == nil; {
		err = answerOnce(c, buffer)
	}
}

func answerOnce(c net.Conn, buffer []byte) error {
	var request [9]byte
	if _, err := io.ReadFull(c, request[:]); err != nil {
		return err
	}
	count := int64(binary.BigEndian.Uint64(request[1:]))
	switch request[0] {
	case sends:
		if err := consume(c, count, buffer); err != nil {
			return err
		}
	case receives:
		return produce(c, count, buffer)
	case echoes:
		for range count - 1 {
			if _, err := c.Write(buffer[:1]); err != nil {
				return err
			}
			if _, err := io.ReadFull(c, buffer[:1]); err != nil {
				return err
			}
		}
	}
	_, err := c.Write(buffer[:1])
	return err
}

// chunk is how much is written or read by one call.
const chunk = 128 << 10

func consume(from io.Reader, count int64, buffer []byte) error {
	for count > 0 {
		n, err := from.Read(buffer[:min(count, int64(len(buffer)))])
		if count -= int64(n); err != nil && count > 0 {
			return err
		}
	}
	return nil
}

func produce(to io.Writer, count int64, buffer []byte) error {
	for count > 0 {
		n, err := to.Write(buffer[:min(count, int64(len(buffer)))])
		if err != nil {
			return err
		}
		count -= int64(n)
	}
	return nil
}

// client runs flows at once, and prints how long they took.
func client(what, address, countText, flowsText string) error {
	count, err := strconv.ParseInt(countText, 10, 64)
	if err != nil {
		return err
	}
	flows, err := strconv.Atoi(flowsText)
	if err != nil || flows < 1 {
		return errors.Join(errors.New("there is at least one flow"), err)
	}
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return err
	}
	address = at.String() // a name is looked up once
	var conns []net.Conn
	for range flows {
		c, err := dial(address)
		if err == nil {
			err = echo(c, 1)
		}
		if err != nil {
			return err
		}
		conns = append(conns, c)
	}
	began := time.Now()
	var left atomic.Int64
	left.Store(count)
	failures := make(chan error, flows)
	var running sync.WaitGroup
	for i := range flows {
		running.Go(func() {
			if what == "connect" {
				failures <- connect(address, &left)
				return
			}
			failures <- transfer(what, conns[i], count/int64(flows))
		})
	}
	running.Wait()
	took := time.Since(began)
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	fmt.Println(took.Nanoseconds())
	return nil
}

// connect makes connections as long as some are left to make.
func connect(address string, left *atomic.Int64) error {
	for left.Add(-1) >= 0 {
		c, err := dial(address)
		if err == nil {
			err = echo(c, 1)
		}
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func transfer(what string, c net.Conn, count int64) error {
	defer func() { _ = c.Close() }()
	buffer := make([]byte, chunk)
	switch what {
	case "send":
		if err := errors.Join(ask(c, sends, count), produce(c, count, buffer)); err != nil {
			return err
		}
		_, err := io.ReadFull(c, buffer[:1]) // all has arrived
		return err
	case "receive":
		if err := ask(c, receives, count); err != nil {
			return err
		}
		return consume(c, count, buffer)
	case "echo":
		return echo(c, count)
	}
	return fmt.Errorf("%q is nothing that is measured", what)
}

// echo sends bytes, each when the one before has come back.
func echo(c net.Conn, count int64) error {
	err := ask(c, echoes, count)
	var one [1]byte
	for i := int64(1); i < count && err == nil; i++ {
		if _, err = io.ReadFull(c, one[:]); err == nil {
			_, err = c.Write(one[:])
		}
	}
	if err != nil {
		return err
	}
	_, err = io.ReadFull(c, one[:])
	return err
}

// unpaced makes both ends use a congestion control that sends as fast as it can. Which one
// the host is set up with is not what is measured, and some pace what they send.
func unpaced(_, _ string, c syscall.RawConn) error {
	var failed error
	const tcpCongestion = 13 // linux/tcp.h
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptString(int(fd), syscall.IPPROTO_TCP, tcpCongestion, "reno")
	})
	return errors.Join(err, failed)
}

func dial(address string) (net.Conn, error) {
	with := net.Dialer{Control: unpaced}
	return with.Dial("tcp", address)
}

func ask(c net.Conn, what byte, count int64) error {
	request := binary.BigEndian.AppendUint64([]byte{what}, uint64(count))
	_, err := c.Write(request)
	return err
}
