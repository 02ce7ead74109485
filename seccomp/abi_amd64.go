package seccomp

// nativeABI is the ABI that this build of jail itself uses.
const nativeABI = abiAMD64
