// Package vm tests in virtual machines what the kernel under the tests does not
// have. They run one after the other: an emulated machine takes all processors,
// and what happens in one has to happen in time.
package vm

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
