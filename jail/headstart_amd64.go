package jail

// entry is where the kernel begins to execute jail, if it was linked so.
func entry()

var _ = entry
