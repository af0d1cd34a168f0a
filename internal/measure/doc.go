// Package measure says what historical metrics mean (GetMetricDataV2, GetMetricData). It is pure.
//
// There are three steps. A commit leaves a [Tally]: a contact is complete, or something has changed of an agent. From
// tallies come facts, each once and for good ([Fact]): a [Contact] that is complete, a [Ring] at an agent, a [Span] of an agent's time in
// which nothing changed. Facts are added up in [Cells], by what they have in common ([Dims]); cells of whole quarters of
// an hour and of hours can be kept ([Cells.Encode]), and made again from facts at any time. A [Table] turns cells into the rows of an
// answer, by the one table of metrics in metrics.go.
//
// All sums are whole numbers, so the order in which facts are added does not matter, and a value is the same whether it comes
// from facts or from kept cells. Times of contacts are whole seconds, as contact records tell them; those of agents
// and of conversations are milliseconds. Whoever has the contact records and agent events has all that metrics are made of.
//
// Start reading at [Metrics].
package measure
