package seccomp

import (
	"errors"
	"fmt"
	"os"

	"github.com/seccomp/libseccomp-golang"
	"golang.org/x/sys/unix"
)

// maxRules bounds what is given to libseccomp for one ABI. Every rule becomes an
// instruction or more, and the time libseccomp takes grows with their square.
const maxRules = 2000

// tooMany is the error for conditions that multiply each other beyond what the
// kernel takes in one program.
func tooMany(name string) error {
	return fmt.Errorf("the conditions on %s are too many to be compiled together", name)
}

// Compile turns a filter into a program by libseccomp, one filter for each
// ABI, merged. What the program does is defined by Verdict.
//
// libseccomp has one default action, and it has to be the one for numbers
// without a name, since those cannot be listed. So every known syscall gets
// rules of its own, also those that the filter does not mention; the binary
// tree over the numbers keeps the program's longest path short.
//
// In an ABI other than the native one libseccomp knows calls by name only. A
// call newer than the library gets the answer of an unnamed number there,
// which is never more than the filter grants; where it would be, Compile
// returns an error.
//
// The first call costs milliseconds. See Cache.
func Compile(f Filter) (Program, error) {
	if err := Check(f); err != nil {
		return nil, err
	}
	var whole *seccomp.ScmpFilter
	for _, a := range abisOf(f) {
		part, err := compileABI(f, a)
		if err != nil {
			return nil, fmt.Errorf("compile the syscall filter for %v: %w", a, err)
		}
		if whole == nil {
			whole = part
			defer whole.Release()
			continue
		}
		if err := whole.Merge(part); err != nil {
			part.Release()
			return nil, fmt.Errorf("join the syscall filter for %v: %w", a, err)
		}
	}
	return export(whole)
}

// compileABI makes the filter of one ABI.
func compileABI(f Filter, a abi) (*seccomp.ScmpFilter, error) {
	filter, err := newFilter(unnamed(f).scmp(), a)
	if err != nil {
		return nil, err
	}
	entries := byName(f)
	total := 0
	for i := range syscallTable {
		row := &syscallTable[i]
		if row.numbers[a] < 0 && (a != abiX86 || !isMultiplexed(row.name)) || a == abiX86 && isMultiplexer(row.name) {
			continue
		}
		rules, err := addSyscall(filter, f, a, row, entries[row.name])
		if total += rules; err == nil && total > maxRules {
			err = tooMany(row.name)
		}
		if err != nil {
			filter.Release()
			return nil, err
		}
	}
	return filter, nil
}

// byName sorts the entries of a filter by syscall, each list complete as
// Explain returns it.
func byName(f Filter) map[string][]Entry {
	grouped := map[string][]Entry{}
	for _, entry := range Expand(f) {
		grouped[entry.Name] = append(grouped[entry.Name], entry)
	}
	return grouped
}

// newFilter makes an empty filter for one ABI.
func newFilter(unlisted seccomp.ScmpAction, a abi) (*seccomp.ScmpFilter, error) {
	filter, err := seccomp.NewFilter(unlisted)
	if err != nil {
		return nil, err
	}
	if err := configure(filter, a); err != nil {
		filter.Release()
		return nil, err
	}
	return filter, nil
}

// configure sets the ABI and what all filters have in common.
func configure(filter *seccomp.ScmpFilter, a abi) error {
	if err := filter.SetBadArchAction(seccomp.ActKillProcess); err != nil {
		return fmt.Errorf("set the action for other architectures: %w", err)
	}
	// Level 2 is a binary tree over the numbers (libseccomp 2.5). An older
	// library tests them one by one, which is slower and not wrong.
	var version seccomp.VersionError
	if err := filter.SetOptimize(2); err != nil && !errors.As(err, &version) {
		return fmt.Errorf("ask for a binary tree: %w", err)
	}
	if a == nativeABI {
		return nil
	}
	if err := filter.AddArch(a.scmp()); err != nil {
		return fmt.Errorf("add the architecture: %w", err)
	}
	if err := filter.RemoveArch(nativeABI.scmp()); err != nil {
		return fmt.Errorf("remove the native architecture: %w", err)
	}
	return nil
}

// addSyscall adds the rules of one syscall and returns how many there were.
func addSyscall(filter *seccomp.ScmpFilter, f Filter, a abi, row *syscallRow, entries []Entry) (int, error) {
	deciding := decisive(f, entries, row.name)
	if a == abiX86 && isMultiplexed(row.name) {
		last := strictest(deciding)
		last.When = nil
		deciding = []Entry{last}
	}
	decision, err := partition(deciding, a.narrow())
	if err != nil {
		return 0, err
	}
	number, known := a.libraryNumber(row)
	rules := rulesOf(decision, unnamed(f))
	if len(rules) > 0 && !known {
		if unnamed(f).action == Errno {
			return 0, nil
		}
		return 0, fmt.Errorf("libseccomp does not know %s and cannot refuse it", row.name)
	}
	if len(rules) > maxRules {
		return 0, tooMany(row.name)
	}
	for i := range rules {
		if err := addMasked(filter, number, rules[i]); err != nil {
			return 0, fmt.Errorf("%s: %w", row.name, err)
		}
	}
	return len(rules), nil
}

// addMasked adds one rule.
func addMasked(filter *seccomp.ScmpFilter, number seccomp.ScmpSyscall, rule masked) error {
	var conditions []seccomp.ScmpCondition
	for arg := range rule.mask {
		if rule.mask[arg] != 0 {
			conditions = append(conditions, seccomp.ScmpCondition{
				Argument: uint(arg), Op: seccomp.CompareMaskedEqual,
				Operand1: rule.mask[arg], Operand2: rule.value[arg],
			})
		}
	}
	if len(conditions) == 0 {
		return filter.AddRuleExact(number, rule.outcome.scmp())
	}
	return filter.AddRuleConditionalExact(number, rule.outcome.scmp(), conditions)
}

// libraryNumber returns how libseccomp is told about a syscall, false when it
// cannot be: by the native number, also for the names it does not know, and
// in another ABI by the native or pseudo number of the name.
func (a abi) libraryNumber(row *syscallRow) (seccomp.ScmpSyscall, bool) {
	if a == nativeABI {
		return seccomp.ScmpSyscall(row.numbers[a]), true
	}
	number, err := seccomp.GetSyscallFromName(row.name)
	if err != nil {
		return 0, false
	}
	// A negative number stands for a call that the library takes the ABI not
	// to have, or for one behind a multiplexer.
	there, err := seccomp.GetSyscallFromNameByArch(row.name, a.scmp())
	return number, err == nil && (there >= 0 || a == abiX86 && isMultiplexed(row.name))
}

// scmp is the action in libseccomp's terms.
func (o outcome) scmp() seccomp.ScmpAction {
	switch o.action {
	case Allow:
		return seccomp.ActAllow
	case Log:
		return seccomp.ActLog
	case Kill:
		return seccomp.ActKillProcess
	case Errno:
	}
	return seccomp.ActErrno.SetReturnCode(int16(o.errno))
}

// scmp is the ABI in libseccomp's terms.
func (a abi) scmp() seccomp.ScmpArch {
	return [...]seccomp.ScmpArch{
		seccomp.ArchAMD64, seccomp.ArchARM64, seccomp.ArchX86, seccomp.ArchARM, seccomp.ArchX32,
	}[a]
}

// export reads the program out of libseccomp by way of a memory file.
func export(filter *seccomp.ScmpFilter) (Program, error) {
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
	program := make(Program, info.Size())
	if _, err := file.ReadAt(program, 0); err != nil {
		return nil, fmt.Errorf("read the syscall filter back: %w", err)
	}
	return program, program.check()
}
