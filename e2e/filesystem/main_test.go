// Package filesystem tests what of the host's files a jail shows and lets be
// changed.
package filesystem

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
