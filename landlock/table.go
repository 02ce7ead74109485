package landlock

import (
	"cmp"
	"strings"
)

// Kind is what a feature restricts.
type Kind uint8

// The kinds of features that jail asks for.
const (
	overFiles Kind = iota
	scopes
	overNet
)

// Feature is something that a version of the interface can restrict.
type Feature struct {
	Name  string // as in the kernel's header, without its prefix, lower case
	Since ABI
	Kind  Kind
	Bit   uint64
	// Without says what a jail is like where the kernel lacks it; "" for
	// what jail does not ask for.
	Without string
}

// features are all rights over files and the network and all scopes, in the order of versions.
var features = [...]Feature{
	{"execute", 1, overFiles, uint64(Execute), everything},
	{"write_file", 1, overFiles, uint64(WriteFile), everything},
	{"read_file", 1, overFiles, uint64(ReadFile), everything},
	{"read_dir", 1, overFiles, uint64(ReadDir), everything},
	{"remove_dir", 1, overFiles, uint64(RemoveDir), everything},
	{"remove_file", 1, overFiles, uint64(RemoveFile), everything},
	{"make_char", 1, overFiles, uint64(MakeChar), everything},
	{"make_dir", 1, overFiles, uint64(MakeDir), everything},
	{"make_reg", 1, overFiles, uint64(MakeReg), everything},
	{"make_sock", 1, overFiles, uint64(MakeSock), everything},
	{"make_fifo", 1, overFiles, uint64(MakeFifo), everything},
	{"make_block", 1, overFiles, uint64(MakeBlock), everything},
	{"make_sym", 1, overFiles, uint64(MakeSym), everything},
	{"refer", 2, overFiles, uint64(Refer), "no file can be renamed or linked from one directory to another"},
	{"truncate", 3, overFiles, uint64(Truncate), "only mounts keep a file that is read-only from being cut short"},
	{"bind_tcp", 4, overNet, uint64(BindTCP), ""},
	{"connect_tcp", 4, overNet, uint64(ConnectTCP), ""}, // for profiles that ask for it: see compile
	{"ioctl_dev", 5, overFiles, uint64(IoctlDev), "only the mount flag nodev keeps devices outside /dev from being used"},
	{"abstract_unix_socket", 6, scopes, uint64(AbstractUnixSocket), "only the socket guard keeps abstract sockets of the host out of reach with network: host"},
	{"signal", 6, scopes, uint64(Signal), "only the session and the PID namespace keep signals inside"},
	{"resolve_unix", 9, overFiles, uint64(ResolveUnix), ""},
}

const everything = "mounts alone keep files apart, and a file on standard input or output is refused"

// mask is everything of one kind that version a knows, up to Newest.
func (a ABI) mask(k Kind) uint64 {
	bits := uint64(0)
	for i := range features {
		if f := &features[i]; f.Kind == k && f.Since <= min(a, Newest) {
			bits |= f.Bit
		}
	}
	return bits
}

// Lacks returns what jail would ask for and version a does not have.
func (a ABI) Lacks() []Feature {
	var out []Feature
	for i := range features {
		if features[i].Since > a && features[i].Without != "" {
			out = append(out, features[i])
		}
	}
	return out
}

// Lack is a sentence of Lacks: some features and what a jail is like without
// them.
type Lack struct {
	Names   []string
	Without string
}

// String is the sentence.
func (l Lack) String() string { return strings.Join(l.Names, ", ") + ": " + l.Without }

// Summary puts together what neighbours in Lacks have in common.
func (a ABI) Summary() []Lack {
	var out []Lack
	for _, f := range a.Lacks() {
		if n := len(out); n > 0 && out[n-1].Without == f.Without {
			out[n-1].Names = append(out[n-1].Names, f.Name)
			continue
		}
		out = append(out, Lack{[]string{f.Name}, f.Without})
	}
	return out
}

// names are the features of one kind in the kernel's words. Every launch makes a dozen of
// these texts, for the case that somebody reads them.
func names(k Kind, bits uint64) string {
	const most = 256 // all names of a kind
	set := make([]byte, 0, most)
	for i := range features {
		f := &features[i]
		if f.Kind != k || bits&f.Bit == 0 {
			continue
		}
		if len(set) > 0 {
			set = append(set, '|')
		}
		for _, c := range []byte(f.Name) {
			if 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
			set = append(set, c)
		}
	}
	return cmp.Or(string(set), "0")
}
