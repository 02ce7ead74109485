package doctor

import (
	"strconv"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
)

// landlockState tells which version of Landlock the kernel has, and what a jail
// lacks for it.
func landlockState(k *host.Kernel) Finding {
	f := Finding{Name: "Landlock", State: OK, Detail: output.Text("version " + strconv.Itoa(int(k.Landlock)))}
	switch {
	case k.LandlockOff:
		f.State, f.Detail = Off, "the kernel has it and it was switched off at boot"
	case k.Landlock == 0:
		f.State, f.Detail = Missing, "the kernel does not have it, or a container around this shell forbids it"
	default:
		for _, l := range k.Landlock.Summary() {
			f.Detail += output.Text("; without " + l.String())
		}
		return f
	}
	f.Remedy = output.Text(compile.NoLandlock(k) + "; a profile may say landlock: optional")
	return f
}
