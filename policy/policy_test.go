package policy

import "testing"

func TestMatchEnv(t *testing.T) {
	tests := []struct {
		entry, name string
		want        bool
	}{
		{"LANG", "LANG", true},
		{"LANG", "LANGUAGE", false},
		{"LANG", "LANGCHAIN_API_KEY", false},
		{"LC_*", "LC_ALL", true},
		{"LC_*", "LC_", true},
		{"LC_*", "LC", false},
		{"LC_*", "XLC_ALL", false},
		{"*", "ANY", true},
		{"lang", "LANG", false},
	}
	for _, tt := range tests {
		if got := MatchEnv(tt.entry, tt.name); got != tt.want {
			t.Errorf("MatchEnv(%q, %q) = %v", tt.entry, tt.name, got)
		}
	}
}
