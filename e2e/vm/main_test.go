// Package vm tests in virtual machines what the kernel under the tests does not
// have.
package vm

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
