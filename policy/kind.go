package policy

// expects names what a kind takes, in messages and in the reference.
func (k *Key) expects() string {
	switch k.Kind {
	case Mapping:
		return "a mapping"
	case List:
		return "a list"
	case Variables:
		return "a mapping of names to texts"
	case Enum:
		return "one of " + orList(k.Enum)
	case Bool:
		return "true or false"
	case Int:
		return "a whole number"
	case Size:
		return "a size such as 512M"
	case Percent:
		return "a percentage such as 150%"
	case Duration:
		return "a time such as 1h30m"
	case Mode:
		return `a mode such as "0755"`
	case ProfileName:
		return "a name"
	case ProfileRef:
		return "a profile name or ./file.yaml"
	case ProgramName:
		return "the name of a program"
	case PathRef:
		return "a path"
	case PathPattern:
		return "a path, a pattern or a path group"
	case SocketRef:
		return "a path, @name or *"
	case RootDir:
		return "host or a directory"
	}
	return k.expectsName()
}

func (k *Key) expectsName() string {
	switch k.Kind {
	case EnvPattern:
		return "the name of a variable"
	case Capability:
		return "a capability or all"
	case SyscallName:
		return "a syscall or a @group"
	case Arch:
		return "an architecture"
	case ErrnoName:
		return "an error such as EPERM"
	case Number:
		return "a number or a constant"
	case HostPattern:
		return "a host, an address or a network"
	case PublishSpec:
		return "address:port:port"
	case BusName:
		return "a D-Bus name"
	case DeviceName:
		return "a kind of device or a path in /dev"
	case UserName:
		return "keep, root, nobody or a uid"
	case HostName:
		return "a host name"
	case MachineID:
		return "random, host or 32 hexadecimal digits"
	case ConnectSpec:
		return "host:port"
	case PathElement:
		return "a path or a mapping"
	case SyscallEntry:
		return "a syscall or a mapping"
	case TestEntry:
		return "a mapping"
	}
	return "a text"
}
