package unixsock

import "github.com/jail-project/jail/wire"

// Append adds the rules in binary form, by which the launcher of a process that enters the
// jail answers connections; nil is none.
func (r *Rules) Append(b []byte) []byte {
	if r == nil {
		return wire.AppendNumber(b, 0)
	}
	number := func(n uint64) { b = wire.AppendNumber(b, n) }
	number(1)
	number(uint64(r.User))
	number(uint64(len(r.Mounts)))
	for _, id := range r.Mounts {
		number(id)
	}
	number(uint64(len(r.Files)))
	for _, file := range r.Files {
		number(file.Device)
		number(file.Inode)
	}
	number(uint64(len(r.Names)))
	for _, name := range r.Names {
		b = wire.AppendBytes(b, name)
	}
	number(uint64(len(r.Ports)))
	for _, port := range r.Ports {
		number(uint64(port))
	}
	joined := uint64(0)
	if r.Joined {
		joined = 1
	}
	number(joined)
	return b
}

// ReadRules reads what Append has added.
func ReadRules(d *wire.Decoder) *Rules {
	if d.Below(2) == 0 {
		return nil
	}
	r := &Rules{User: int(d.Below(1 << 32))}
	for range d.Count(1) {
		r.Mounts = append(r.Mounts, d.Number())
	}
	for range d.Count(2) {
		r.Files = append(r.Files, File{Device: d.Number(), Inode: d.Number()})
	}
	r.Names = make([]string, d.Count(1))
	for i := range r.Names {
		r.Names[i] = d.Text()
	}
	for range d.Count(1) {
		r.Ports = append(r.Ports, uint16(d.Below(1<<16)))
	}
	r.Joined = d.Below(2) == 1
	return r
}
