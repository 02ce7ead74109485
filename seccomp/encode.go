package seccomp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// MaxFilter is the most bytes that DecodeFilter takes. A filter of this length
// has more rules than the kernel has room for.
const MaxFilter = 1 << 20

// heading begins the encoding of every filter.
const heading = "jail seccomp"

// EncodeFilter writes a filter so that different filters give different bytes:
// every list and text is preceded by its length. Of the architectures only the
// set counts that this machine can run. What the bytes mean depends on the
// vocabulary and the compiler, whose versions are part of them: they are for
// another process of the same release, and for digests.
func EncodeFilter(f Filter) []byte {
	text := make([]byte, 0, 4096)
	text = append(text, heading...)
	for _, n := range [...]uint64{compilerVersion, vocabularyVersion, uint64(nativeABI), uint64(f.Default)} {
		text = binary.AppendUvarint(text, n)
	}
	abis := abisOf(f)
	text = binary.AppendUvarint(text, uint64(len(abis)))
	for _, a := range abis {
		text = binary.AppendUvarint(text, uint64(a))
	}
	text = appendRuleList(text, f.Allow)
	return appendRuleList(text, f.Deny)
}

// appendRuleList encodes one list of a filter.
func appendRuleList(text []byte, rules []Rule) []byte {
	text = binary.AppendUvarint(text, uint64(len(rules)))
	for i := range rules {
		text = appendText(text, rules[i].Name)
		text = binary.AppendVarint(text, int64(rules[i].Action))
		text = binary.AppendVarint(text, int64(rules[i].Errno))
		text = binary.AppendUvarint(text, uint64(len(rules[i].When)))
		for _, c := range rules[i].When {
			text = binary.AppendUvarint(text, uint64(c.Arg))
			text = appendText(text, c.Op)
			text = binary.AppendUvarint(text, c.Mask)
			text = binary.AppendUvarint(text, c.Value)
			text = binary.AppendVarint(text, int64(c.Width))
		}
	}
	return text
}

// appendText encodes a string.
func appendText(text []byte, s string) []byte {
	text = binary.AppendUvarint(text, uint64(len(s)))
	return append(text, s...)
}

// DecodeFilter reads what EncodeFilter wrote and nothing else: encoding the
// filter again gives the same bytes. Architectures come back by their own names,
// "native" does not. Whether the rules have a meaning is for Check to say.
func DecodeFilter(text []byte) (Filter, error) {
	if len(text) > MaxFilter {
		return Filter{}, fmt.Errorf("the encoded filter has more than %d bytes", MaxFilter)
	}
	d := decoder{rest: text}
	if string(d.take(len(heading))) != heading {
		return Filter{}, errors.New("this is no encoded filter")
	}
	for _, version := range [...]uint64{compilerVersion, vocabularyVersion, uint64(nativeABI)} {
		if d.uvarint() != version && d.err == nil {
			return Filter{}, errors.New("the filter was encoded by another release of jail")
		}
	}
	f := Filter{Default: Action(d.uvarint())}
	for range d.count(1) {
		if a := d.uvarint(); a < uint64(abiCount) {
			f.Arches = append(f.Arches, abi(a).String())
		}
	}
	f.Allow, f.Deny = d.ruleList(), d.ruleList()
	if d.err != nil {
		return Filter{}, d.err
	}
	// Longer spellings of numbers, architectures in another order or of
	// another machine, and bytes behind the end show here.
	if !slices.Equal(EncodeFilter(f), text) {
		return Filter{}, errors.New("the encoded filter is not in its one form")
	}
	return f, nil
}

// decoder reads an encoding from the front. After the first error it returns
// zeros.
type decoder struct {
	rest []byte
	err  error
}

// errShort is the error for an encoding that ends too early.
var errShort = errors.New("the encoded filter is cut off")

// take returns the next n bytes.
func (d *decoder) take(n int) []byte {
	if d.err == nil && n > len(d.rest) {
		d.err = errShort
	}
	if d.err != nil {
		return nil
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

// uvarint reads an unsigned number.
func (d *decoder) uvarint() uint64 {
	value, n := binary.Uvarint(d.rest)
	if !d.skip(n) {
		return 0
	}
	return value
}

// varint reads a signed number.
func (d *decoder) varint() int64 {
	value, n := binary.Varint(d.rest)
	if !d.skip(n) {
		return 0
	}
	return value
}

// skip goes on behind a number of n bytes, if there is one: n is what package
// binary says.
func (d *decoder) skip(n int) bool {
	if n <= 0 {
		n = len(d.rest) + 1
	}
	d.take(n)
	return d.err == nil
}

// count reads the length of a list whose elements have at least size bytes
// each, so that what is made for it is bounded by what is there.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if d.err == nil && n > uint64(len(d.rest)/size) {
		d.err = errShort
	}
	if d.err != nil {
		return 0
	}
	return int(n)
}

// text reads a string.
func (d *decoder) text() string { return string(d.take(d.count(1))) }

// ruleList reads one list of a filter.
func (d *decoder) ruleList() []Rule {
	const leastRule, leastCond = 4, 5
	var rules []Rule
	for range d.count(leastRule) {
		rule := Rule{Name: d.text(), Action: Action(d.varint()), Errno: int(d.varint())}
		for range d.count(leastCond) {
			rule.When = append(rule.When, Cond{
				Arg: uint(d.uvarint()), Op: d.text(), Mask: d.uvarint(), Value: d.uvarint(), Width: int(d.varint()),
			})
		}
		rules = append(rules, rule)
	}
	return rules
}
