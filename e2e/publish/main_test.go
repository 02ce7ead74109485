// Package publish tests the ports of the host that lead into a jail.
package publish

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
