// Package commands tests what the commands of jail say: plans, which a launch is
// compared with, scores, profiles and the promises in them.
package commands

import (
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
