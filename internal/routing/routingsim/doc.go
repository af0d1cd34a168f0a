// Package routingsim simulates a contact centre at work, in virtual time, to
// hold routing to its rules: customers arrive, lose patience and leave; agents
// accept, miss, reject, talk, transfer, do after-contact work and take breaks; offers
// fail, and the router dies and is built again from the facts kept outside it.
//
// A [Simulation] plays people and owns the router. What their commands lead to is a
// [Desk]'s to say: [Model] is one in memory, and whoever has real commands on
// chats and agents can put them in its place. After every event the
// simulation checks the router against [Facts], the rules written down as plainly as
// can be. Everything follows from the seed: the log of two runs is the same, byte for byte.
//
// It is a fixture: tests import it, nothing else does. Start reading at [Run].
package routingsim
