// Package lifecycle tests a jail from its start to its end: privileges, identity,
// limits, descriptors, exit status, and that nothing is left.
package lifecycle

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
