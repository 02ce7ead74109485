// Package codec writes policies down and reads them back, for a cache of loaded
// policies: reading one takes some hundredth of what reading profiles takes.
package codec

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/wire"
)

// The binary form of a policy has one spelling
// for each policy, so that what can be read is what could have been written:
// the version, the table of all texts, sorted and each once, and the fields in
// the order of codec.policy. Numbers are varints of the shortest form; a text is
// its index in the table; a list begins with 0 when it is nil, else with its
// length and one more.
const (
	// version goes up with every change of the form, of the fields of
	// Policy and of their meaning.
	version = 10

	// maxEncoded bounds what Decode takes, in bytes.
	maxEncoded = 4 << 20
)

var errNotEncoded = errors.New("this is not an encoded policy of this version")

// Encode writes a policy for Decode.
func Encode(p *policy.Policy) []byte {
	c := codec{step: collecting, index: map[string]int{}}
	c.policy(p)
	c.table = slices.Sorted(maps.Keys(c.index))
	c.step = writing
	c.length(version)
	c.length(len(c.table))
	for i, text := range c.table {
		c.index[text] = i
		c.length(len(text))
	}
	for _, text := range c.table {
		c.out = append(c.out, text...)
	}
	c.policy(p)
	return c.out
}

// Decode reads what Encode wrote; the policy is equal to the one it was made
// from. It refuses everything else: another version, what is cut off or goes
// on, values that no policy has. It does not tell what is wrong, since the
// reader of a cache does not ask.
func Decode(data []byte) (*policy.Policy, error) {
	c := codec{step: reading, in: *wire.NewDecoder(data)}
	if len(data) > maxEncoded || c.in.Number() != version || !c.readTable() {
		return nil, errNotEncoded
	}
	p := new(policy.Policy)
	c.policy(p)
	if !c.in.Done() || slices.Contains(c.used, false) {
		return nil, errNotEncoded
	}
	return p, nil
}

// step is what a codec is doing.
type step int

const (
	collecting step = iota // the texts of a policy, into index
	writing
	reading
)

// codec walks over a policy, once to collect its texts, and then to write or
// to read it. Each field is mentioned once, for all three, so that what is
// written is what is read.
type codec struct {
	step  step
	out   []byte       // writing
	in    wire.Decoder // reading
	table []string
	index map[string]int // of the table: collecting and writing
	used  []bool         // of the table: reading

	layers int // of the policy: an origin is one of them
}

// readTable reads the texts, which share the memory of one.
func (c *codec) readTable() bool {
	ends, end := make([]int, c.in.Count(1)), 0
	for i := range ends {
		end += c.in.Count(1)
		ends[i] = end
	}
	texts, start := string(c.in.Next(uint64(end))), 0
	if len(texts) < end {
		return false
	}
	c.table, c.used = make([]string, len(ends)), make([]bool, len(ends))
	for i, end := range ends {
		c.table[i] = texts[start:end]
		start = end
		if i > 0 && strings.Compare(c.table[i-1], c.table[i]) >= 0 {
			return false
		}
	}
	return true
}

// length writes a number that is not a field.
func (c *codec) length(n int) { c.out = wire.AppendNumber(c.out, uint64(n)) }

func (c *codec) unsigned(v *uint64) {
	switch c.step {
	case collecting:
	case writing:
		c.out = wire.AppendNumber(c.out, *v)
	case reading:
		*v = c.in.Number()
	}
}

func (c *codec) signed(v *int64) {
	u := uint64(*v)<<1 ^ uint64(*v>>63) // small numbers of either sign are short
	c.unsigned(&u)
	if c.step == reading {
		*v = int64(u>>1) ^ -int64(u&1)
	}
}

func (c *codec) int(v *int) {
	wide := int64(*v)
	c.signed(&wide)
	if c.step != reading {
		return
	}
	*v = int(wide)
	if int64(*v) != wide {
		c.in.Fail()
	}
}

// codeIndex is for values that are one of few. One that is not is encoded as
// what cannot be decoded.
func codeIndex[T comparable](c *codec, v *T, all ...T) {
	i := uint64(len(all))
	if c.step != reading {
		if at := slices.Index(all, *v); at >= 0 {
			i = uint64(at)
		}
	}
	c.unsigned(&i)
	switch {
	case c.step != reading:
	case i < uint64(len(all)):
		*v = all[i]
	default:
		c.in.Fail()
	}
}

func (c *codec) bool(v *bool)                    { codeIndex(c, v, false, true) }
func (c *codec) word(v *string, words ...string) { codeIndex(c, v, words...) }

// codeUpTo is for numbers from 0 to last.
func codeUpTo[T ~int | ~uint | ~uint32](c *codec, v *T, last T) {
	u := uint64(*v)
	c.unsigned(&u)
	switch {
	case c.step != reading:
	case u <= uint64(last):
		*v = T(u)
	default:
		c.in.Fail()
	}
}

func (c *codec) text(v *string) {
	switch c.step {
	case collecting:
		c.index[*v] = 0
	case writing:
		c.length(c.index[*v])
	case reading:
		i := c.in.Number()
		if i >= uint64(len(c.table)) {
			c.in.Fail()
			return
		}
		c.used[i] = true
		*v = c.table[i]
	}
}

// codeSlice is for lists whose elements take at least size bytes each, which
// bounds the memory that a list can claim.
func codeSlice[T any](c *codec, list *[]T, size int, each func(*codec, *T)) {
	n := uint64(0)
	if *list != nil {
		n = uint64(len(*list)) + 1
	}
	c.unsigned(&n)
	if c.step == reading && n > 0 {
		if n-1 > uint64(c.in.Left()/size) {
			c.in.Fail()
			return
		}
		*list = make([]T, n-1)
	}
	for i := range *list {
		each(c, &(*list)[i])
	}
}
