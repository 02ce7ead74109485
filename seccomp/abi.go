package seccomp

import "slices"

// abi is a syscall interface of the kernel: a way to enter it with numbers of
// its own. The values are the columns of syscallTable.
type abi int

const (
	abiAMD64 abi = iota
	abiARM64
	abiX86
	abiARM
	abiX32
	abiCount
)

// The AUDIT_ARCH_* values by which a filter recognises the ABI of a call
// (struct seccomp_data, seccomp(2)). x32 has no value of its own: it is
// AUDIT_ARCH_X86_64 with bit 30 set in the syscall number.
const (
	auditX86   = 0x40000003
	auditAMD64 = 0xc000003e
	auditARM   = 0x40000028
	auditARM64 = 0xc00000b7
	x32Bit     = 0x40000000
)

// ArchNames returns the names that Filter.Arches may hold, sorted. A name of
// an ABI that this machine's kernel does not have is accepted and means
// nothing, so that one profile serves several architectures.
func ArchNames() []string {
	return []string{"arm", "arm64", "native", "x32", "x86", "x86-64"}
}

// parseABI resolves a name of ArchNames.
func parseABI(name string) (abi, bool) {
	if name == "native" {
		return nativeABI, true
	}
	i := slices.Index(abiNames[:], name)
	return abi(i), i >= 0
}

var abiNames = [abiCount]string{"x86-64", "arm64", "x86", "arm", "x32"}

// String names the ABI as in ArchNames.
func (a abi) String() string { return abiNames[a] }

// runs reports whether a kernel whose native ABI is nativeABI can execute
// programs of ABI a.
func (a abi) runs() bool {
	if nativeABI == abiAMD64 {
		return a == abiAMD64 || a == abiX86 || a == abiX32
	}
	return a == abiARM64 || a == abiARM
}

// narrow reports whether the registers of the ABI are 32 bits wide, so that
// the upper half of every argument in seccomp_data is zero.
func (a abi) narrow() bool { return a == abiX86 || a == abiARM }

// audit returns the AUDIT_ARCH_* value of the ABI.
func (a abi) audit() uint32 {
	return [...]uint32{auditAMD64, auditARM64, auditX86, auditARM, auditAMD64}[a]
}

// abisOf returns the ABIs that a filter accepts on this machine, each once, in
// the order of their columns.
func abisOf(f Filter) []abi {
	var wanted [abiCount]bool
	for _, name := range f.Arches {
		if a, ok := parseABI(name); ok && a.runs() {
			wanted[a] = true
		}
	}
	var abis []abi
	for a, ok := range wanted {
		if ok {
			abis = append(abis, abi(a))
		}
	}
	return abis
}

// abiOf returns the ABI of a call, false when the filter does not accept it.
func abiOf(f Filter, arch, nr uint32) (abi, bool) {
	abis := abisOf(f)
	for _, a := range abis {
		if a == abiX32 || a.audit() != arch {
			continue
		}
		if a == abiAMD64 && nr >= x32Bit && nr != ^uint32(0) {
			break
		}
		return a, true
	}
	if arch == auditAMD64 && nr >= x32Bit && nr != ^uint32(0) && slices.Contains(abis, abiX32) {
		return abiX32, true
	}
	return 0, false
}
