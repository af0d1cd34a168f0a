// Package process looks after the process that a server runs in: [TrimMemory]
// gives memory back after a burst, [Profiles] serves the runtime's profiles on a
// loopback address. Neither knows what the server does.
package process
