package network

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// grant is a port of a site that a program needs.
type grant struct {
	*site
	port int
}

func (g grant) rule() string { return g.name + ":" + strconv.Itoa(g.port) }

// reach runs a script without a jail, in a jail that allows what it needs, and in jails
// with one rule less each. The last must fail, send nothing to that site, and ask no name
// server for its name. No proxy is configured in any of them.
func reach(w *testenv.World, script string, grants ...grant) {
	w.T.Helper()
	script = "set -e; if env | grep -i _proxy=; then exit 99; fi\n" + script
	argv := []string{"sh", "-c", script}
	arrived := func(argv []string) (*testenv.Result, map[string]int) {
		var r *testenv.Result
		counts := out.packets.during(w.T, func() { r = w.Host(argv...) })
		return r, counts
	}
	to := func(counts map[string]int, g grant) map[string]int {
		at := ":" + strconv.Itoa(g.port)
		return only(counts, " "+g.v4.String()+at, " ["+g.v6.String()+"]"+at)
	}
	expect := func(where string, r *testenv.Result, counts map[string]int) {
		w.T.Helper()
		if r.Status != 0 {
			w.T.Errorf("%s: exit status %d\n%s", where, r.Status, r.Output())
		}
		for _, g := range grants {
			if len(to(counts, g)) == 0 {
				w.T.Errorf("%s: nothing arrived at %s, but %q", where, g.rule(), sorted(counts))
			}
		}
	}
	r, counts := arrived(argv)
	expect("without a jail", r, counts)
	var rules []string
	for _, g := range grants {
		rules = append(rules, g.rule())
	}
	r, counts = arrived(append(jailed(w, rules), argv...))
	expect("in the jail", r, counts)
	for i, g := range grants {
		asked := len(out.zone.questions(g.name))
		r, counts = arrived(append(jailed(w, slices.Delete(slices.Clone(rules), i, i+1)), argv...))
		if r.Status == 0 || r.Status == 125 || r.Status == 99 {
			w.T.Errorf("without %s: exit status %d, want a failure of the program\n%s", rules[i], r.Status, r.Output())
		}
		if found := to(counts, g); len(found) > 0 || len(out.zone.questions(g.name)) > asked {
			w.T.Errorf("without %s: %v arrived, %q were asked for", rules[i], found, out.zone.questions(g.name)[asked:])
		}
		if !strings.Contains(r.Stderr, "the network did not let the program reach: ") || !strings.Contains(r.Stderr, g.name) {
			w.T.Errorf("without %s: nothing is said of it: %s", rules[i], r.Stderr)
		}
	}
}

func TestCurl(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "curl")
	w := world(t)
	s := out.site("curl")
	reach(w, "curl -sS --fail -o got https://"+s.name+"/; grep -q 'this is "+s.name+"' got", grant{s, 443})
	reach(w, "curl -sS --fail -o got http://"+s.name+":8080/; grep -q 'this is "+s.name+"' got", grant{s, 8080})
	// A site that leads to another one takes a rule for each.
	other := out.site("moved")
	s.handler = http.RedirectHandler("https://"+other.name+"/", http.StatusFound)
	reach(w, "curl -sS --fail --location -o got http://"+s.name+"/; grep -q 'this is "+other.name+"' got", grant{s, 80}, grant{other, 443})
}

// TestMuchData sends and gets as much as no buffer holds, at the same time.
func TestMuchData(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "curl", "sha256sum")
	w := world(t)
	s := out.site("data")
	data := strings.Repeat("0123456789abcdef", testenv.Rounds(1, 16)<<16)
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(data)))
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
	})
	w.Write(w.Project+"/data", data)
	reach(w, `test "$(curl -sS --fail -T data https://`+s.name+`/data | sha256sum)" = "`+digest+`  -"`, grant{s, 443})
	reach(w, `test "$(curl -sS --fail -T data http://`+s.name+`/data | sha256sum)" = "`+digest+`  -"`, grant{s, 80})
}

func TestWget(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "wget")
	w := world(t)
	s := out.site("wget")
	reach(w, `wget -q --ca-certificate="$SSL_CERT_FILE" --tries=1 -O got https://`+s.name+"/; grep -q 'this is' got", grant{s, 443})
}

func TestGit(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git")
	w := world(t)
	s := out.site("git")
	s.handler = gitServer(w)
	reach(w, "rm -rf hello; git clone -q https://"+s.name+"/hello.git hello; test \"$(cat hello/file)\" = hello", grant{s, 443})
}

func TestGo(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "go")
	w := world(t)
	s := out.site("go")
	s.handler = goProxy(t, "modules.org/hello", "v1.0.0")
	reach(w, `chmod -R u+w mod 2>/dev/null || true; rm -rf mod
export GOPROXY=https://`+s.name+` GOSUMDB=off GOMODCACHE=$PWD/mod GOCACHE=$PWD/cache GOTOOLCHAIN=local GOTELEMETRY=off GOFLAGS=
go mod download modules.org/hello@v1.0.0; test -e mod/modules.org/hello@v1.0.0/hello.go`, grant{s, 443})
}

func TestNpm(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "npm", "node")
	w := world(t)
	s := out.site("npm")
	packed, integrity := npmPackage(t, "hello")
	s.handler = files(map[string]string{"/hello/-/hello-1.0.0.tgz": packed})
	w.Write(w.Project+"/package.json", `{"name":"a","version":"1.0.0","dependencies":{"hello":"1.0.0"}}`)
	w.Write(w.Project+"/package-lock.json", `{"name":"a","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
"":{"name":"a","version":"1.0.0","dependencies":{"hello":"1.0.0"}},
"node_modules/hello":{"version":"1.0.0","resolved":"https://`+s.name+`/hello/-/hello-1.0.0.tgz","integrity":"`+integrity+`"}}}`)
	reach(w, `rm -rf node_modules cache; npm ci --no-audit --no-fund --no-update-notifier --fetch-retries=0 --cafile "$SSL_CERT_FILE" --cache "$PWD/cache" --registry https://`+s.name+`/
test -e node_modules/hello/package.json`, grant{s, 443})
}

func TestApt(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "apt-get")
	w := world(t)
	s := out.site("deb")
	s.handler = debian("hello-by-apt")
	for _, dir := range []string{"lists/partial", "cache/archives/partial", "etc", "parts"} {
		w.Mkdir(w.Project + "/" + dir)
	}
	w.Write(w.Project+"/status", "")
	w.Write(w.Project+"/etc/sources.list", "deb [trusted=yes] http://"+s.name+"/ ./\n")
	options := ` -o Dir::Etc="$PWD/etc" -o Dir::State="$PWD" -o Dir::State::status="$PWD/status" -o Dir::Cache="$PWD/cache" -o Dir::Log="$PWD"` +
		` -o Acquire::Languages=none -o Acquire::Retries=0 -o APT::Update::Error-Mode=any -o Dpkg::Use-Pty=0 `
	reach(w, "rm -rf lists/*Packages* cache/*.bin; apt-get"+options+"update; apt-cache"+options+"show hello-by-apt | grep -q 'Version: 1.0'", grant{s, 80})
}

func TestPython(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	w := world(t)
	index, wheels := out.site("index"), out.site("wheels")
	index.handler = files(map[string]string{"/simple/hello": `<a href="https://` + wheels.name + `/hello-1.0-py3-none-any.whl">hello</a>`})
	wheels.handler = files(map[string]string{"/hello-1.0-py3-none-any.whl": "a wheel"})
	reach(w, `python3 -c '
import re, urllib.request
get = lambda url: urllib.request.urlopen(url, timeout=60).read().decode()
link = re.search("href=\"([^\"]*)", get("https://`+index.name+`/simple/hello/")).group(1)
assert get(link) == "a wheel"'`, grant{index, 443}, grant{wheels, 443})
}

func TestSSH(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "ssh")
	w := world(t)
	s := out.site("ssh")
	s.raw[22] = sshServer
	reach(w, `ssh -v -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null ann@`+s.name+` true >said 2>&1 || true
grep -q 'remote software version served_by_the_tests' said`, grant{s, 22})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "redis-cli")
	w := world(t)
	s := out.site("redis")
	s.raw[6379] = redisServer
	reach(w, `test "$(redis-cli -h `+s.name+` PING)" = PONG`, grant{s, 6379})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "psql")
	w := world(t)
	s := out.site("sql")
	s.raw[5432] = postgresServer
	reach(w, `test "$(psql -X -h `+s.name+` -U ann -d d -Atc 'select 42')" = 42`, grant{s, 5432})
}
