package launcher

import (
	"io"
	"strings"
	"time"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/launchcache"
	"github.com/jail-project/jail/terminal"
)

// maxWords is how many words of a command line may come before the program for the
// launch to be found in the cache.
const maxWords = 32

// Relaunch launches what an earlier launch of the same command line has loaded, and
// returns the exit status. When that does not work out, done is false, and everything
// is to be read: either something has changed in the meantime, or there is an error
// to show, which takes the texts of the profiles.
func Relaunch(env, programs, line []string, stderr io.Writer) (status int, done bool) {
	if len(line) < 2 {
		return 0, false
	}
	h, err := host.Read(env, programs...)
	if err != nil {
		return 0, false
	}
	if h.Terminal, err = terminal.Find(); err != nil {
		return 0, false
	}
	l := Recall(h, line)
	if l == nil {
		return 0, false
	}
	if l.Policy.Network.Join.V != "" {
		return 0, false // what is wrong with a group takes the profile to show
	}
	if _, grouped := compile.GroupLimits(l.Policy, h); grouped {
		return 0, false // that may take a service manager
	}
	// The init makes its namespaces while the plan is compiled here. Without one,
	// Start says what is wrong.
	var init *launch.Init
	if l.Policy.Network.Mode.V != "namespace" { // which is joined before there is an init
		init, _ = launch.NewInit(compile.Namespaces(l.Policy), h.Terminal != nil)
	}
	c, problems := l.Compile()
	if problems.HasErrors() {
		init.Discard()
		return 0, false
	}
	l.Tell = func(d diag.Diagnostic) { Report(stderr, d) }
	running, failure := l.Start(c, init)
	switch {
	case failure != nil && failure.Ran:
		Report(stderr, diag.Diagnostic{Code: "failed", Summary: failure.Error()})
		return plan.ExitFailed, true
	case failure != nil:
		return 0, false
	}
	status, err = running.Wait()
	for _, d := range running.Left() {
		Report(stderr, d)
	}
	switch {
	case err != nil:
		Report(stderr, diag.Diagnostic{Code: "failed", Summary: err.Error()})
		return status, true
	case running.TimedOut():
		Report(stderr, l.TimeIsOver())
	}
	for _, remark := range running.Remark(status) {
		Report(stderr, remark)
	}
	running.EndLikeProgram(status)
	return status, true
}

// Recall returns what an earlier launch of the same command line has loaded, nil when
// there was none or something it depends on has changed since. It does not know the
// grammar of flags: the cache has an entry only for words of which the last was the
// program, and which word that is depends on nothing behind it.
func Recall(h *host.Host, line []string) *Launch {
	if h.Own.Cache == "" {
		return nil
	}
	for i := 1; i < min(len(line), maxWords); i++ {
		if strings.HasPrefix(line[i], "-") {
			continue
		}
		kept, err := launchcache.Find(launchcache.Dir(h.Own.Cache), request(h, line[:i+1]))
		if err == nil && kept.Program != nil {
			return &Launch{Policy: kept.Policy, Host: h, Command: compile.Command{Argv: line[i:], Filter: kept.Program}}
		}
	}
	return nil
}

// Keep keeps what was loaded for a launch, from these inputs, by reading that
// started at began. words is the command line up to the program. It is called when the
// program runs, so that it holds nothing up. An error costs time at the next launch and
// nothing else.
func (l *Launch) Keep(words []string, inputs *launchcache.Inputs, began time.Time) {
	if l.Host.Own.Cache == "" || len(words) > maxWords {
		return
	}
	kept := &launchcache.Launch{Policy: l.Policy, Program: l.Command.Filter}
	_ = launchcache.Add(launchcache.Dir(l.Host.Own.Cache), request(l.Host, words), kept, inputs, began)
}

// request is what a launch is kept and found by.
func request(h *host.Host, words []string) *launchcache.Request {
	return &launchcache.Request{
		Binaries: h.Own.Programs, UID: h.UID, Config: h.Own.Config, Line: words, Cwd: h.Cwd, Path: SearchPath(h),
	}
}

// SearchPath is where programs are looked for, with colons between the directories.
func SearchPath(h *host.Host) string {
	for _, e := range h.Env {
		if list, ok := strings.CutPrefix(e, "PATH="); ok {
			return list
		}
	}
	return ""
}

// Report prints one diagnostic without a source.
func Report(stderr io.Writer, problem diag.Diagnostic) {
	_, _ = io.WriteString(stderr, diag.Render(diag.List{problem}, nil, false)) // an error could not be reported
}
