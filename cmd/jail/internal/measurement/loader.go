package measurement

import (
	"debug/elf"
)

// LoaderRemedy says what to do where the probe, which is this program, does not start:
// an executable with a dynamic loader runs only in jails that show it and the
// libraries. It is "" for a static one, which has no such need.
func LoaderRemedy() string {
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return "this build of jail, which is also the probe, needs a dynamic loader that the jail may not show: " +
				"measure with one that `make build` made, or `CGO_ENABLED=0 go build`"
		}
	}
	return ""
}
