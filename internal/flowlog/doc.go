// Package flowlog keeps the logs of contact flows: what each action did, in the
// record format of Amazon Connect's own flow logs ([Record]). [Log] writes the
// entries of the engine to a file per instance, to the server's log and to live
// followers ([Tail]).
//
// # Promises
//
// Records of one contact keep their order. Add never blocks: entries that do not
// fit into its bounded queue are dropped and counted, and the log reports how
// many. A file and its predecessors never take more than their bound on disk. A
// tail that is too slow loses records, and learns how many; it delays nobody.
//
// # Secrets
//
// Values whose name indicates a secret are redacted everywhere: see [Log.Hide].
// Files and tails have all other parameters and answers, which a flow's author
// needs; the server's log has none.
//
// Start reading at [Log.Run].
package flowlog
