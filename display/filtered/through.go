package filtered

import (
	"context"
	"encoding/binary"
	"io"
	"net"

	"github.com/jail-project/jail/display"
)

// through leads everything to the server as it comes, but for the cookie.
type through struct{ set *display.Setting }

func newFilter(set *display.Setting) *through { return &through{set} }

func (*through) report() []byte { return []byte{} }

func (f *through) serve(_ context.Context, listener *net.UnixListener) error {
	for {
		in, err := listener.AcceptUnix()
		if err != nil {
			return err
		}
		go f.one(in)
	}
}

func (f *through) one(in *net.UnixConn) {
	defer func() { _ = in.Close() }()
	out, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: f.set.Server})
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	var head [12]byte
	if _, err := io.ReadFull(in, head[:]); err != nil || head[0] != 'l' {
		return
	}
	name, data := int(binary.LittleEndian.Uint16(head[6:])), int(binary.LittleEndian.Uint16(head[8:]))
	if _, err := io.CopyN(io.Discard, in, int64((name+3)&^3+(data+3)&^3)); err != nil {
		return
	}
	binary.LittleEndian.PutUint16(head[6:], uint16(len(f.set.Cookie.Name)))
	binary.LittleEndian.PutUint16(head[8:], uint16(len(f.set.Cookie.Data)))
	setup := head[:]
	for _, field := range [...][]byte{[]byte(f.set.Cookie.Name), f.set.Cookie.Data} {
		setup = append(append(setup, field...), make([]byte, -len(field)&3)...)
	}
	if _, err := out.Write(setup); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(out, in)
		_ = out.CloseWrite()
	}()
	_, _ = io.Copy(in, out)
}
