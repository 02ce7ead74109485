// Package programs tests jails with real programs: browsers, builds, package
// managers.
package programs

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
