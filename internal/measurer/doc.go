// Package measurer counts what commits leave to be counted, and answers questions about it: historical metrics.
//
// Counting goes on beside requests, a second behind commits at most; a question counts first what is left to count, so an answer tells what
// has been committed before it. Tallies leave, and facts come, in one transaction: killed at any instant, the process goes on where it was, and nothing
// counts twice. Several nodes may count on one store: who comes second finds that it is done.
//
// Of quarters of an hour that are over, and of hours, it keeps what their facts add up to. That saves time and changes no
// answer: what is kept names the version of the facts that it is made of, and another one is not used. [Measurer.Rebuild] makes all
// of it anew. What metrics mean is in package measure. Start reading at [Measurer.Answer].
package measurer
