package policy

import (
	"slices"
	"time"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/seccomp"
)

// Unsupported returns an error for each thing that the policy asks for and
// this version of jail cannot do yet: a profile that uses it is a good
// profile, but running it would give less, or more, than it says.
func Unsupported(p *Policy) diag.List {
	var list diag.List
	for _, key := range schema().leaves {
		if key.Later == "" {
			continue
		}
		o, used := asksFor(p, key)
		if !used {
			continue
		}
		d := diag.Diagnostic{
			Code: "not-yet", Subject: o.At,
			Summary: key.Path + " asks for " + key.Later + ", which this version of jail does not have yet",
		}
		if len(key.Now) > 0 {
			d.Remedy = "it takes " + diag.OrList(key.Now) + " until then"
		}
		list = append(list, d)
	}
	return list
}

// asksFor reports whether a leaf says more than its default, and where.
func asksFor(p *Policy, key *Key) (Origin, bool) {
	switch at := key.at(p).(type) {
	case *Value[string]:
		return at.Origin, at.V != key.Default && !slices.Contains(key.Now, at.V)
	case *Value[bool]:
		return at.Origin, at.V != (key.Default == "true")
	case *Value[int64]:
		return at.Origin, at.Set
	case *Value[time.Duration]:
		return at.Origin, at.Set
	case *Value[seccomp.Action]:
		return at.Origin, at.V.String() != key.Default
	case *[]Entry:
		if len(*at) > 0 {
			return (*at)[0].Origin, true
		}
	}
	return Origin{}, false
}
