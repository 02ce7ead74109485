// Package systemd asks the user's service manager for a scope with limits:
// a control group for a process that somebody else has started
// (org.freedesktop.systemd1(5), systemd.scope(5)). It reports the group's place in
// the hierarchy; whether the limits are in force is for the caller to look at,
// since a manager leaves out what it has no controller for.
//
// It brings package net and reflection with it, so nothing that a launch
// without such limits goes through may import it.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/jail-project/jail/cgroup"
)

// patience is how long a manager has for all that it is asked, greeting how
// long for the words with which a connection begins. Those take a manager that
// is well no time, and somebody waits.
const (
	patience = 25 * time.Second
	greeting = 2 * time.Second
)

const (
	service = "org.freedesktop.systemd1"
	object  = dbus.ObjectPath("/org/freedesktop/systemd1")
	manager = service + ".Manager"
)

// ErrNoManager says that no service manager of the user is to be found.
var ErrNoManager = errors.New("no service manager of yours (systemd --user) runs")

// ErrSilent says that somebody has accepted a connection and does not answer.
var ErrSilent = errors.New("does not answer")

// Manager is a connection to the service manager of a user.
type Manager struct {
	conn   *dbus.Conn
	ctx    context.Context //nolint:containedctx // the connection lives as long as the context
	cancel context.CancelFunc
}

// Connect connects to the manager that listens in a runtime directory
// ($XDG_RUNTIME_DIR): at its own socket, or at the bus.
func Connect(runtime string) (*Manager, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	m := &Manager{ctx: ctx, cancel: cancel}
	var refused error
	for _, socket := range [...]string{"systemd/private", "bus"} {
		name := filepath.Join(runtime, socket)
		if _, err := os.Stat(name); err != nil {
			continue
		}
		if refused = m.dial(name, socket == "bus"); refused == nil {
			return m, nil
		}
	}
	cancel()
	if refused != nil {
		return nil, fmt.Errorf("connect to your service manager: %w", refused)
	}
	return nil, ErrNoManager
}

// dial connects to a socket. On a bus there are others, and one has to say
// hello first.
func (m *Manager) dial(socket string, bus bool) error {
	ctx, cancel := context.WithCancel(m.ctx)
	late := time.AfterFunc(greeting, cancel)
	conn, err := dbus.Dial("unix:path="+dbus.EscapeBusAddressValue(socket), dbus.WithContext(ctx))
	if err == nil {
		err = conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))})
		if err == nil && bus {
			err = conn.Hello()
		}
	}
	if !late.Stop() {
		err = fmt.Errorf("%q accepts connections and %w (waited %v)", socket, ErrSilent, greeting) // the end of its context has closed it
	}
	if err != nil {
		cancel() // closes the connection
		return err
	}
	m.conn = conn
	return nil
}

// explain tells a request that took too long from one that was refused.
func (m *Manager) explain(err error) error {
	if err != nil && m.ctx.Err() != nil {
		return fmt.Errorf("it %w (waited %v)", ErrSilent, patience)
	}
	return err
}

// Close ends the connection.
func (m *Manager) Close() {
	_ = m.conn.Close()
	m.cancel()
}

// Version is the version of the manager, as it prints it itself.
func (m *Manager) Version() (string, error) { return m.property("Version") }

// Group is the control group that the manager has been delegated, from the
// root of the hierarchy on.
func (m *Manager) Group() (string, error) { return m.property("ControlGroup") }

func (m *Manager) property(name string) (string, error) {
	var v dbus.Variant
	err := m.conn.Object(service, object).CallWithContext(m.ctx, "org.freedesktop.DBus.Properties.Get", 0, manager, name).Store(&v)
	if err != nil {
		return "", fmt.Errorf("ask your service manager for its %s: %w", name, m.explain(err))
	}
	text, ok := v.Value().(string)
	if !ok {
		return "", fmt.Errorf("your service manager's %s is no text", name)
	}
	return text, nil
}

// property is a property of a unit to be, as StartTransientUnit takes it.
type property struct {
	Name  string
	Value dbus.Variant
}

// Scope has the manager make a scope with limits and put a process into it,
// and returns its control group, from the root of the hierarchy on.
func (m *Manager) Scope(pid int, l cgroup.Limits) (string, error) {
	name := fmt.Sprintf("jail-%d-%s.scope", pid, strconv.FormatInt(time.Now().UnixNano(), 36))
	properties := []property{
		{"Description", dbus.MakeVariant("a jail")},
		{"PIDs", dbus.MakeVariant([]uint32{uint32(pid)})},
		{"Delegate", dbus.MakeVariant(true)},
		{"CollectMode", dbus.MakeVariant("inactive-or-failed")},
	}
	if l.Memory > 0 {
		properties = append(properties, property{"MemoryMax", dbus.MakeVariant(uint64(l.Memory))},
			property{"MemorySwapMax", dbus.MakeVariant(uint64(0))})
	}
	if l.Processes > 0 {
		properties = append(properties, property{"TasksMax", dbus.MakeVariant(uint64(l.Processes))})
	}
	if l.CPU > 0 {
		// Microseconds of processor time in a second.
		properties = append(properties, property{"CPUQuotaPerSecUSec", dbus.MakeVariant(uint64(l.CPU) * 10_000)})
	}
	// Since version 253 a manager ends a whole scope when one of its
	// processes runs out of memory, unless told otherwise; older ones don't, and
	// don't know the property.
	err := m.start(name, append(properties, property{"OOMPolicy", dbus.MakeVariant("continue")}))
	if refused, ok := errors.AsType[dbus.Error](err); ok && strings.Contains(refused.Error(), "OOMPolicy") {
		err = m.start(name, properties)
	}
	if err != nil {
		return "", fmt.Errorf("have your service manager make %s: %w", name, m.explain(err))
	}
	return m.wait(pid, name)
}

// start starts a transient unit. The job that it becomes may end later.
func (m *Manager) start(name string, properties []property) error {
	var none []struct {
		Name       string
		Properties []property
	}
	return m.conn.Object(service, object).CallWithContext(m.ctx, manager+".StartTransientUnit", 0, name, "fail", properties, none).Err
}

// wait waits until a process is in the control group of a unit, and returns
// the group. The kernel is asked, not the manager: what counts is where
// the process is.
func (m *Manager) wait(pid int, name string) (string, error) {
	for delay := time.Millisecond; ; delay = min(2*delay, 50*time.Millisecond) {
		group, err := cgroup.OfProcess(strconv.Itoa(pid))
		if err != nil || filepath.Base(group) == name {
			return group, err
		}
		select {
		case <-time.After(delay):
		case <-m.ctx.Done():
			return "", fmt.Errorf("your service manager made %s, and after %v the jail is still in %s", name, patience, group)
		}
	}
}
