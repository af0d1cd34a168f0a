// Package process looks after the process that a server runs in: [TrimMemory]
// gives memory back after a burst, [MemoryLimit] says how much it may use and
// [KeepToGroup] has it keep to that, [Profiles] serves the runtime's profiles on a
// loopback address. None of them knows what the server does.
package process
