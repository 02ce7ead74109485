package kind

import "testing"

func TestScreenSize(t *testing.T) {
	for text, want := range map[string]bool{
		"1280x800": true, "1x1": true, "32767x32767": true,
		"32768x1": false, "0x10": false, "10x0": false, "010x10": false, "+1x1": false, "1280": false, "1280X800": false, "1280x": false, "x800": false,
		"1280x800x24": false, "-1x5": false, "1280 x 800": false, "": false, "1280x800 -ac": false,
	} {
		if _, p := ScreenSize.Parse(text, nil); (p == nil) != want {
			t.Errorf("%q: %v", text, p)
		}
	}
}
