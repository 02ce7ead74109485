package launch

import (
	"fmt"

	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/placeholder"
)

// holdPlaceholders makes the placeholders of a plan, or shares those that other
// jails made. It returns nil when the plan has none.
func holdPlaceholders(p *plan.Plan) (*placeholder.Held, error) {
	if len(p.Placeholders) == 0 {
		return nil, nil //nolint:nilnil // nothing to hold is no error
	}
	entries := make([]placeholder.Entry, len(p.Placeholders))
	for i, h := range p.Placeholders {
		entries[i] = placeholder.Entry{Path: h.Path, Kind: placeholder.Kind(h.Kind)}
	}
	held, err := placeholder.Make(p.PlaceholderDir, entries)
	if err != nil {
		return nil, fmt.Errorf("block the creation of files that could run later: %w; %s", err, plan.PlaceholderRemedy)
	}
	return held, nil
}
