package seccomp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Ship compiles filters and puts their programs into a directory, for
// embedding as Cache.Shipped. Programs of this machine's native ABI that
// belong to none of the filters are removed; those of others stay.
func Ship(dir string, filters []Filter, compile func(Filter) (Program, error)) error {
	wanted := make([]string, 0, len(filters))
	for i := range filters {
		k := filterKey(filters[i])
		name := shippedName(k)
		if slices.Contains(wanted, name) {
			continue
		}
		program, err := compile(filters[i])
		if err != nil {
			return fmt.Errorf("filter %d: %w", i, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), encodeEntry(k, program), 0o644); err != nil {
			return err
		}
		wanted = append(wanted, name)
	}
	present, err := shippedNames(os.DirFS(dir))
	if err != nil {
		return err
	}
	for _, name := range present {
		if slices.Contains(wanted, name) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// CheckShipped compares shipped programs with the filters they are for. The
// error names every filter whose program is missing or damaged, and every
// program of this machine's native ABI that belongs to no filter: after a
// change of a profile, a group or the compiler Ship has to be run again.
func CheckShipped(shipped fs.FS, filters []Filter) error {
	var problems []error
	wanted := make([]string, 0, len(filters))
	for i := range filters {
		k := filterKey(filters[i])
		wanted = append(wanted, shippedName(k))
		if _, err := readShipped(shipped, k); err != nil {
			problems = append(problems, fmt.Errorf("filter %d has no shipped program: %w", i, err))
		}
	}
	present, err := shippedNames(shipped)
	if err != nil {
		return err
	}
	for _, name := range present {
		if !slices.Contains(wanted, name) {
			problems = append(problems, fmt.Errorf("the shipped program %s belongs to no filter", name))
		}
	}
	return errors.Join(problems...)
}

// shippedNames lists the programs of the native ABI.
func shippedNames(shipped fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(shipped, ".")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, nativeABI.String()+"-") && strings.HasSuffix(name, ".bpf") {
			names = append(names, name)
		}
	}
	return names, nil
}
