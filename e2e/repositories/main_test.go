// Package repositories tests what is left of a program in projects and homes: what git,
// tar and their like leave without a jail, and nothing that other programs run by
// themselves.
package repositories

import (
	"flag"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

var long = flag.Bool("long", false, "as many launches as the project promises")

func TestMain(m *testing.M) { testenv.Main(m) }
