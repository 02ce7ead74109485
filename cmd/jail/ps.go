package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/cmd/internal/launcher"
	"github.com/jail-project/jail/cmd/jail/internal/running"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/registry"
)

type psGrammar struct {
	Names bool `help:"Print the IDs alone, one a line."`
	JSON  bool `name:"json" help:"Print an array of objects: id, profile, program, pid, since."`
}

// run exits with 1 when there are registrations that can't be believed; the
// jails of the others are listed.
func (g *psGrammar) run(a *app, args []string) int {
	jails, refused, status := a.running()
	if status != 0 {
		return status
	}
	defer registry.CloseAll(jails, nil)
	switch {
	case g.JSON:
		status = a.printJSON(running.JSON(jails))
	case g.Names:
		var b bytes.Buffer
		for _, j := range jails {
			b.WriteString(diag.Escape(j.ID) + "\n")
		}
		status = a.print(b.Bytes())
	default:
		status = a.print(running.Text(jails))
	}
	for _, r := range refused {
		a.fail(fmt.Sprintf("the registration %s of a jail is not believed: %v", diag.Quote(r.Name), r.Err), openFilesRemedy(r.Err))
		status = max(status, 1)
	}
	return status
}

// running finds the caller's jails. The status is not 0 when they can't be
// looked for.
func (a *app) running() ([]*registry.Jail, []registry.Refused, int) {
	host, err := host.Read(os.Environ(), a.programs...)
	if err != nil {
		return nil, nil, a.fail(err.Error(), "")
	}
	jails, refused, err := registry.Running(launcher.Place(host))
	if err != nil {
		return nil, nil, a.fail(err.Error(), openFilesRemedy(err))
	}
	return jails, refused, 0
}

// findJail returns the jail that an ID, or the beginning of one, stands for.
// It is nil when there is none, and the user was told.
func (a *app) findJail(id string) (*registry.Jail, int) {
	jails, refused, status := a.running()
	if status != 0 {
		return nil, status
	}
	j, ids := registry.Match(jails, id)
	registry.CloseAll(jails, j)
	if j != nil {
		return j, 0
	}
	if len(ids) > 1 {
		return nil, a.fail(fmt.Sprintf("%s could be %s", diag.Quote(id), diag.Escape(strings.Join(ids, ", "))), "name one of them")
	}
	for _, r := range refused {
		if r.Name == id {
			return nil, a.fail(fmt.Sprintf("the registration of %s is not believed: %v", diag.Quote(id), r.Err), openFilesRemedy(r.Err))
		}
	}
	known := make([]string, len(jails))
	for i := range jails {
		known[i] = jails[i].ID
	}
	remedy := "`jail ps` lists those that run"
	if near := diag.Suggest(id, known); near != "" {
		remedy = "did you mean " + diag.Quote(near) + "?"
	}
	return nil, a.fail("no jail "+diag.Quote(id)+" runs", remedy)
}

// openFilesRemedy is the remedy where the caller may not open enough files to
// look at jails: what it takes depends on how many of them run.
func openFilesRemedy(err error) string {
	var limit unix.Rlimit
	if !errors.Is(err, unix.EMFILE) || unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return ""
	}
	return fmt.Sprintf("raise the limit on open files, `ulimit -n`: yours is %d", limit.Max)
}
