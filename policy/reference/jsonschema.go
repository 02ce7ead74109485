package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/seccomp"
)

// object is a JSON object whose members keep their order; the values are
// object, []any, string, bool or int.
type object []member

type member struct {
	name  string
	value any
}

// JSONSchema describes a profile for editors, as JSON Schema draft 7. The
// schema accepts what jail accepts as far as a schema can say it; the tag
// !replace must be made known to the editor (yaml.customTags).
func JSONSchema() []byte {
	root := append(object{
		{"$schema", "http://json-schema.org/draft-07/schema#"},
		{"title", "jail profile"},
	}, keySchema(policy.Schema())...)
	var b bytes.Buffer
	_ = json.Indent(&b, appendJSON(nil, root), "", "  ") // fails for what is no JSON
	b.WriteByte('\n')
	return b.Bytes()
}

// keySchema is the schema of the values of a key.
func keySchema(k *policy.Key) object {
	var o object
	if k.Doc != "" {
		o = append(o, member{"description", k.Doc})
	}
	switch {
	case k.Kind == kind.List:
		o = append(o, member{"type", "array"}, member{"items", keySchema(k.Elem)})
	case k.Kind == kind.Variables:
		o = append(o, member{"type", "object"},
			member{"propertyNames", object{{"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}}},
			member{"additionalProperties", object{{"type", []any{"string", "integer"}}}})
	case k.Kind == kind.Mapping && k.Short != "":
		o = append(o, member{"anyOf", []any{keySchema(k.Sub(k.Short)), mappingSchema(k)}})
	case k.Kind == kind.Mapping || k.Kind == kind.TestEntry:
		o = append(o, mappingSchema(k)...)
	case len(k.Keys) > 0: // an entry: its first key alone, or a mapping
		o = append(o, member{"anyOf", []any{keySchema(&k.Keys[0]), mappingSchema(k)}})
	default:
		o = append(o, scalarSchema(k)...)
	}
	return o
}

func mappingSchema(k *policy.Key) object {
	properties := object{}
	var required []any
	for i := range k.Keys {
		sub := &k.Keys[i]
		properties = append(properties, member{sub.Name, keySchema(sub)})
		if sub.Required {
			required = append(required, sub.Name)
		}
	}
	o := object{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}}
	if required != nil {
		o = append(o, member{"required", required})
	}
	return o
}

// scalarSchema describes the scalar kinds. Names are listed where there is an
// end to them, so that editors can complete them.
func scalarSchema(k *policy.Key) object {
	pattern := func(p string) object { return object{{"type", "string"}, {"pattern", p}} }
	words := func(names []string) object { return object{{"enum", anys(names)}} }
	switch k.Kind {
	case kind.Enum:
		if k.Default != "" {
			return append(object{{"enum", withTruths(k.Enum)}}, member{"default", k.Default})
		}
		return words(k.Enum)
	case kind.Bool:
		return object{{"type", "boolean"}, {"default", k.Default == "true"}}
	case kind.Int:
		return object{{"type", "integer"}, {"minimum", 1}}
	case kind.Size:
		return object{{"type", []any{"string", "integer"}}, {"pattern", "^[1-9][0-9]*[KMGT]?$"}}
	case kind.Percent:
		return pattern("^[1-9][0-9]*%$")
	case kind.Duration:
		return pattern("^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$")
	case kind.Mode:
		return pattern("^(0o)?[0-7]{1,4}$")
	case kind.Number:
		return object{{"type", []any{"integer", "string"}}}
	case kind.ErrnoName, kind.UserName:
		return object{{"type", []any{"string", "integer"}}}
	case kind.Capability:
		return object{{"anyOf", []any{words(append(caps.Names(), "all")), pattern("^[Cc][Aa][Pp]_[A-Za-z_]+$")}}}
	case kind.SyscallName:
		return words(append(seccomp.GroupNames(), seccomp.SyscallNames()...))
	case kind.Arch:
		return words(seccomp.ArchNames())
	case kind.PathRef, kind.RootDir:
		return pattern(`^(host$|/|~|\$\{)`)
	case kind.SocketRef:
		return pattern(`^([*]$|/|~|\$\{|@.)`)
	case kind.PathPattern:
		return pattern(`^(/|~|\$\{|@)`)
	case kind.ProfileName, kind.ProgramName:
		return pattern("^[A-Za-z0-9_+@][A-Za-z0-9._+@-]*$")
	case kind.DeviceName:
		return object{{"anyOf", []any{words(k.Enum), pattern("^/dev/")}}}
	}
	return object{{"type", "string"}}
}

func anys(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}

// appendJSON writes a value on one line.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case object:
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, diag.JSONString(m.name)+":"...)
			b = appendJSON(b, m.value)
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, e)
		}
		return append(b, ']')
	case string:
		return append(b, diag.JSONString(v)...)
	}
	return fmt.Append(b, v)
}

// withTruths are the values of an enum. Where they include the words true and false, a
// profile writes those without quotes, which makes them truths for readers of YAML.
func withTruths(words []string) []any {
	values := anys(words)
	for _, truth := range [...]bool{true, false} {
		if slices.Contains(words, strconv.FormatBool(truth)) {
			values = append(values, truth)
		}
	}
	return values
}
