//go:build cgo

package child

// withLibrary: this process may have a C library.
const withLibrary = true
