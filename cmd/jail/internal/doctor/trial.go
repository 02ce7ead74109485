package doctor

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/cmd/jail/internal/search"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/policy"
)

// trialTime bounds a program that does nothing.
const trialTime = 10 * time.Second

// jails starts a jail with the default profile: nothing else proves that
// everything a jail needs is there.
func (d *Doctor) jails() Finding {
	f := Finding{Name: "jails", State: OK, Needed: true, Detail: "a jail with the default profile starts"}
	problem := d.trial()
	if problem == nil {
		return f
	}
	f.State, f.Detail, f.Remedy = Missing, output.Text(problem.Summary), output.Text(problem.Remedy)
	if problem.Code == launch.CodeNoNamespaces {
		f.State = Off
		f.Remedy = output.Text(whyNoNamespaces(d.Host.UID, d.Host.Own.Program()))
	}
	return f
}

// overlay starts a jail that has one.
func (d *Doctor) overlay() Finding {
	f := Finding{Name: "overlay", State: OK, Detail: "overlays can be made without privileges"}
	problem := d.trial(policy.Setting{Path: []string{"filesystem", "overlay"}, Text: "/usr"})
	if problem != nil {
		f.State, f.Detail = Missing, output.Text(problem.Summary)
		f.Remedy = "profiles with filesystem.overlay do not start here; overlays without privileges came with Linux 5.11"
	}
	return f
}

// trial runs true(1) in a jail with the default profile and some settings. It
// returns what went wrong.
func (d *Doctor) trial(settings ...policy.Setting) *diag.Diagnostic {
	p, _, problems := policy.Load(d.Store, policy.Request{Name: search.DefaultProfile, Flags: settings, CommandLine: d.CommandLine})
	if problems.HasErrors() {
		return &problems[0]
	}
	p.Limits.Time.V = trialTime
	h := *d.Host
	program, _, err := search.Filters(&h).Program(compile.FilterOf(p))
	if err != nil {
		return &diag.Diagnostic{Summary: "the syscall filter can't be made: " + err.Error()}
	}
	for {
		c, problems := compile.Compile(p, &h, compile.Command{Argv: []string{"true"}, Filter: program})
		if problems.HasErrors() {
			return &problems[0]
		}
		process, failure := launch.Start(c.Plan, nil, launch.Options{Terminal: h.Terminal})
		switch {
		case failure == nil:
			if status := process.Wait(); status != 0 {
				return &diag.Diagnostic{Summary: "true(1) failed in a jail: " + output.Count(status, "exit status")}
			}
			return nil
		case failure.AskedTooMuch():
			h.Kernel.DetachedTree = false
		default:
			problem := failure.Diagnostic()
			return &problem
		}
	}
}

// filters asks for the filter of the default profile as if it had not come
// with jail: it has to be compiled, or to be in the cache.
func (d *Doctor) filters() []Finding {
	compiler := Finding{Name: "compiler of syscall filters", State: OK, Detail: "profiles and flags may change the filter"}
	store := Finding{Name: "cache of syscall filters", State: OK}
	cache := search.Filters(d.Host)
	cache.Shipped = nil
	store.Detail = output.Text(cache.Dir)
	p, _, problems := policy.Load(d.Store, policy.Request{Name: search.DefaultProfile})
	if problems.HasErrors() {
		store.State, store.Detail = Off, output.Text(problems[0].Summary)
		return []Finding{store}
	}
	_, source, err := cache.Program(compile.FilterOf(p))
	if err != nil {
		compiler.State, compiler.Detail = Missing, output.Text(err.Error())
		compiler.Remedy = "only profiles with the filters that come with jail start until then"
	}
	if source.Warning != nil {
		store.State, store.Detail = Off, output.Text(source.Warning.Error())
	}
	if cache.Dir == "" {
		store.State, store.Detail = Off, "there is no home directory to keep it in: set HOME or XDG_CACHE_HOME"
	}
	if store.State == Off {
		store.Remedy = "every launch with a changed filter compiles it anew until then, which takes some milliseconds"
	}
	return []Finding{compiler, store}
}

// detachedTrees tells by which way mounts are made. Both confine equally.
func (d *Doctor) detachedTrees() Finding {
	f := Finding{Name: "detached mount trees", State: OK, Detail: "the file tree is assembled before it is attached"}
	if !d.Host.Kernel.DetachedTree {
		f.State, f.Detail = Missing, "this kernel attaches every mount by itself, which is slower with hundreds of paths"
		f.Remedy = "Linux 6.15 and later have them; nothing else depends on it"
	}
	return f
}

func (d *Doctor) keyrings() Finding {
	f := Finding{Name: "kernel keyrings", State: OK, Detail: "every jail gets an empty session keyring"}
	if _, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false); errors.Is(err, unix.ENOSYS) {
		f.State, f.Detail = Missing, "this kernel keeps no keys, so there are none to hide"
	}
	return f
}
