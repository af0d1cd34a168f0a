// Package flowlog keeps the logs of contact flows: what each action did, in the
// record format of Amazon Connect's own flow logs ([Record]). [Log] takes the
// entries of the engine and carries them to a file per instance, to the server's
// log and to whoever follows them live ([Tail]).
//
// # Promises
//
// Records of one contact keep their order. Add never blocks: what does not fit
// into its bounded queue is counted and lost, and the log says how many there
// were. A file and its predecessors never take more than their bound on disk. A
// tail that is too slow loses records, and is told how many; it holds up nobody.
//
// # Secrets
//
// Values whose name says that they are secret are replaced before anybody sees
// them: see [Log.Hide]. Files and tails keep all other parameters and answers,
// since a flow's author looks there for what the flow was given; the server's
// log is told none.
//
// Start reading at [Log.Run].
package flowlog
