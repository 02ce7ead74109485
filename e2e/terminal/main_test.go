// Package terminal tests jails at a terminal: what a person sees of them, and
// what they can do to it.
package terminal

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
