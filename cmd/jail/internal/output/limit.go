package output

import "github.com/jail-project/jail/policy"

// Limit says what holds a limit of a profile on this host.
type Limit struct {
	Key   string        `json:"key"`
	Value Text          `json:"value"`
	By    Text          `json:"by"`
	Held  bool          `json:"held"`
	At    policy.Origin `json:"-"`
}
