//go:build !cgo

package child

// withLibrary: this process has no C library, unless a loader brought one.
const withLibrary = false
