package programs

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// browser is how one browser is asked for a picture of a page.
type browser struct {
	program string
	shot    func(png, url string) []string
	stay    []string // arguments with which it goes on running
	pages   string   // in the command line of a process that handles pages
	// own are the paths of the home that its profile lets it write.
	own []string
}

func browsers() []browser {
	return []browser{
		{
			"firefox-esr",
			func(png, url string) []string {
				return []string{"--headless", "--screenshot", png, "--window-size=200,150", url}
			},
			[]string{"--headless", "--no-remote"},
			"-isForBrowser",
			[]string{".mozilla", ".config/mozilla", ".cache/mozilla", ".pki"},
		},
		{
			"chromium",
			func(png, url string) []string {
				return []string{"--headless", "--screenshot=" + png, "--window-size=200,150", "--hide-scrollbars", url}
			},
			[]string{"--headless", "--remote-debugging-port=0"},
			"--type=renderer",
			[]string{".config/chromium", ".config/chromium-headless", ".cache/chromium", ".cache/chromium-headless", ".pki"},
		},
	}
}

// page shows a colour, an image of another colour that is a file of its own,
// and a line of text.
const page = `<!DOCTYPE html><html><body style="margin:0;background:rgb(18,171,52)">
<img src="picture.png" style="position:absolute;left:50px;top:50px;width:40px;height:40px">
<p style="font:30px sans-serif;margin:0;color:black">Hm</p></body></html>`

var (
	green  = color.RGBA{18, 171, 52, 255}
	purple = color.RGBA{120, 20, 200, 255}
	red    = color.RGBA{250, 10, 10, 255}
)

func TestBrowsers(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	t.Parallel()
	for _, b := range browsers() {
		t.Run(b.program, func(t *testing.T) {
			testenv.Need(t, b.program)
			t.Parallel()
			t.Run("page", func(t *testing.T) { b.page(newBrowserWorld(t)) })
			t.Run("canary", func(t *testing.T) { b.canary(newBrowserWorld(t)) })
			t.Run("sandbox", func(t *testing.T) { b.sandbox(newBrowserWorld(t)) })
			t.Run("writes", func(t *testing.T) { b.writes(newBrowserWorld(t)) })
		})
	}
}

func newBrowserWorld(t *testing.T) *testenv.World {
	t.Helper()
	w := testenv.NewWorld(t)
	w.Timeout = 90 * time.Second
	downloads := filepath.Join(w.Home, "Downloads")
	w.Write(filepath.Join(downloads, "page.html"), page)
	picture := image.NewRGBA(image.Rect(0, 0, 4, 4))
	for i := range 16 {
		picture.Set(i%4, i/4, purple)
	}
	savePNG(t, filepath.Join(downloads, "picture.png"), picture)
	return w
}

func savePNG(t *testing.T, name string, img image.Image) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

func loadPNG(t *testing.T, name string) image.Image {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return img
}

func near(a, b color.Color) bool {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	far := func(x, y uint32) bool { return max(x, y)-min(x, y) > 0x600 }
	return !far(ar, br) && !far(ag, bg) && !far(ab, bb)
}

// A page of a granted directory is drawn with its image and its text, and
// nothing changes on the host but the picture and the browser's own files.
func (b browser) page(w *testenv.World) {
	t := w.T
	downloads := filepath.Join(w.Home, "Downloads")
	out := filepath.Join(downloads, "shot.png")
	own := []string{out}
	for _, name := range b.own {
		own = append(own, filepath.Join(w.Home, name))
	}
	before := testenv.Snap(t, w.Root, slices.Concat(own, []string{filepath.Join(w.Home, ".cache"), filepath.Join(w.Home, ".config"), filepath.Join(w.Home, ".local/state"), filepath.Join(w.Root, "run/jail")})...)
	r := w.Jail(append([]string{b.program}, b.shot(out, "file://"+downloads+"/page.html")...)...)
	if r.Status != 0 || !testenv.Exists(out) {
		t.Fatalf("exit status %d\n%s", r.Status, r.Output())
	}
	img := loadPNG(t, out)
	if c := img.At(150, 100); !near(c, green) {
		t.Errorf("the page is %v at (150,100), want %v", c, green)
	}
	if c := img.At(70, 70); !near(c, purple) {
		t.Errorf("the image on the page is %v at (70,70), want %v", c, purple)
	}
	if dark := countDark(img, image.Rect(0, 0, 50, 45)); dark < 40 {
		t.Errorf("the text has %d dark pixels: no font was found", dark)
	}
	before.Unchanged(t)
	for _, parent := range []string{".cache", ".config"} {
		entries, _ := os.ReadDir(filepath.Join(w.Home, parent))
		for _, e := range entries {
			if name := parent + "/" + e.Name(); !slices.Contains(b.own, name) && name != ".cache/jail" {
				t.Errorf("the browser made %s", name)
			}
		}
	}
}

func countDark(img image.Image, in image.Rectangle) int {
	n := 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); r < 0x4000 && g < 0x4000 && b < 0x4000 {
				n++
			}
		}
	}
	return n
}

// A secret is a file:// URL away from a browser without a jail. Here it is a
// picture in ~/.ssh, which a page of the granted directory asks for.
func (b browser) canary(w *testenv.World) {
	t := w.T
	secret := image.NewRGBA(image.Rect(0, 0, 4, 4))
	for i := range 16 {
		secret.Set(i%4, i/4, red)
	}
	savePNG(t, filepath.Join(w.Home, ".ssh", "secret.png"), secret)
	downloads := filepath.Join(w.Home, "Downloads")
	w.Write(filepath.Join(downloads, "page.html"), strings.ReplaceAll(page, "picture.png", "../.ssh/secret.png"))
	out := filepath.Join(downloads, "shot.png")
	draw := func(prefix ...string) color.Color {
		_ = os.Remove(out)
		argv := slices.Concat(prefix, []string{b.program}, b.shot(out, "file://"+downloads+"/page.html"))
		if r := w.Host(argv...); !testenv.Exists(out) {
			t.Fatalf("%q: no picture\n%s", argv, r.Output())
		}
		img := loadPNG(t, out)
		if c := img.At(150, 100); !near(c, green) {
			t.Fatalf("%q: the page itself is %v, want %v", argv, c, green)
		}
		return img.At(70, 70)
	}
	if c := draw(); !near(c, red) {
		t.Fatalf("without jail the secret is %v; the test is void", c)
	}
	if c := draw(testenv.JailBin); near(c, red) {
		t.Error("in the jail the secret is on the page")
	}
	if c := draw(testenv.JailBin, "run", "--read", filepath.Join(w.Home, ".ssh")); !near(c, red) {
		t.Errorf("with --read ~/.ssh the secret is %v, want %v", c, red)
	}
	if b.program != "chromium" {
		return
	}
	dump := []string{"--headless", "--dump-dom", "file://" + filepath.Join(w.Home, testenv.Canaries[0])}
	if r := w.Jail(append([]string{b.program}, dump...)...); strings.Contains(r.Output(), w.Canary) {
		t.Error("the text of the key is in the page")
	}
	if r := w.Host(append([]string{b.program}, dump...)...); !strings.Contains(r.Stdout, w.Canary) {
		t.Errorf("without jail the text of the key is not in the page; the test is void\n%s", r.Output())
	}
}

// The processes that handle pages are in a user namespace within that of the
// jail, and under a further filter: the browser's own sandbox works.
func (b browser) sandbox(w *testenv.World) {
	t := w.T
	url := "file://" + filepath.Join(w.Home, "Downloads", "page.html")
	cmd := w.Command(slices.Concat([]string{testenv.JailBin, b.program}, b.stay, []string{url})...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pages map[string]string
	confined := func() bool {
		all := testenv.Descendants(cmd.Process.Pid)
		for _, pid := range all {
			if strings.Contains(testenv.CommandLine(pid), b.pages) {
				// The second process of a jail is the program.
				pages = testenv.StatusOf(pid)
				own := testenv.UserNamespace(pid)
				return pages["Seccomp_filters"] > "2" && own != "" && own != testenv.UserNamespace(all[1])
			}
		}
		return false
	}
	if !testenv.Within(30*time.Second, confined) {
		t.Errorf("no process that handles pages, or none in a sandbox of its own: %v", pages)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// The picture itself is a write: to a place that is not granted it fails.
func (b browser) writes(w *testenv.World) {
	t := w.T
	url := "file://" + filepath.Join(w.Home, "Downloads", "page.html")
	out := filepath.Join(w.Home, "Documents", "shot.png")
	shoot := func(prefix ...string) bool {
		_ = os.Remove(out)
		w.Host(slices.Concat([]string{"timeout", "-k", "1", "60"}, prefix, []string{b.program}, b.shot(out, url))...)
		return testenv.Exists(out)
	}
	if !shoot() {
		t.Fatal("without jail there is no picture; the test is void")
	}
	if shoot(testenv.JailBin) {
		t.Error("in the jail the picture was written to a place that is not granted")
	}
	if !shoot(testenv.JailBin, "run", "--write", filepath.Dir(out)) {
		t.Error("with --write ~/Documents there is no picture")
	}
	if w.Read(filepath.Join(w.Home, testenv.Canaries[0])) != w.Canary+"\n" {
		t.Error("a canary was changed")
	}
}
