package launch

import (
	"fmt"

	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/standin"
)

// holdPlaceholders makes the stand-ins of a plan, or joins the jails that have
// made them. It returns nil when there are none.
func holdPlaceholders(p *plan.Plan) (*standin.Held, error) {
	if len(p.Placeholders) == 0 {
		return nil, nil //nolint:nilnil // nothing to hold is no error
	}
	entries := make([]standin.Entry, len(p.Placeholders))
	for i, h := range p.Placeholders {
		entries[i] = standin.Entry{Path: h.Path, Kind: standin.Kind(h.Kind)}
	}
	held, err := standin.Make(p.PlaceholderDir, entries)
	if err != nil {
		return nil, fmt.Errorf("keep absent what could run later: %w; %s", err, plan.StandInRemedy)
	}
	return held, nil
}
