package diag

import "strings"

// Problem is what is wrong with one text, by whoever knows the text and not where
// it stands. A nil *Problem means nothing is.
// From and to are the bytes of the text that are to blame; both zero blames
// the whole of it.
type Problem struct {
	Code     string
	Summary  string
	Label    string
	Remedy   string
	From, To int
}

// Error makes a problem an error, for callers outside of a profile.
func (p *Problem) Error() string { return p.Summary }

// Invalid is the problem of a text that does not have the form of its kind.
func Invalid(what, text, remedy string) *Problem {
	return &Problem{Code: "invalid-value", Summary: Quote(text) + " is not " + what, Remedy: remedy}
}

// Unknown is the problem of a name that must be one of known, with the one
// most likely meant.
func Unknown(what, name string, known []string) *Problem {
	p := &Problem{Code: "unknown-" + strings.ReplaceAll(what, " ", "-"), Summary: "unknown " + what + " " + Quote(name)}
	if near := Suggest(name, known); near != "" {
		p.Label = "did you mean " + Quote(near) + "?"
	}
	return p
}

// Diagnostic places a problem at subject.
func (p *Problem) Diagnostic(subject Range) Diagnostic {
	return Diagnostic{Code: p.Code, Summary: p.Summary, Label: p.Label, Remedy: p.Remedy, Subject: subject}
}

// OrList writes "a, b or c", for summaries and remedies.
func OrList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
