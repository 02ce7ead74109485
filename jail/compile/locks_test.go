package compile

import "testing"

// A browser that was killed leaves a lock, a link that leads nowhere, beside its profiles.
// It can remove it when it starts again; a link to a profile stays in its place.
func TestLocksOfBrowsers(t *testing.T) {
	h := withDisplay()
	files := h.Files.(ownedFiles).Files
	files["/home/ann/.config/chromium/SingletonLock"] = "jail-2"
	files["/home/ann/.config/chromium/Other"] = "Default"
	files["/home/ann/.config/chromium/Default/Extensions"] = ""
	c, problems := compileFor(t, "filesystem: {read: [/usr], write: [~/.config/chromium]}\n", h, "true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	held := map[string]bool{}
	for i := range c.Plan.Setup {
		if op := &c.Plan.Setup[i]; op.Verb == "keep in its place" {
			held[op.Subject] = true
		}
	}
	if held["/home/ann/.config/chromium/SingletonLock"] || !held["/home/ann/.config/chromium/Other"] {
		t.Errorf("in their places are kept: %v", held)
	}
}
