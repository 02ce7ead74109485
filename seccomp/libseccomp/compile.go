//go:build cgo

package libseccomp

import (
	"errors"
	"fmt"
	"os"

	library "github.com/seccomp/libseccomp-golang"
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp"
)

// maxRules bounds what is given to the library for one ABI. Every rule becomes an
// instruction or more, and the time the library takes grows with their square.
const maxRules = 2000

// tooMany is the error for conditions that multiply each other beyond what the
// kernel takes in one program.
func tooMany(name string) error {
	return fmt.Errorf("the conditions on %s are too many to be compiled together", name)
}

// Compile turns a filter into a program, one filter of the library for each
// ABI, merged. What the program does is defined by seccomp.Verdict.
//
// The library has one default action, and it has to be the one for numbers
// without a name, since those cannot be listed. So every known syscall gets
// rules of its own, also those that the filter does not mention; the binary
// tree over the numbers keeps the program's longest path short.
//
// In an ABI other than the native one the library knows calls by name only. A
// call newer than the library gets the answer of an unnamed number there,
// which is never more than the filter grants; where it would be, Compile
// returns an error.
//
// It takes milliseconds. See seccomp.Cache.
func Compile(f seccomp.Filter) (seccomp.Program, error) {
	tables, err := seccomp.Tables(f)
	if err != nil {
		return nil, err
	}
	var whole *library.ScmpFilter
	for i := range tables {
		part, err := compileTable(&tables[i])
		if err != nil {
			return nil, fmt.Errorf("compile the syscall filter for %s: %w", tables[i].Arch, err)
		}
		if whole == nil {
			whole = part
			defer whole.Release()
			continue
		}
		if err := whole.Merge(part); err != nil {
			part.Release()
			return nil, fmt.Errorf("join the syscall filter for %s: %w", tables[i].Arch, err)
		}
	}
	return export(whole)
}

// compileTable makes the filter of one ABI.
func compileTable(t *seccomp.Table) (*library.ScmpFilter, error) {
	filter, err := library.NewFilter(action(t.Unnamed))
	if err != nil {
		return nil, err
	}
	if err := fill(filter, t); err != nil {
		filter.Release()
		return nil, err
	}
	return filter, nil
}

// fill puts the rules of an ABI into its filter.
func fill(filter *library.ScmpFilter, t *seccomp.Table) error {
	if err := configure(filter, t); err != nil {
		return err
	}
	total := 0
	for i := range t.Calls {
		rules, err := addCall(filter, t, &t.Calls[i])
		if err != nil {
			return err
		}
		if total += rules; total > maxRules {
			return tooMany(t.Calls[i].Name)
		}
	}
	return nil
}

// configure sets the ABI and what all filters have in common.
func configure(filter *library.ScmpFilter, t *seccomp.Table) error {
	if err := filter.SetBadArchAction(library.ActKillProcess); err != nil {
		return fmt.Errorf("set the action for other architectures: %w", err)
	}
	// Level 2 is a binary tree over the numbers (libseccomp 2.5). An older
	// library tests them one by one, which is slower and not wrong.
	var version library.VersionError
	if err := filter.SetOptimize(2); err != nil && !errors.As(err, &version) {
		return fmt.Errorf("ask for a binary tree: %w", err)
	}
	if t.Native {
		return nil
	}
	if err := filter.AddArch(arch(t.Arch)); err != nil {
		return fmt.Errorf("add the architecture: %w", err)
	}
	if err := filter.RemoveArch(library.ArchNative); err != nil {
		return fmt.Errorf("remove the native architecture: %w", err)
	}
	return nil
}

// addCall adds the rules of one syscall and returns how many there were.
func addCall(filter *library.ScmpFilter, t *seccomp.Table, c *seccomp.Call) (int, error) {
	decision, err := partition(c.Entries, t.Narrow)
	if err != nil {
		return 0, err
	}
	rules := rulesOf(decision, t.Unnamed)
	if len(rules) == 0 {
		return 0, nil
	}
	number, known := numberOf(t, c)
	if !known {
		if t.Unnamed.Action == seccomp.Errno {
			return 0, nil
		}
		return 0, fmt.Errorf("libseccomp does not know %s and cannot refuse it", c.Name)
	}
	if len(rules) > maxRules {
		return 0, tooMany(c.Name)
	}
	for i := range rules {
		if err := addRule(filter, number, &rules[i]); err != nil {
			return 0, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return len(rules), nil
}

// addRule adds one rule.
func addRule(filter *library.ScmpFilter, number library.ScmpSyscall, rule *masked) error {
	var conditions []library.ScmpCondition
	for arg := range rule.mask {
		if rule.mask[arg] != 0 {
			conditions = append(conditions, library.ScmpCondition{
				Argument: uint(arg), Op: library.CompareMaskedEqual,
				Operand1: rule.mask[arg], Operand2: rule.value[arg],
			})
		}
	}
	if len(conditions) == 0 {
		return filter.AddRuleExact(number, action(rule.answer))
	}
	return filter.AddRuleConditionalExact(number, action(rule.answer), conditions)
}

// numberOf returns how the library is told about a syscall, false when it
// cannot be: by the native number, also for the names it does not know, and
// in another ABI by the native or pseudo number of the name.
func numberOf(t *seccomp.Table, c *seccomp.Call) (library.ScmpSyscall, bool) {
	if t.Native {
		return library.ScmpSyscall(c.Number), true
	}
	number, err := library.GetSyscallFromName(c.Name)
	if err != nil {
		return 0, false
	}
	// A negative number stands for a call that the library takes the ABI not
	// to have, or for one behind a multiplexer.
	there, err := library.GetSyscallFromNameByArch(c.Name, arch(t.Arch))
	return number, err == nil && (there >= 0 || c.Multiplexed)
}

// action is an answer in the library's terms.
func action(a seccomp.Answer) library.ScmpAction {
	switch a.Action {
	case seccomp.Allow:
		return library.ActAllow
	case seccomp.Log:
		return library.ActLog
	case seccomp.Kill:
		return library.ActKillProcess
	case seccomp.Errno:
	}
	return library.ActErrno.SetReturnCode(int16(a.Errno))
}

// arch is an ABI in the library's terms.
func arch(name string) library.ScmpArch {
	switch name {
	case "x86-64":
		return library.ArchAMD64
	case "arm64":
		return library.ArchARM64
	case "x86":
		return library.ArchX86
	case "arm":
		return library.ArchARM
	case "x32":
		return library.ArchX32
	}
	return library.ArchInvalid
}

// export reads the program out of the library by way of a memory file.
func export(filter *library.ScmpFilter) (seccomp.Program, error) {
	fd, err := unix.MemfdCreate("seccomp", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create a memory file for the syscall filter: %w", err)
	}
	file := os.NewFile(uintptr(fd), "seccomp")
	defer file.Close()
	if err := filter.ExportBPF(file); err != nil {
		return nil, fmt.Errorf("export the syscall filter: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the syscall filter back: %w", err)
	}
	program := make(seccomp.Program, info.Size())
	if _, err := file.ReadAt(program, 0); err != nil {
		return nil, fmt.Errorf("read the syscall filter back: %w", err)
	}
	return program, program.Check()
}
