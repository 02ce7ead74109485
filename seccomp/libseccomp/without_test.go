//go:build !cgo

package libseccomp

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/seccomp"
)

func TestWithoutCgo(t *testing.T) {
	program, err := Compile(seccomp.Filter{Arches: []string{"native"}})
	if program != nil || err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=1") {
		t.Errorf("%v, %v", program, err)
	}
	if Version() != "" || File() != "" {
		t.Errorf("%q in %q", Version(), File())
	}
}
