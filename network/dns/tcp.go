package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// idle is how long a connection may take for one whole question, or its answer.
const idle = 10 * time.Second

// ServeTCP answers questions that come by connections (RFC 7766), until the context ends or
// the listener is closed, and closes it. A connection above Options.Connections is closed at
// once. Those of one connection are answered one after the other.
func (s *Server) ServeTCP(ctx context.Context, l net.Listener) error {
	defer func() { _ = l.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	var serving sync.WaitGroup
	defer serving.Wait()
	defer cancel() // before Wait
	for failures := 0; ; {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			if failures++; failures == mostFailures {
				return fmt.Errorf("accept connections for DNS: %w", err)
			}
			time.Sleep(10 * time.Millisecond)
			continue
		}
		failures = 0
		select {
		case s.connections <- struct{}{}:
		default:
			_ = conn.Close()
			continue
		}
		serving.Go(func() {
			defer func() { <-s.connections }()
			s.serveConnection(ctx, conn)
		})
	}
}

func (s *Server) serveConnection(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	buffer := make([]byte, mostQuery)
	for {
		if conn.SetDeadline(time.Now().Add(idle)) != nil {
			return
		}
		packet, err := readMessage(conn, buffer)
		if err != nil {
			return
		}
		reply, q := s.judge(packet, mostTCP)
		if reply == nil && q != nil {
			reply = s.resolve(ctx, q)
		}
		if reply == nil || conn.SetDeadline(time.Now().Add(idle)) != nil {
			return
		}
		if writeMessage(conn, reply) != nil {
			return
		}
	}
}

// readMessage reads a message into a buffer, which bounds how long it may be. Before it
// there are two bytes with its length (RFC 1035 section 4.2.2).
func readMessage(r io.Reader, buffer []byte) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(length[:]))
	if n > len(buffer) {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	_, err := io.ReadFull(r, buffer[:n])
	return buffer[:n], err
}

// writeMessage sends the length and the message in one segment: some servers read no more
// than one (RFC 7766 section 8).
func writeMessage(w io.Writer, packet []byte) error {
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(packet)), uint16(len(packet)))
	_, err := w.Write(append(framed, packet...))
	return err
}
