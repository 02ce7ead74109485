package output

import "github.com/jail-project/jail/diag"

// Ground is what decided something: a line of a profile, or what jail does by itself.
type Ground struct {
	Rule   Text `json:"rule"`
	Effect Text `json:"effect,omitempty"` // what it does, where there are several
	Position
	At diag.Range `json:"-"`
}

// GroundAt is the ground of a rule at a place.
func GroundAt(rule string, at diag.Range) Ground {
	return Ground{Rule: Text(rule), Position: PositionOf(at), At: at}
}
