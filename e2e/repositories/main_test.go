// Package repositories tests what is left of a program in projects and homes: what git,
// tar and their like leave without a jail, and nothing that other programs run by
// themselves.
package repositories

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
