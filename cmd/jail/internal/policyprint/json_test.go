package policyprint

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/policy/yaml"
)

// everything sets every key of the language once.
const everything = `
description: d
programs: [p]
filesystem:
  read: [/r]
  write: [/w]
  hide: [/h]
  tmpfs: [/t]
  overlay: [/o]
  root: /root
  home: empty
  startup: {automatic: report, tools: block}
  arguments: read
environment: {keep: [K], set: {S: s}}
capabilities: {drop: [chown], keep: [kill]}
syscalls:
  default: kill
  allow: ["@default"]
  deny: [{name: socket, when: [{arg: 0, value: AF_PACKET}]}]
  architectures: [native]
  restrict-suid-sgid: false
network: {mode: filtered, namespace: x, allow: ["a.example"], deny: ["b.example"], publish: ["1:2"], join: g}
namespaces: {pid: true, ipc: true, uts: true, cgroup: true, time: false, user: false}
landlock: {use: required, version: 1, connect: [443]}
identity: {user: root, groups: dropped, hostname: h, machine-id: host}
limits: {memory: 1G, processes: 1, cpu: 50%, open-files: 1, file-size: 1, time: 1h}
display: {x11: host, size: 800x600, title: a title, clipboard: {in: deny, out: allow}, titles: true, wayland: true}
audio: pulse
dbus:
  session: {talk: [a.b], own: [a.c], see: [a.d]}
  system: {talk: [a.b], own: [a.c], see: [a.d]}
devices: [gpu]
sockets: [/s]
tests: [{read: /x, expect: missing}]
`

// TestShowJSONIsComplete: every key of the language has to come out of show
// --json.
func TestShowJSONIsComplete(t *testing.T) {
	store := policy.Store{
		Parse: yaml.Parse,
		Dirs:  []policy.Dir{{Path: "/p", FS: fs.FS(fstest.MapFS{"all.yaml": {Data: []byte(everything)}})}},
	}
	p, _, problems := policy.Load(store, policy.Request{Name: "all"})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	var shown []string
	for _, e := range Of(p).Entries {
		if e.Default {
			continue // what lies below all layers; the given entry is another one
		}
		if e.File != "/p/all.yaml" || e.Line == 0 {
			t.Errorf("%s has no place: %+v", e.Key, e.Position)
		}
		shown = append(shown, e.Key)
	}
	var want func(key *policy.Key, prefix string)
	want = func(key *policy.Key, prefix string) {
		for i := range key.Keys {
			k := &key.Keys[i]
			name := prefix + k.Name
			switch {
			case k.Kind == kind.Mapping:
				want(k, name+".")
			case name != "name" && name != "extends" && !slices.Contains(shown, name):
				t.Errorf("%s is missing", name)
			}
		}
	}
	want(policy.Schema(), "")
}
