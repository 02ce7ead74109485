package seccomp

import (
	"fmt"
	"io/fs"

	"github.com/jail-project/jail/store"
)

// maxEntries is how many programs a cache keeps, some 7 KiB each.
const maxEntries = 256

// entrySuffix is that of the file of a cache entry, behind the key.
const entrySuffix = ".bpf"

// Cache finds the program of a filter, if possible without compiling it.
//
// A program in Dir is used only when directory and file belong to the user, no other user
// can write them, and the contents verify. Any other file of its name is replaced.
type Cache struct {
	// Dir is a directory of the user for programs compiled on this machine,
	// made when it is missing; "" keeps nothing.
	Dir string
	// Shipped holds the programs that come with jail, see Ship; nil means none.
	Shipped fs.FS
	// Compile makes a program. It is called when no other way is left and must
	// not be nil.
	Compile func(Filter) (Program, error)
	// Compiler says what Compile is, with its release: a program made by
	// another one is not found in Dir.
	Compiler string
}

// Source says where a program came from. Warning is set when Dir could not be
// used or written; the program is right all the same and only costs time
// again.
type Source struct {
	From    From
	Warning error
}

// From is a place that programs come from.
type From int

// The places, in the order in which they are asked.
const (
	Shipped From = iota
	Cached
	Compiled
)

// String names the place.
func (f From) String() string {
	if f < 0 || f > Compiled {
		return "invalid"
	}
	return [...]string{"shipped", "cached", "compiled"}[f]
}

// Program returns the program of a filter. The error is that of Check or of
// Compile; a cache that cannot be used is no error.
func (c Cache) Program(f Filter) (Program, Source, error) {
	if c.Shipped != nil {
		if program, err := readShipped(c.Shipped, filterKey(f)); err == nil {
			return program, Source{From: Shipped}, nil
		}
	}
	if c.Dir == "" {
		program, err := c.compile(f)
		return program, Source{From: Compiled}, err
	}
	source := Source{From: Compiled}
	k := cacheKey(f, c.Compiler)
	dir, err := store.Make(c.Dir)
	if err != nil {
		source.Warning = unused(c.Dir, err)
		program, err := c.compile(f)
		return program, source, err
	}
	defer dir.Close()
	name := k.String() + entrySuffix
	if entry, err := dir.Read(name, MaxEntry); err == nil {
		if program, err := decodeEntry(k, entry); err == nil {
			return program, Source{From: Cached}, nil
		}
	}
	program, err := c.compile(f)
	if err != nil {
		return nil, source, err
	}
	if err := dir.Write(name, encodeEntry(k, program)); err != nil {
		source.Warning = unused(c.Dir, err)
	}
	dir.Prune(entrySuffix, maxEntries)
	return program, source, nil
}

// compile checks a filter, has it compiled, and checks what came of it, whatever
// the compiler is.
func (c Cache) compile(f Filter) (Program, error) {
	if err := Check(f); err != nil {
		return nil, err
	}
	program, err := c.Compile(f)
	if err != nil {
		return nil, err
	}
	return program, program.Check()
}

// unused is the warning about a directory that cannot be used.
func unused(dir string, err error) error {
	return fmt.Errorf("cannot keep the compiled syscall filter in %q, continuing without: %w", dir, err)
}

// readShipped looks into the programs that come with jail.
func readShipped(shipped fs.FS, k key) (Program, error) {
	entry, err := fs.ReadFile(shipped, shippedName(k))
	if err != nil {
		return nil, err
	}
	return decodeEntry(k, entry)
}

// shippedName is the file of a shipped program. It begins with the native ABI,
// since one tree holds the programs of all.
func shippedName(k key) string { return nativeABI.String() + "-" + k.String()[:32] + ".bpf" }
