// Package enter tests who enters a running jail, and who lists, inspects and stops
// one: they are confined as the jail is, and nothing inside reaches them.
package enter

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
