package launch

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// writeGroupMap has newgidmap write the map of groups of the jail's
// init.
func writeGroupMap(m *plan.GroupMap, pid int) error {
	if m.Program == "" {
		return nil
	}
	argv := append([]string{m.Program, strconv.Itoa(pid)}, strings.Fields(m.Map)...)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /dev/null: %w", err)
	}
	defer func() { _ = unix.Close(null) }()
	stdio := []uintptr{uintptr(null), uintptr(null), uintptr(null)}
	helper, err := syscall.ForkExec(m.Program, argv, &syscall.ProcAttr{Env: []string{}, Files: stdio})
	if err != nil {
		return mapRefusal(m, "cannot start "+m.Program+": "+err.Error())
	}
	if status := reap(helper); !status.Exited() || status.ExitStatus() != 0 {
		return mapRefusal(m, fmt.Sprintf("%s refused to map the groups %q", m.Program, m.Map))
	}
	return nil
}

func mapRefusal(m *plan.GroupMap, why string) *Refusal {
	return &Refusal{Problem: diag.Diagnostic{
		Code: "groups-stay", Summary: "your supplementary groups can't be dropped: " + why, Subject: m.At,
		Remedy: "`newgidmap PID " + m.Map + "` tells more; it can do nothing where setuid programs have no effect, as in many containers",
	}}
}
