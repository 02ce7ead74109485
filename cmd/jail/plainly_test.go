package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestPlainlyAgreesWithKong: what is read without kong has to be what kong
// reads.
func TestPlainlyAgreesWithKong(t *testing.T) {
	tests := []struct {
		args  string
		plain bool
	}{
		{"ls", true},
		{"ls -l --read x", true},
		{"--read /x ls", true},
		{"--read=/x --write /y ls --hide z", true},
		{"--nested-userns ls", true},
		{"--nested-userns=false ls", true},
		{"--profile p ls", true},
		{"--profile=a --profile=b ls", true},
		{"-- ls", true},
		{"-- --odd", true},
		{"--read /x -- ls --", true},
		{"--read --write ls", false},
		{"--read", false},
		{"--unknown ls", false},
		{"--json ls", false},
		{"-x ls", false},
		{"--nested-userns=perhaps ls", false},
		{"--read /x", false},
		{"--", false},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			args := strings.Fields(test.args)
			line := newCommandLine(append([]string{"jail"}, args...))
			var plain, full runGrammar
			ok := plain.plainly(&line, args)
			parser, err := kong.New(&full, kong.Exit(func(int) {}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = parser.Parse(args)
			if ok != test.plain {
				t.Fatalf("plainly says %t, kong says %v", ok, err)
			}
			if !ok {
				return
			}
			if err != nil {
				t.Fatalf("kong refuses it: %v", err)
			}
			if len(full.Program) > 0 && full.Program[0] == "--" {
				full.Program = full.Program[1:]
			}
			if plain.Profile != full.Profile || !slices.Equal(plain.Program, full.Program) {
				t.Errorf("plainly read %q %q, kong %q %q", plain.Profile, plain.Program, full.Profile, full.Program)
			}
		})
	}
}
