package seccomp

import "encoding/binary"

// heading begins the encoding of every filter.
const heading = "jail seccomp"

// EncodeFilter writes a filter so that different filters give different bytes:
// every list and text is preceded by its length. Of the architectures only the
// set counts that this machine can run. What the bytes mean depends on the
// vocabulary and the compiler, whose versions are part of them: they are for
// digests, of which the key of a program is one.
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
	text = appendRuleList(text, f.Deny)
	for _, set := range [...]bool{f.NoSetID, f.OthersInSight} {
		text = append(text, map[bool]byte{true: 1}[set])
	}
	if f.TCPPorts { // others have the bytes that they have had
		text = append(text, 1)
	}
	return text
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
