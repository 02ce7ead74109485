package reference

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

func TestJSONSchema(t *testing.T) {
	text := JSONSchema()
	var v struct {
		Properties map[string]struct {
			Type       string
			Properties map[string]any
		}
		AdditionalProperties *bool
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	for i := range policy.Schema().Keys {
		if _, ok := v.Properties[policy.Schema().Keys[i].Name]; !ok {
			t.Errorf("%s is missing", policy.Schema().Keys[i].Name)
		}
	}
	if v.AdditionalProperties == nil || *v.AdditionalProperties || len(v.Properties) != len(policy.Schema().Keys) {
		t.Error("the schema lets unknown keys through")
	}
	if got := len(v.Properties["filesystem"].Properties); got != len(policy.Schema().Sub("filesystem").Keys) {
		t.Errorf("filesystem has %d keys in the schema", got)
	}
}

func TestReference(t *testing.T) {
	text := string(Markdown())
	var walk func(k *policy.Key)
	walk = func(k *policy.Key) {
		for i := range k.Keys {
			if k.Path != "" || k == policy.Schema() {
				if !strings.Contains(text, "# `"+k.Keys[i].Path+"`\n") {
					t.Errorf("%s has no paragraph", k.Keys[i].Path)
				}
			}
			walk(&k.Keys[i])
		}
	}
	walk(policy.Schema())
	for _, name := range paths.VariableNames() {
		if !strings.Contains(text, "`${"+name+"}`") {
			t.Errorf("%s is missing", name)
		}
	}
}
