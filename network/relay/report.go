package relay

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/network/dns"
	"github.com/jail-project/jail/network/rules"
)

// mostKinds is how many different refusals are kept for the end.
const mostKinds = 32

// report is what the relay tells about its decisions: all of them to a log, if there is
// one, and those that refuse something when the program has ended.
type report struct {
	mu      sync.Mutex
	counts  map[string]int
	others  int // refusals that were not kept
	remarks []string
	out     *log // nil for none
}

// refused notes a refusal. The text holds names in their canonical form only.
func (r *report) refused(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	if _, kept := r.counts[text]; kept || len(r.counts) < mostKinds {
		r.counts[text]++
	} else {
		r.others++
	}
	r.write("refused", text)
}

// refusedName notes that a name was not looked up; by is the rule that denies it, nil for
// none.
func (r *report) refusedName(name string, why dns.Refusal, by *rules.Rule) {
	if why == dns.NotAllowed && by != nil {
		r.refused("the name " + name + ": " + diag.Quote(by.Text) + " denies it")
		return
	}
	switch why {
	case dns.NotAName:
		r.refused("the name " + name + ": no host can have it")
	case dns.TooManyNames:
		r.refused("the name " + name + ": too many names of its domain were asked for in a minute")
	default:
		r.refused("the name " + name + ": nothing allows it")
	}
}

func (r *report) allowed(t *target, to netip.AddrPort, d *rules.Decision) {
	if r.out == nil {
		return
	}
	text := t.String() + " at " + to.String()
	if t.name == "" {
		text = t.String()
	}
	if d.Rule != nil {
		text += ", by " + d.Rule.Text + " (" + d.Rule.Place + ")"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write("allowed", text)
}

func (r *report) log(what string, t *target, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(what, t.String()+": "+oneLine(text))
}

func (r *report) write(what, text string) {
	if r.out != nil {
		r.out.add("jail: network: " + what + " " + text + "\n")
	}
}

// note tells the log alone.
func (r *report) note(what, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(what, oneLine(text))
}

// oneLine is the text of an error, which has a line for each of those that it joins.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }

// remark keeps something that is no refusal for the end, each thing once.
func (r *report) remark(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.remarks) < mostKinds && !slices.Contains(r.remarks, text) {
		r.remarks = append(r.remarks, text)
	}
	r.write("remark", text)
}

// lines are the refusals, those that came most often first.
func (r *report) lines() []byte {
	if r.out != nil {
		r.out.flush(time.Second / 4)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	texts := make([]string, 0, len(r.counts))
	for text := range r.counts {
		texts = append(texts, text)
	}
	sort.Slice(texts, func(i, j int) bool {
		if a, b := r.counts[texts[i]], r.counts[texts[j]]; a != b {
			return a > b
		}
		return texts[i] < texts[j]
	})
	var out strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&out, "%d %s\n", r.counts[text], text)
	}
	if r.others > 0 {
		fmt.Fprintf(&out, "%d others\n", r.others)
	}
	for _, text := range r.remarks {
		fmt.Fprintf(&out, "remark %s\n", text)
	}
	return []byte(out.String())
}
