package seccomp

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// Check reports everything in a filter that has no meaning: unknown names,
// actions a list cannot have, conditions that no argument can meet. Compile
// refuses such a filter.
func Check(f Filter) error {
	var problems []error
	if f.Default < Allow || f.Default > Log {
		problems = append(problems, fmt.Errorf("default: action %d does not exist", f.Default))
	}
	for i := range f.Allow {
		if err := checkRule(f.Allow[i]); err != nil {
			problems = append(problems, fmt.Errorf("allow rule %d, %q: %w", i, f.Allow[i].Name, err))
		}
	}
	for i := range f.Deny {
		err := checkRule(f.Deny[i])
		if err == nil && f.Deny[i].Action == Allow {
			err = errors.New("a deny rule cannot have the action allow")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("deny rule %d, %q: %w", i, f.Deny[i].Name, err))
		}
	}
	for _, name := range f.Arches {
		if _, ok := parseABI(name); !ok {
			problems = append(problems, fmt.Errorf("architecture %q is unknown", name))
		}
	}
	abis := abisOf(f)
	if len(abis) == 0 {
		problems = append(problems, errors.New("no architecture of this machine is listed"))
	}
	if slices.Contains(abis, abiX86) {
		problems = append(problems, checkMultiplexers(f)...)
	}
	return errors.Join(problems...)
}

// checkRule looks at one rule of either list.
func checkRule(rule Rule) error {
	if !IsSyscall(rule.Name) && !IsGroup(rule.Name) {
		return errors.New("no such syscall or group")
	}
	if rule.Action < Allow || rule.Action > Log {
		return fmt.Errorf("action %d does not exist", rule.Action)
	}
	if rule.Errno < 0 || rule.Errno > maxErrno {
		return fmt.Errorf("error number %d is not within 1 and %d", rule.Errno, maxErrno)
	}
	if rule.Errno != 0 && rule.Action != Errno {
		return fmt.Errorf("an error number goes with the action errno, not %s", rule.Action)
	}
	for i := range rule.When {
		if err := rule.When[i].check(); err != nil {
			return fmt.Errorf("condition %d: %w", i, err)
		}
	}
	return nil
}

// check looks at one condition.
func (c Cond) check() error {
	if c.Arg >= ArgCount {
		return fmt.Errorf("there is no argument %d: they are 0 to %d", c.Arg, ArgCount-1)
	}
	if c.Width != 0 && c.Width != 32 && c.Width != 64 {
		return fmt.Errorf("width %d is neither 32 nor 64", c.Width)
	}
	if c.Width == 32 && bits.Len64(c.Value) > 32 {
		return fmt.Errorf("value %#x does not fit into 32 bits", c.Value)
	}
	switch c.Op {
	case "==", "!=", "<", "<=", ">", ">=":
		if c.Mask != 0 {
			return fmt.Errorf("a mask goes with the operator &, not %s", c.Op)
		}
	case "&":
		if c.Width == 32 && bits.Len64(c.Mask) > 32 {
			return fmt.Errorf("mask %#x does not fit into 32 bits", c.Mask)
		}
		if c.Mask == 0 {
			return errors.New("the mask is zero")
		}
		if c.Value&^c.Mask != 0 {
			return fmt.Errorf("value %#x has bits outside the mask %#x", c.Value, c.Mask)
		}
	default:
		return fmt.Errorf("unknown operator %q", c.Op)
	}
	return nil
}

// checkMultiplexers refuses rules that name the multiplexers of 32-bit x86
// themselves, since what they do is decided by the calls behind them.
func checkMultiplexers(f Filter) []error {
	var problems []error
	for _, rules := range [...][]Rule{f.Allow, f.Deny} {
		for i := range rules {
			if isMultiplexer(rules[i].Name) {
				problems = append(problems, fmt.Errorf(
					"%q cannot be ruled on x86: name the calls behind it, such as socket or semget", rules[i].Name))
			}
		}
	}
	return problems
}
