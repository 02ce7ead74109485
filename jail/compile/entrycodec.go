package compile

import (
	"errors"

	"github.com/jail-project/jail/jail/opcodec"
	"github.com/jail-project/jail/unixsock"
	"github.com/jail-project/jail/wire"
)

// entryVersion goes up with every change of the form.
const entryVersion = 5

var errNotEntry = errors.New("this does not say how to enter a jail, or another version of jail wrote it")

// Encode writes an entry for DecodeEntry. It leaves out positions in profiles, which may
// have changed when the entry is read. It fails when a step needs a descriptor that no
// other step of the entry opens.
func (e *Entry) Encode() ([]byte, error) {
	if !e.complete() {
		return nil, errors.New("internal error: a step for each process of a jail uses a descriptor of the launch")
	}
	files := uint64(0)
	if e.files {
		files = 1
	}
	b := wire.AppendNumber(make([]byte, 0, 32<<10), entryVersion)
	b = wire.AppendNumber(b, files)
	for _, texts := range [...][]string{e.keep, e.drop, e.set} {
		b = wire.AppendNumber(b, uint64(len(texts)))
		for _, text := range texts {
			b = wire.AppendBytes(b, text)
		}
	}
	return opcodec.Append(e.sockets.Append(b), e.ops[:]...), nil
}

// DecodeEntry reads what Encode wrote and refuses everything else.
func DecodeEntry(data []byte) (*Entry, error) {
	d := wire.NewDecoder(data)
	if d.Number() != entryVersion {
		return nil, errNotEntry
	}
	e := &Entry{files: d.Below(2) == 1, environmentRules: environmentRules{keep: texts(d), drop: texts(d), set: texts(d)}, sockets: unixsock.ReadRules(d)}
	opcodec.Read(d, &e.ops[0], &e.ops[1], &e.ops[2])
	if !d.Done() || !e.complete() {
		return nil, errNotEntry
	}
	return e, nil
}

func texts(d *wire.Decoder) []string {
	out := make([]string, d.Count(1))
	for i := range out {
		out[i] = d.Text()
	}
	return out
}
